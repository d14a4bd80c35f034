internal import EventLoop
internal import HTTP
internal import JSON
internal import Trust

/// Asks the Tailscale daemon on this host whose an address of the tailnet is: `whois` of its local API, over its Unix
/// socket. Belongs to one reactor's thread and keeps itself alive until it has answered, which it does once.
final class TailscaleLookup: EventHandler {
    static let defaultSocket = "/var/run/tailscale/tailscaled.sock"
    /// A daemon that hangs must not use up the connection's own deadline.
    private static let timeout = Duration.seconds(3)
    private static let maxAnswerBytes = 64 * 1024

    private let socket: FileDescriptor
    private let request: [UInt8]
    private var received: [UInt8] = []
    private var isSent = false
    private var registration: Registration?
    private var timer: TimerToken?
    private var answer: ((TailscaleWhois) -> Void)?

    private init(_ socket: consuming FileDescriptor, address: IPAddress, _ answer: @escaping (TailscaleWhois) -> Void) {
        self.socket = socket
        let port = address.isV4 ? "\(address):0" : "%5B\(address)%5D:0"
        request = Array(
            """
            GET /localapi/v0/whois?addr=\(port) HTTP/1.1\r\nHost: local-tailscaled.sock\r\nConnection: close\r\n\r\n
            """.utf8)
        self.answer = answer
    }

    /// - Parameter answer: called on the reactor's thread, before this returns when nobody listens at `path`.
    static func start(
        _ address: IPAddress, path: String, on reactor: Reactor, _ answer: @escaping (TailscaleWhois) -> Void
    ) {
        do throws(EventLoopError) {
            let socket = try Sockets.connectUnix(path: path)
            let lookup = TailscaleLookup(socket, address: address, answer)
            lookup.registration = try reactor.register(lookup.socket.raw, for: [.read, .write], handler: lookup)
            lookup.timer = reactor.schedule(after: timeout) { reactor in
                lookup.timer = nil
                lookup.end(.failed, reactor)
            }
        } catch {
            answer(.failed)
        }
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        if !isSent, events.contains(.writable) {
            // A request of a hundred bytes fits into an empty socket.
            let request = request
            guard case .bytes(request.count) = Sockets.send(socket, request.span) else {
                end(.failed, reactor)
                return
            }
            isSent = true
            if let registration { reactor.modify(registration, .read) }
        }
        guard events.contains(.readable) || events.contains(.hangup) || events.contains(.error) else { return }
        read(reactor)
    }

    private func read(_ reactor: Reactor) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while answer != nil {
            var span = buffer.mutableSpan
            switch Sockets.receive(socket, into: &span) {
            case .bytes(let count):
                received += buffer[..<count]
                guard received.count <= Self.maxAnswerBytes else {
                    end(.failed, reactor)
                    return
                }
                if let result = result(isEnded: false) { end(result, reactor) }
            case .wouldBlock: return
            case .endOfStream: end(result(isEnded: true) ?? .failed, reactor)
            case .failed: end(.failed, reactor)
            }
        }
    }

    /// - Returns: nil while the answer is not complete.
    private func result(isEnded: Bool) -> TailscaleWhois? {
        var parser = ResponseHeadParser()
        let received = received
        do throws(HTTPError) {
            guard let (head, consumed) = try parser.parse(received.span) else { return isEnded ? .failed : nil }
            let body = Array(received[consumed...])
            if let length = head.first("content-length").flatMap({ Int($0) }) {
                guard body.count >= length else { return isEnded ? .failed : nil }
            } else if !isEnded {
                return nil
            }
            guard head.status == 200, let whois = try? JSONParser.parse(body),
                let login = whois["UserProfile"]?["LoginName"]?.string, !login.isEmpty, whois["Node"]?["Tags"] == nil
            else { return .failed }
            return .login(login)
        } catch {
            return .failed
        }
    }

    private func end(_ result: TailscaleWhois, _ reactor: Reactor) {
        guard let answer else { return }
        self.answer = nil
        if let timer { reactor.cancel(timer) }
        timer = nil
        if let registration { reactor.deregister(registration) }
        registration = nil
        answer(result)
    }
}
