internal import CLinux
internal import Glibc

/// Our reading end of one output of a command. Its owner calls ``finish()`` before dropping it.
struct OutputPipe {
    enum ReadResult: Equatable {
        /// Valid UTF-8; empty when the bytes were only the beginning of a scalar.
        case text([UInt8])
        case nothingYet
        /// The end, with what the last incomplete scalar became.
        case ended([UInt8])
    }

    /// `nil` after the end.
    private(set) var descriptor: Int32?
    private var chunker = UTF8Chunker()
    /// What may still be read, once the writers are dead. Bounds what an escaped writer can add.
    private var remaining: Int?

    init(descriptor: Int32?) { self.descriptor = descriptor }

    mutating func limitToPresentContents() {
        guard let descriptor, remaining == nil else { return }
        remaining = Int(sallyport_bytes_readable(descriptor))
    }

    /// Reads at most one `buffer`. Never blocks.
    mutating func read(into buffer: inout [UInt8]) -> ReadResult {
        guard let descriptor else { return .ended([]) }
        let wanted = min(buffer.count, remaining ?? buffer.count)
        if wanted == 0 { return .ended(finish()) }
        let count = unsafe Glibc.read(descriptor, &buffer, wanted)
        if count > 0 {
            if let remaining { self.remaining = remaining - count }
            return .text(chunker.consume(Array(buffer[..<count])))
        }
        if count < 0 && errno == EINTR { return .text([]) }
        // Once the writers are dead, an empty pipe is a finished one although someone may still hold it.
        if count < 0 && errno == EAGAIN && remaining == nil { return .nothingYet }
        return .ended(finish())
    }

    /// Closes the descriptor and returns what an incomplete scalar became.
    mutating func finish() -> [UInt8] {
        guard let descriptor else { return [] }
        close(descriptor)
        self.descriptor = nil
        return chunker.finish()
    }
}
