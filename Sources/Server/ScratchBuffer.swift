internal import Glibc

/// Memory that one reactor reads into, for all its connections in turn.
@safe final class ScratchBuffer {
    private let memory: UnsafeMutableBufferPointer<UInt8>

    init(capacity: Int) {
        // Zeroes that cost no memory until they are written to.
        guard let zeroes = unsafe calloc(capacity, 1) else { preconditionFailure("there is no memory to read into") }
        unsafe memory = UnsafeMutableBufferPointer(
            start: zeroes.bindMemory(to: UInt8.self, capacity: capacity), count: capacity)
    }

    deinit { unsafe free(memory.baseAddress) }

    var capacity: Int { unsafe memory.count }

    /// The part of it given, for as long as the body runs. The body must not come back here.
    func withSpan<R>(_ range: Range<Int>, _ body: (inout MutableSpan<UInt8>) -> R) -> R {
        precondition(range.upperBound <= capacity, "a range within the buffer")
        let part = unsafe UnsafeMutableBufferPointer(rebasing: memory[range])
        var span = unsafe MutableSpan(_unsafeElements: part)
        return body(&span)
    }

    func copyIn(_ bytes: [UInt8]) {
        precondition(bytes.count <= capacity, "leftovers fit into the buffer")
        unsafe _ = memory.update(fromContentsOf: bytes)
    }

    func copyOut(_ range: Range<Int>) -> [UInt8] {
        unsafe Array(memory[range])
    }

    func rawPart(from start: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: memory[start...]))
    }
}
