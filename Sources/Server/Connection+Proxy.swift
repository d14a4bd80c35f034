internal import Errors
internal import EventLoop
internal import Gateway
internal import HTTP
internal import TLS

/// PROXY headers, before anything else is read.
extension Connection {
    /// Of the bytes that somebody sends who may not, as many as matter for the answer.
    private static let refusalBytes = 64
    /// For those who will be refused whatever they send.
    private static let refusalTimeout = Duration.seconds(3)
    /// `access_denied` (RFC 8446 §6), fatal, in a record of TLS 1.2, as every client reads it before anything is agreed.
    private static let accessDenied: [UInt8] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x31]

    /// Loopback and proxies stand for many clients: they count only in the total until a header attributes them.
    func claimPlaceOfSource() {
        if case .proxyHeader = phase {
            // A trusted proxy counts once it has said for whom it comes.
            guard !peer.mayBringHeader, let address = peer.address else { return }
            armHandshakeTimer(min(Self.refusalTimeout, context.facts.handshakeTimeout))
            claimPlaceOrGo(address)
        } else if let client = peer.source.client(trust: context.facts.trust) {
            if peer.relayedFor == nil { claimPlaceOrGo(client) } else { attribute(to: client) }
        }
    }

    private func claimPlaceOrGo(_ client: IPAddress) {
        guard !claimPlace(for: client) else { return }
        note(overBudget, "closed", subsystem: "gateway")
        drop()
    }

    /// Takes the header from the socket and not a byte more: OpenSSL reads what follows.
    ///
    /// - Returns: whether it is complete.
    func readProxyHeader() -> Bool {
        guard peer.mayBringHeader else {
            refuseForeigner()
            return false
        }
        var header = arriving?.proxyHeader ?? []
        while true {
            let part: [UInt8]
            switch peek(ProxyHeader.maxV2Bytes - header.count) {
            case .bytes(let bytes): part = bytes
            case .nothing:
                arriving?.proxyHeader = header
                return false
            case .ended:
                // A health check that only connects.
                drop()
                return false
            }
            do throws(ProxyHeaderError) {
                let all = header + part
                let parsed = try ProxyHeader.parse(all.span)
                // What is not complete is the header's to the last byte.
                consume((parsed?.length ?? all.count) - header.count)
                guard let parsed else {
                    header = all
                    continue
                }
                peer.take(parsed)
                peer.hasBegun = true
                arriving?.proxyHeader = []
                phase = Self.firstPhase(tls)
                claimPlaceOfSource()
                return true
            } catch {
                refuse(error, received: header + part)
                return false
            }
        }
    }

    private enum Peeked { case bytes([UInt8]), nothing, ended }

    private func peek(_ count: Int) -> Peeked {
        var buffer = [UInt8](repeating: 0, count: count)
        var span = buffer.mutableSpan
        switch Sockets.peek(descriptor, into: &span) {
        case .bytes(let count): return .bytes(Array(buffer.prefix(count)))
        case .wouldBlock: return .nothing
        case .endOfStream, .failed: return .ended
        }
    }

    /// Takes so many bytes, or as many as are there.
    private func consume(_ count: Int) {
        var count = count
        while count > 0 {
            var buffer = [UInt8](repeating: 0, count: count)
            var span = buffer.mutableSpan
            guard case .bytes(let taken) = Sockets.receive(descriptor, into: &span) else { return }
            count -= taken
        }
    }

    // MARK: - Refusals

    private func refuseForeigner() {
        switch peek(Self.refusalBytes) {
        case .nothing: break
        case .ended: drop()
        case .bytes(let bytes):
            let hint = trustRemedy ?? "connect to another listener"
            let sent = ProxyHeader.detect(bytes.span) == .absent ? "no PROXY header" : "a PROXY header"
            log(
                .untrustedProxyHeader,
                "peer=\(peer) rule: this listener is for trusted proxies, and the peer, who sent \(sent), is none; \(hint)"
            )
            end(
                status: 403, "This listener is for the trusted proxies of this gateway, and your address is none.",
                received: bytes)
        }
    }

    private func refuse(_ error: ProxyHeaderError, received: [UInt8]) {
        let rule: RefusalRule = error == .absent ? .missingProxyHeader : .malformedProxyHeader
        log(rule, "peer=\(peer) rule: \(error.rule) \(rule.text.remedy)")
        end(status: 400, error.rule, received: received)
    }

    /// Says in the clear, or with a TLS alert to those who begin with TLS, that it is over.
    private func end(status: Int, _ text: String, received: [UInt8]) {
        if received.first == 0x16 {
            _ = Sockets.send(descriptor, Self.accessDenied.span)
        } else {
            let answer = Response(status: status, text: text + "\n").serialized(persistence: .close)
            _ = Sockets.send(descriptor, answer.span)
        }
        // It is written, so nothing of TLS may follow.
        tls = nil
        linger()
    }

    func noteStalledProxyHeader() {
        guard phase == .proxyHeader, peer.mayBringHeader else { return }
        log(
            .stalledProxyHeader,
            "peer=\(peer) rule: a PROXY header comes within the handshake timeout; \(arriving?.proxyHeader.count ?? 0) bytes of it have; "
                + RefusalRule.stalledProxyHeader.text.remedy)
    }

    /// Looks, once, whether a connection that should begin with TLS begins with a PROXY header.
    func refusesUnexpectedProxyHeader() -> Bool {
        guard !peer.hasBegun else { return false }
        guard case .bytes(let bytes) = peek(Self.refusalBytes) else { return false }
        peer.hasBegun = true
        return refusesUnexpectedProxyHeader(bytes.span)
    }

    /// Answers a PROXY header where none may come.
    /// - Returns: false when the bytes begin with anything else.
    func refusesUnexpectedProxyHeader(_ bytes: Span<UInt8>) -> Bool {
        guard case .present = ProxyHeader.detect(bytes) else { return false }
        log(
            .unexpectedProxyHeader,
            "peer=\(peer) rule: no PROXY header may come to this listener; for a proxy that sends one add "
                + "gateway.listeners: [{ address: \"127.0.0.1\", port: 18790, proxyProtocol: \"required\" }]")
        end(status: 400, "No PROXY header may come to this listener.", received: [])
        return true
    }

    private func log(_ rule: RefusalRule, _ message: String) { noteProxy(rule, "refused \(message)") }
}
