internal import EventLoop
internal import TLS

/// What comes out of the socket, decrypted.
extension Connection {
    struct Received {
        var count = 0
        var isEnded = false
        var filledBuffer = false
    }

    /// Fills the scratch buffer from `start` on with what is there now.
    func receive(at start: Int) -> Received {
        let scratch = context.scratch
        var result = Received()
        while start + result.count < scratch.capacity {
            let outcome = receiveOnce(at: start + result.count)
            switch outcome {
            case .bytes(let count): result.count += count
            case .nothing: return result
            case .ended:
                result.isEnded = true
                return result
            }
            // One read of the socket is what limit servers do; OpenSSL alone may hold more.
            guard tls?.hasPendingBytes == true else { return result }
        }
        result.filledBuffer = true
        return result
    }

    private enum ReceiveOutcome { case bytes(Int), nothing, ended }

    private func receiveOnce(at start: Int) -> ReceiveOutcome {
        if let tls {
            do throws(TLSError) {
                switch try unsafe tls.read(into: context.scratch.rawPart(from: start)) {
                case .bytes(let count): return .bytes(count)
                case .wantsRead, .wantsWrite: return .nothing
                case .closed: return .ended
                }
            } catch {
                if case .connectionFailed = error {
                    hasFailedTLS = true
                    if let refusal = HandshakeRefusal.refusal(error) { note(refusal, "closed", subsystem: "tls") }
                }
                return .ended
            }
        }
        let outcome = context.scratch.withSpan(start..<context.scratch.capacity) { span in
            Sockets.receive(descriptor, into: &span)
        }
        switch outcome {
        case .bytes(let count): return .bytes(count)
        case .wouldBlock: return .nothing
        case .endOfStream, .failed: return .ended
        }
    }
}
