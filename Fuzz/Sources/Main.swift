internal import CFuzzer
internal import Glibc

/// libFuzzer with the target that `FUZZ_TARGET` names; without one, the names of all.
@main
enum Main {
    static func main() {
        guard Target.selected != nil else {
            for target in Target.all { print(target.name) }
            return
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
            Target.selected?.check(unsafe [UInt8](UnsafeBufferPointer(start: data, count: size)))
            return 0
        }
        exit(status)
    }
}
