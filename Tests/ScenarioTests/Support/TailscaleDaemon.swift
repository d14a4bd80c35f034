import EventLoop
import Foundation
import Synchronization

/// Stands in for tailscaled: answers `whois` on a Unix socket as its local API does. Not compared with a running one.
final class TailscaleDaemon: Sendable {
    let path: String
    private let socket: FileDescriptor
    private let logins: [String: String]
    private let isStopping = Atomic<Bool>(false)

    /// - Parameter logins: by address.
    init(_ directory: TemporaryDirectory, logins: [String: String]) throws {
        path = directory.path + "/tailscaled.sock"
        socket = try Sockets.listenUnix(path: path)
        self.logins = logins
        let raw = socket.raw
        Thread.detachNewThread { [weak self] in
            while true {
                var wait = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
                guard let self, !self.isStopping.load(ordering: .relaxed) else { return }
                guard unsafe poll(&wait, 1, 50) == 1 else { continue }
                self.answer(accept(raw, nil, nil))
            }
        }
    }

    func stop() { isStopping.store(true, ordering: .relaxed) }

    private func answer(_ connection: Int32) {
        guard connection >= 0 else { return }
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(connection, &buffer, buffer.count, 0)
        let request = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        let address = request.split(separator: "addr=").dropFirst().first.map { $0.prefix { $0 != ":" && $0 != " " } }
        let response: String
        if request.hasPrefix("GET /localapi/v0/whois?"), let login = address.flatMap({ logins[String($0)] }) {
            let body = "{\"Node\":{\"ID\":1},\"UserProfile\":{\"ID\":7,\"LoginName\":\"\(login)\"},\"CapMap\":{}}"
            response = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        } else {
            response = "HTTP/1.1 404 Not Found\r\nContent-Length: 21\r\n\r\nno match for IP:port\n"
        }
        let bytes = Array(response.utf8)
        _ = unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
