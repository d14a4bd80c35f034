import EventLoop
import Synchronization

/// Ports for who has to say beforehand where it listens, or comes back to where it was: below the range from which the
/// kernel gives ports to connections that go out, one of which would else sit there meanwhile.
enum StablePort {
    private static let range: Range<UInt16> = 10_000..<20_000
    /// One after the other, so that no two tests are given the same before they listen there.
    private static let next = Mutex(UInt16.random(in: range))

    static func take() throws -> UInt16 {
        for _ in 0..<100 {
            let port = next.withLock { next in
                next = next + 1 < range.upperBound ? next + 1 : range.lowerBound
                return next
            }
            if (try? Sockets.listen(on: .loopback(port: port))) != nil { return port }
        }
        throw Unexpected("no free port was found")
    }
}
