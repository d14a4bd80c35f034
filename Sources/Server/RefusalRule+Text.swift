package import Errors

extension RefusalRule: Catalogued {
    package static let family = ErrorFamily.refusal

    package var text: ErrorText {
        switch self {
        case .connectionsInAll:
            ErrorText(
                "there are as many connections as may be",
                rule: "connections are bounded by the number of descriptors",
                remedy: "raise the number of descriptors (ulimit -n, LimitNOFILE=), or find who holds the connections")
        case .preauthConnections:
            ErrorText(
                "as many connections of one client wait for admission as may",
                rule: "few connections of one client wait for admission at a time",
                remedy: "find what opens them; OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP sets another limit")
        case .accept:
            ErrorText(
                "connections cannot be accepted", rule: "a connection needs a descriptor",
                remedy: "raise the number of descriptors (ulimit -n, LimitNOFILE=)")
        case .slowConsumer:
            ErrorText(
                "too much waits for a peer that does not read it", rule: "what waits for a client is bounded",
                remedy: "let the client read all the time; hello-ok announces the limit as policy.maxBufferedBytes")
        case .stalledOutput:
            ErrorText(
                "the peer took nothing for long", rule: "a peer reads",
                remedy: "let the client read all the time")
        case .pingTimeout:
            ErrorText(
                "no pong came in time", rule: "a peer answers pings (RFC 6455 §5.5.2)",
                remedy: "let the client answer pings; look for a network that lost it")
        case .plainHTTPOnTLSPort:
            ErrorText(
                "the peer speaks plain HTTP on the TLS port", rule: "this port speaks TLS",
                remedy: "use https:// or wss:// in the client, or gateway.tls.enabled: false here")
        case .notTLS:
            ErrorText(
                "the peer does not speak TLS", rule: "this port speaks TLS",
                remedy: "use wss:// in the client; whatever else scans this port needs none")
        case .clientCertificate:
            ErrorText(
                "the peer shows no certificate that is accepted", rule: "gateway.tls.caPath vouches for clients",
                remedy: "give the client a certificate that gateway.tls.caPath vouches for")
        case .clientRejectsCertificate:
            ErrorText(
                "the client does not accept our certificate", rule: "a client trusts our certificate, or has its pin",
                remedy: "give it the pin that `sallyport tls fingerprint` shows, or let it trust "
                    + "gateway.tls.certPath; a certificate authority's pair goes into gateway.tls.certPath "
                    + "and keyPath")
        case .tlsVersion:
            ErrorText(
                "the peer offers no TLS version that is spoken here", rule: "TLS 1.2 or 1.3",
                remedy: "use a client with TLS 1.2 or 1.3")
        case .tlsParameters:
            ErrorText(
                "nothing that the peer offers is acceptable here",
                rule: "an AEAD cipher suite and X25519, P-256 or P-384",
                remedy: "use a client with an AEAD cipher suite and X25519, P-256 or P-384")
        case .tlsProtocol:
            ErrorText(
                "the peer breaks off, or breaks, the TLS protocol", rule: "RFC 8446",
                remedy: "check the client's TLS settings, and what stands between it and this port")
        case .messageSize:
            ErrorText(
                "a message is too long", rule: "messages are bounded, before connect at 64 KiB",
                remedy: "send less at a time; hello-ok announces the limit as policy.maxPayload")
        case .reservedBits:
            ErrorText(
                "reserved bits of a frame are set", rule: "RFC 6455 §5.2",
                remedy: "no extension was agreed that uses them; compression: gateway.compression.enabled")
        case .reservedOpcode:
            ErrorText(
                "an opcode is reserved", rule: "RFC 6455 §5.2",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .fragmentedControlFrame:
            ErrorText(
                "a control frame is fragmented", rule: "RFC 6455 §5.5",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .oversizedControlFrame:
            ErrorText(
                "a control frame has more than 125 bytes", rule: "RFC 6455 §5.5",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .unmaskedFrame:
            ErrorText(
                "a client's frame is not masked", rule: "RFC 6455 §5.1",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .maskedFrame:
            ErrorText(
                "a server's frame is masked", rule: "RFC 6455 §5.1",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .frameLength:
            ErrorText(
                "a frame's length is not written as it has to be", rule: "RFC 6455 §5.2",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .unexpectedContinuation:
            ErrorText(
                "a continuation frame continues nothing", rule: "RFC 6455 §5.4",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .interruptedMessage:
            ErrorText(
                "a message begins before the one before it has ended", rule: "RFC 6455 §5.4",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .invalidUTF8:
            ErrorText(
                "text is not UTF-8", rule: "RFC 6455 §8.1",
                remedy: "encode messages as UTF-8")
        case .compressedData:
            ErrorText(
                "a compressed message is no DEFLATE stream of what was agreed", rule: "RFC 7692 §7.2",
                remedy: "update the client, or set gateway.compression.enabled: false")
        case .closeCode:
            ErrorText(
                "a Close frame has no code that may be sent", rule: "RFC 6455 §7.4",
                remedy: "update the client's WebSocket library; what it sends breaks RFC 6455")
        case .connectParams:
            ErrorText(
                "connect was refused before admission", rule: "connect.params are as the protocol has them",
                remedy: "send connect.params as the protocol has them")
        case .firstFrame:
            ErrorText(
                "the first message is no connect request", rule: "a connection begins with connect",
                remedy: "send a connect request, as one JSON object in one text message")
        case .unparsableMessage:
            ErrorText(
                "a message is not JSON, or nested too deep", rule: "messages are JSON objects",
                remedy: "send requests as JSON objects")
        case .httpAuth:
            ErrorText(
                "a request by HTTP was refused", rule: "requests by HTTP prove a secret",
                remedy: "send Authorization: Bearer with the gateway's token or password, or a run token")
        case .httpOrigin:
            ErrorText(
                "a page of another origin asked by HTTP", rule: "pages of other origins are refused",
                remedy: "add its origin to gateway.controlUi.allowedOrigins if it is yours")
        case .metricsAuth:
            ErrorText(
                "figures were asked for, and refused", rule: "figures are the owner's",
                remedy: "send Authorization: Bearer with the gateway's token or password, or set "
                    + "gateway.metrics.access: \"anybody\"")
        case .proxyAttribution:
            ErrorText(
                "it was forwarded for nobody known", rule: "in mode trusted-proxy a proxy says for whom it forwards",
                remedy: "add the proxy to gateway.trustedProxies, or let it set X-Forwarded-For")
        case .ignoredForwardingHeaders:
            ErrorText(
                "headers of a proxy came from an address that is not trusted",
                rule: "only gateway.trustedProxies say who is behind them",
                remedy: "if it is your proxy, add its address to gateway.trustedProxies")
        case .unresolvedForwardingHeaders:
            ErrorText(
                "the headers of a trusted proxy name no client", rule: "a trusted proxy names its client",
                remedy: "let it set X-Forwarded-For to the client's address, or, when it sets X-Real-IP, add "
                    + "gateway.allowRealIpFallback: true")
        case .untrustedProxyHeader:
            ErrorText(
                "who connects is no trusted proxy", rule: "the listener is for trusted proxies",
                remedy: "connect to another listener, or add the address to gateway.trustedProxies")
        case .missingProxyHeader:
            ErrorText(
                "no PROXY header came", rule: "the listener requires PROXY headers",
                remedy: "let the proxy send one (HAProxy: send-proxy-v2, nginx: proxy_protocol on, Caddy: "
                    + "proxy_protocol v2), or set proxyProtocol: \"forbidden\" for this listener")
        case .malformedProxyHeader:
            ErrorText(
                "the PROXY header is malformed", rule: "versions 1 and 2 of the PROXY protocol",
                remedy: "see what the proxy at this address sends")
        case .stalledProxyHeader:
            ErrorText(
                "the PROXY header did not come in time", rule: "a PROXY header comes within the handshake timeout",
                remedy: "a proxy that probes without one should send it with its checks (HAProxy: check-send-proxy)")
        case .unexpectedProxyHeader:
            ErrorText(
                "a PROXY header came where none may", rule: "the listener forbids PROXY headers",
                remedy: "add a listener for the proxy: gateway.listeners, with proxyProtocol: \"required\"")
        }
    }
}
