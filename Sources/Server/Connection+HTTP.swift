internal import Crypto
internal import EventLoop
internal import Gateway
internal import HTTP
internal import WebSocket
internal import Wire

extension Connection {
    /// - Returns: bytes used up; nil when the head is not complete yet.
    func processHead(_ bytes: Span<UInt8>) -> Int? {
        guard case .http(var parser) = phase else { return nil }
        do throws(HTTPError) {
            guard let (head, consumed) = try parser.parse(bytes) else {
                phase = .http(parser)
                return nil
            }
            phase = .http(RequestHeadParser())
            try answer(head)
            return consumed
        } catch {
            // Inside TLS it is a request like any other.
            if tls == nil, refusesUnexpectedProxyHeader(bytes) { return bytes.count }
            context.host.logger.log(
                .warn, "http", "refused request peer=\(peer) status=\(error.status) rule: \(error.reason)")
            finish(Response(error).serialized(persistence: .close))
            phase = .closing
            return bytes.count
        }
    }

    private func answer(_ head: RequestHead) throws(HTTPError) {
        let source = attribute(head)
        guard !isOverBudget else {
            context.host.logger.log(
                .warn, "http",
                "refused peer=\(peer) status=503 rule: at most \(context.host.preauthLimit) connections of "
                    + "one client may wait for admission (\(PreauthBudget.limitVariable))")
            finish(Response(status: 503, text: "Too many unauthenticated sockets\n").serialized(persistence: .close))
            phase = .closing
            return
        }
        if Upgrade.isRequested(by: head) {
            let key = try Upgrade.validate(head)
            try upgrade(head, key: key)
            return
        }
        let response = attributionRefusal(of: head, source) ?? plainResponse(to: head)
        let keepsAlive = head.keepsAlive && head.body == .length(0)
        let bytes = response.serialized(
            persistence: keepsAlive ? .keepAlive : .close, omitsBody: head.method == "HEAD")
        if keepsAlive {
            queue(bytes.span)
        } else {
            finish(bytes)
            phase = .closing
        }
    }

    private func plainResponse(to head: RequestHead) -> Response {
        let known: Response? =
            switch context.facts.route(head.path) {
            case "/health", "/healthz": Response(status: 200, json: Array(#"{"ok":true,"status":"live"}"#.utf8))
            case "/ready", "/readyz":
                context.host.isReady
                    ? Response(status: 200, json: Array(#"{"ready":true}"#.utf8))
                    : Response(status: 503, json: Array(#"{"ready":false}"#.utf8))
            case "/":
                Response(
                    status: 200,
                    text: "Sallyport: an OpenClaw-compatible gateway. Connect a WebSocket to this address.\n")
            default: nil
            }
        guard var known else {
            return Response(
                status: 404, text: "Nothing here. A WebSocket may be opened on any path; probes: /healthz, /readyz.\n")
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            return Response(status: 405, fields: [HeaderField("Allow", "GET, HEAD")], text: "Only GET and HEAD here.\n")
        }
        known.fields.append(HeaderField("Cache-Control", "no-store"))
        return known
    }

    private func upgrade(_ head: RequestHead, key: String) throws(HTTPError) {
        let extensions = try negotiateExtensions(head)
        self.head = head
        let acceptKey = Upgrade.acceptKey(for: key, sha1: SHA1.digest)
        queue(Upgrade.response(acceptKey: acceptKey, fields: extensions).span)
        if let echoPath = context.facts.echoPath, head.path == echoPath {
            phase = .echo
            decoder.maxMessageBytes = context.host.policy.maxPayloadBytes
            endHandshake()
            self.head = nil
            return
        }
        let nonce = SecureRandom.uuid()
        phase = .awaitingConnect(nonce: nonce)
        let challenge = Frames.challenge(nonce: nonce, timestampMs: GatewayClock.systemMs())
        queueFrame(.text, challenge.span)
    }

    /// - Returns: The field that answers the client's offers. Without compression offers are not even read.
    private func negotiateExtensions(_ head: RequestHead) throws(HTTPError) -> [HeaderField] {
        guard context.facts.compresses else { return [] }
        let agreement: PermessageDeflate?
        do throws(ExtensionSyntaxError) {
            agreement = try PermessageDeflate.negotiate(
                offers: head.all("sec-websocket-extensions"), policy: SharedCompressor.policy)
        } catch {
            throw .invalidExtensions
        }
        guard let agreement else { return [] }
        decoder.allowCompression(agreement)
        compressor = context.compressor(windowBits: agreement.serverMaxWindowBits)
        return [HeaderField("Sec-WebSocket-Extensions", agreement.responseValue)]
    }
}
