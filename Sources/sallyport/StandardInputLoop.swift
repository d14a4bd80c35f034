internal import Client
internal import EventLoop
internal import Glibc
internal import JSON

/// Who speaks lines on standard input and may have a connection to the gateway. Everything happens on one thread.
protocol StandardInputPeer: AnyObject {
    var client: GatewayClient? { get }
    func take(_ line: LineSplitter.Line)
    /// Takes what has come from the gateway.
    func receive()
}

enum StandardInputLoop {
    private static let readBytes = 64 * 1024

    /// Until standard input ends.
    static func run(_ peer: some StandardInputPeer) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var lines = LineSplitter()
        while true {
            let wake = try? peer.client?.keepAlive(now: .now())
            var entries = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(
                    fd: peer.client?.descriptor ?? -1,
                    events: Int16(POLLIN) | (peer.client?.wantsWrite == true ? Int16(POLLOUT) : 0), revents: 0),
            ]
            let patience = wake.map { max(0, ($0 - MonotonicInstant.now()) / .milliseconds(1)) } ?? 60_000
            let timeout = peer.client?.hasBufferedInput == true ? 0 : Int32(min(patience + 1, 60_000))
            guard unsafe poll(&entries, 2, timeout) >= 0 || errno == EINTR else { return 1 }
            peer.client?.flush()
            peer.receive()
            guard entries[0].revents == 0 || readInput(&lines, for: peer) else { break }
        }
        peer.client?.close()
        return 0
    }

    /// - Returns: false at the end of the input.
    private static func readInput(_ lines: inout LineSplitter, for peer: some StandardInputPeer) -> Bool {
        var buffer = [UInt8](repeating: 0, count: readBytes)
        let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && (errno == EINTR || errno == EAGAIN) }
        for line in lines.append(buffer.prefix(count)) { peer.take(line) }
        return true
    }
}
