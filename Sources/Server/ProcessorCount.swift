internal import CLinux

enum ProcessorCount {
    /// Processors that this process may run on, which containers and `taskset` restrict.
    static func available() -> Int {
        Int(sallyport_processor_count())
    }
}
