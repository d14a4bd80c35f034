internal import EventLoop
internal import Gateway
internal import HTTP
internal import JSON
internal import Trust

/// Whose connection it is, as requests tell it.
extension Connection {
    /// Judges what the request says of its way; its client's budget then counts the connection.
    func attribute(_ head: RequestHead) -> RequestSource {
        let source = peer.source.attribute(head, trust: context.facts.trust)
        if case .forwarded(let client) = source.client { attribute(to: client) }
        notice(source)
        return source
    }

    /// A proxy has said whose connection it is.
    func attribute(to client: IPAddress) {
        self.client = client
        share = context.host.becameRemote(share, on: context)
        if share == .surplus { takeOverBudget() } else { claimPlace(for: client) }
    }

    func transportFacts() -> TransportFacts {
        guard let head else {
            return TransportFacts(isDirectLocal: false, isTLS: tls != nil, peer: peer.text(client: .unknown))
        }
        let source = peer.source.attribute(head, trust: context.facts.trust)
        var headers: [String: String] = [:]
        for name in context.facts.identityHeaders where peer.source.mayNameUsers {
            // A field that stands there twice was written by two.
            let values = head.all(name)
            if values.count == 1 { headers[name] = values[0] }
        }
        return TransportFacts(
            isDirectLocal: source.isDirectLocal, hasForwardingHeaders: source.hasForwardingHeaders,
            peerIsTrustedProxy: peer.source.isTrustedProxy, peerIsLoopback: peer.address?.isLoopback ?? false,
            peerIsThisHost: peer.isFromThisHost(descriptor, context.facts.hostAddresses), headers: headers,
            tailscale: arriving?.tailscale ?? .notAsked,
            isOwnerSocket: peer.isOwner, isTLS: tls != nil,
            peer: peer.text(client: source.client), clientAddress: source.client.address.map(\.description),
            clientNetwork: source.client.address.map(\.subscriber.description),
            // Kept as it came, even when it is "null" or empty: only a browser sends the field at all.
            origin: head.first("origin"), host: head.host)
    }

    /// Loopback is everybody on this host, and whatever forwards to it. `tailscale serve` is tailscaled's own process.
    private func isFromTailscaled(_ socketPath: String) -> Bool {
        guard !peer.source.isTrustedProxy, let own = try? Sockets.localAddress(of: descriptor),
            let user = LoopbackPeer.userID(of: peer.socket, connectedTo: own)
        else { return false }
        return user == 0 || user == LoopbackPeer.owner(of: socketPath)
    }

    /// Asks Tailscale whose the forwarded address is, when this is a request of `tailscale serve`, then goes on.
    func withTailscaleIdentity(_ goOn: @escaping () -> Void) {
        guard let path = context.facts.tailscaleSocket, let head, peer.source.mayNameUsers,
            peer.address?.isLoopback == true,
            head.first(ProxyIdentityPolicy.tailscaleUserHeader) != nil,
            let address = head.list("x-forwarded-for").last.flatMap({ IPAddress($0) }), isFromTailscaled(path)
        else {
            goOn()
            return
        }
        TailscaleLookup.start(address, path: path, on: context.reactor) { [self] answer in
            guard !isClosed else { return }
            arriving?.tailscale = answer
            goOn()
        }
    }

    // MARK: - Headers that say nothing

    private func notice(_ source: RequestSource) {
        switch source.headers {
        case .absent, .believed, .repeated: break
        case .ignored:
            noteProxy(
                .ignoredForwardingHeaders,
                "Proxy headers detected from untrusted address. Connection will not be treated as local. "
                    + "Configure gateway.trustedProxies to restore local client detection behind your proxy. peer=\(peer)"
                    + (trustRemedy.map { "; \($0)" } ?? ""))
        case .unresolved:
            noteProxy(
                .unresolvedForwardingHeaders,
                "the headers of a trusted proxy name no client, who stays unknown. peer=\(peer); \(Self.headerRemedy)")
        }
    }

    /// The line that makes a proxy of this peer; nil where there is none.
    var trustRemedy: String? {
        guard let address = peer.address, !peer.source.isTrustedProxy else { return nil }
        guard !context.facts.bridgeGateways.contains(address) else {
            return "\(address) is a bridge's address, which strangers have too: let the proxy connect through a Unix "
                + "socket (gateway.listeners: [{ path: \"/run/sallyport/gateway.sock\" }]) or from an address of its own"
        }
        return "if \(address) is your reverse proxy, add gateway.trustedProxies: [\"\(address)\"]"
    }

    private static let headerRemedy =
        "let it set X-Forwarded-For to the client's address, or, when it sets X-Real-IP, add "
        + "gateway.allowRealIpFallback: true"

    /// Plain requests that somebody forwarded are not answered while nobody knows for whom. Probes are: they tell nothing,
    /// and whoever balances load has to be able to ask.
    func attributionRefusal(of head: RequestHead, _ source: RequestSource) -> Response? {
        guard source.isUnattributed, !isProbe(head) else { return nil }
        return unattributed(source)
    }

    /// Where a proxy's word is what admits, an upgrade needs a proxy that can be believed.
    func refuseUnattributed(_ source: RequestSource) {
        note(
            Refusal(
                .proxyAttribution, "An upgrade was forwarded for nobody known.",
                remedy: trustRemedy ?? Self.headerRemedy), "status=403", subsystem: "http")
        finish(unattributed(source).serialized(persistence: .close))
    }

    private func unattributed(_ source: RequestSource) -> Response {
        let why =
            source.headers == .unresolved
            ? "The request was forwarded, and its headers name no client; \(Self.headerRemedy)."
            : "The request has forwarding headers, but its sender is no trusted proxy"
                + (trustRemedy.map { "; \($0)." } ?? ".")
        let error: JSON = ["error": ["message": .string(why), "type": "proxy_attribution_required"]]
        return Response(status: 403, json: Array(error.description.utf8))
    }

    private func isProbe(_ head: RequestHead) -> Bool {
        ["/health", "/healthz", "/ready", "/readyz"].contains(context.facts.route(head.path))
    }
}
