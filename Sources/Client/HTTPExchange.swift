internal import EventLoop
internal import HTTP

/// One request and the head of its answer on a fresh connection.
internal struct HTTPExchange {
    private static let maxReasonBytes = 512
    private static let reasonPatience = Duration.milliseconds(500)

    internal let transport: Transport
    internal let deadline: Deadline
    /// What a timeout was waiting for.
    internal let subject: String

    internal func send(_ request: [UInt8]) throws(ClientError) {
        var sent = 0
        while sent < request.count {
            sent += transport.send(request.span.extracting(sent...))
            guard sent < request.count else { return }
            guard try deadline.wait(transport.descriptor, for: transport.writeInterest), !deadline.isPast
            else { throw deadline.timeout(waitingFor: subject) }
        }
    }

    /// Leaves in `received` what follows the head.
    internal func readHead(_ received: inout [UInt8]) throws(ClientError) -> ResponseHead {
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
                    throw .protocolViolation("the answer of \(subject) is not HTTP (\(error.reason))")
                }
            case .wouldBlock:
                let interest = transport.interest(wantsToWrite: false)
                guard try deadline.wait(transport.descriptor, for: interest)
                else { throw deadline.timeout(waitingFor: subject) }
            case .ended(let reason):
                throw .closed(code: 1006, reason: reason)
            }
        }
    }

    /// The beginning of a refusal's body, on one line: what there is within half a second.
    internal func readReason(_ received: [UInt8]) -> String {
        var body = received
        var buffer = [UInt8](repeating: 0, count: Self.maxReasonBytes)
        let end = MonotonicInstant.now() + Self.reasonPatience
        reading: while body.count < Self.maxReasonBytes {
            switch try? transport.receive(into: &buffer) {
            case .bytes(let count):
                body.append(contentsOf: buffer[..<count])
            case .wouldBlock where body.isEmpty:
                guard Polling.wait(transport.descriptor, for: .read, until: end) else { break reading }
            case .wouldBlock, .ended, nil:
                break reading
            }
        }
        let text = String(decoding: body.prefix(Self.maxReasonBytes), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
