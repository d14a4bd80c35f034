internal import Crypto
internal import EventLoop
internal import HTTP

/// The upgrade of a fresh connection (RFC 6455 §4.1). No `Origin` and no forwarding fields are sent: both would change
/// what the gateway takes us for.
internal enum WebSocketHandshake {
    private static let maxReasonBytes = 512
    private static let reasonPatience = Duration.milliseconds(500)

    /// - Returns: What the server sent after its head: the first frames, perhaps.
    internal static func perform(
        on transport: Transport, _ endpoint: GatewayEndpoint, userAgent: String?, until deadline: Deadline
    ) throws(ClientError) -> [UInt8] {
        let key = UpgradeClient.key(from: SecureRandom.bytes(16))
        let fields = userAgent.map { [HeaderField("User-Agent", $0)] } ?? []
        try send(
            UpgradeClient.request(host: endpoint.hostField, path: endpoint.path, key: key, fields: fields),
            on: transport, until: deadline)
        var received: [UInt8] = []
        let head = try readHead(&received, from: transport, until: deadline)
        do throws(UpgradeError) {
            try UpgradeClient.validate(head, expectedAccept: Upgrade.acceptKey(for: key, sha1: SHA1.digest))
        } catch .refused(let status) {
            let reason = readReason(received, from: transport)
            throw .upgradeRefused(status: status, reason: reason)
        } catch {
            throw .protocolViolation("unacceptable answer to the upgrade (\(error))")
        }
        return received
    }

    private static func send(
        _ request: [UInt8], on transport: Transport, until deadline: Deadline
    ) throws(ClientError) {
        var sent = 0
        while sent < request.count {
            sent += transport.send(request.span.extracting(sent...))
            guard sent < request.count else { return }
            let isReady = Polling.wait(transport.descriptor, for: transport.writeInterest, until: deadline.instant)
            guard isReady, !deadline.isPast
            else { throw deadline.timeout(waitingFor: "the upgrade") }
        }
    }

    /// Leaves in `received` what follows the head.
    private static func readHead(
        _ received: inout [UInt8], from transport: Transport, until deadline: Deadline
    ) throws(ClientError) -> ResponseHead {
        var parser = ResponseHeadParser()
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            switch try transport.receive(into: &buffer) {
            case .bytes(let count):
                received.append(contentsOf: buffer[..<count])
                do throws(HTTPError) {
                    guard let (head, consumed) = try parser.parse(received.span) else { continue }
                    received.removeFirst(consumed)
                    return head
                } catch {
                    throw .protocolViolation("the answer to the upgrade is not HTTP (\(error.reason))")
                }
            case .wouldBlock:
                let interest = transport.interest(wantsToWrite: false)
                guard Polling.wait(transport.descriptor, for: interest, until: deadline.instant)
                else { throw deadline.timeout(waitingFor: "the upgrade") }
            case .ended(let reason):
                throw .closed(code: 1006, reason: reason)
            }
        }
    }

    /// The beginning of a refusal's body, on one line: what there is within half a second.
    private static func readReason(_ received: [UInt8], from transport: Transport) -> String {
        var body = received
        var buffer = [UInt8](repeating: 0, count: maxReasonBytes)
        let end = MonotonicInstant.now() + reasonPatience
        reading: while body.count < maxReasonBytes {
            switch try? transport.receive(into: &buffer) {
            case .bytes(let count):
                body.append(contentsOf: buffer[..<count])
            case .wouldBlock where body.isEmpty:
                guard Polling.wait(transport.descriptor, for: .read, until: end) else { break reading }
            case .wouldBlock, .ended, nil:
                break reading
            }
        }
        let text = String(decoding: body.prefix(maxReasonBytes), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
