internal import Crypto
internal import EventLoop
internal import Gateway
internal import HTTP
internal import WebSocket
internal import Wire

extension Connection {
    /// Plain requests on one connection, pipelined or not.
    static let maxRequests = 100

    /// - Returns: bytes used up; nil when the head is not complete yet.
    func processHead(_ bytes: Span<UInt8>) -> Int? {
        guard let arriving else { return nil }
        do throws(HTTPError) {
            guard let (head, consumed) = try arriving.parser.parse(bytes) else { return nil }
            arriving.parser = RequestHeadParser()
            try answer(head)
            return consumed
        } catch {
            // Inside TLS it is a request like any other.
            if tls == nil, refusesUnexpectedProxyHeader(bytes) { return bytes.count }
            refuse(error)
            return bytes.count
        }
    }

    /// The caller flushes.
    func refuse(_ error: HTTPError) {
        note(
            Refusal(error), "status=\(error.status)",
            subsystem: "http")
        finish(Response(error).serialized(persistence: .close))
    }

    /// The caller flushes.
    func refuseOverBudget() {
        note(overBudget, "status=503", subsystem: "http")
        let text = share == .surplus ? "Too many connections\n" : "Too many unauthenticated sockets\n"
        finish(
            Response(status: 503, fields: [HeaderField("Retry-After", "1")], text: text).serialized(persistence: .close)
        )
    }

    private func answer(_ head: RequestHead) throws(HTTPError) {
        let source = attribute(head)
        guard !isOverBudget else {
            refuseOverBudget()
            return
        }
        requestCount += 1
        context.metrics.count(.httpRequests)
        if Upgrade.isRequested(by: head) {
            if context.facts.requiresAttribution, source.isUnattributed {
                refuseUnattributed(source)
                return
            }
            let key = try Upgrade.validate(head)
            try upgrade(head, key: key)
            return
        }
        if attributionRefusal(of: head, source) == nil, try takesAPIRequest(head) { return }
        let response = attributionRefusal(of: head, source) ?? metricsResponse(to: head) ?? plainResponse(to: head)
        let keepsAlive = head.keepsAlive && head.body == .length(0) && mayStay
        let bytes = response.serialized(
            persistence: keepsAlive ? .keepAlive : .close, omitsBody: head.method == "HEAD")
        if keepsAlive {
            queue(bytes.span)
        } else {
            finish(bytes)
        }
    }

    /// A connection for plain requests lives within the one deadline. It is told to go before that comes, so that no
    /// request crosses with the end.
    private var mayStay: Bool {
        requestCount < Self.maxRequests
            && context.reactor.now - startedAt < context.facts.handshakeTimeout * 2 / 3
    }

    /// The figures for Prometheus, for the owner, unless the configuration lets everybody read them.
    private func metricsResponse(to head: RequestHead) -> Response? {
        guard context.facts.route(head.path) == "/metrics" else { return nil }
        guard head.method == "GET" || head.method == "HEAD" else { return Self.onlyGetAndHead }
        var admission = HTTPAdmission.admitted
        if !context.host.metrics.isPublic {
            arriving?.head = head
            let (facts, bearer) = (transportFacts(), Self.bearer(head))
            context.host.run(on: context) { core, nowMs in
                let (judged, effects) = core.admitReaderOfMetrics(bearer: bearer, facts: facts, nowMs: nowMs)
                admission = judged
                return effects
            }
        }
        switch admission {
        case .admitted:
            var response = Response(status: 200, text: context.host.metricsText())
            response.fields.append(HeaderField("Cache-Control", "no-store"))
            return response
        case .originRefused: return Response(status: 403, text: "Not for pages of other origins.\n")
        case .rateLimited(let retryAfterMs):
            return Response(
                status: 429, fields: [HeaderField("Retry-After", String((retryAfterMs + 999) / 1000))],
                text: "Too many wrong credentials.\n")
        case .unauthorized(let why):
            note(
                Refusal(.metricsAuth, "Figures were asked for, and refused: \(why)."), "status=401", subsystem: "http")
            return Response(
                status: 401, fields: [HeaderField("WWW-Authenticate", "Bearer")],
                text: "The figures are for the gateway's owner: send its token or password as bearer.\n")
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
            guard head.path.hasPrefix("/") else { return Self.onlyGetAndHead }
            return Response(
                status: 404, text: "Nothing here. A WebSocket may be opened on any path; probes: /healthz, /readyz.\n")
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            return Self.onlyGetAndHead
        }
        known.fields.append(HeaderField("Cache-Control", "no-store"))
        return known
    }

    /// Also for `OPTIONS *` and CONNECT, which ask for no path.
    private static let onlyGetAndHead = Response(
        status: 405, fields: [HeaderField("Allow", "GET, HEAD")], text: "Only GET and HEAD here.\n")

    private func upgrade(_ head: RequestHead, key: String) throws(HTTPError) {
        let extensions = try negotiateExtensions(head)
        let acceptKey = Upgrade.acceptKey(for: key, sha1: SHA1.digest)
        context.metrics.count(.upgrades)
        queue(Upgrade.response(acceptKey: acceptKey, fields: extensions).span)
        if let echoPath = context.facts.echoPath, head.path == echoPath {
            phase = .echo
            decoder.maxMessageBytes = context.host.policy.maxPayloadBytes
            endHandshake()
            arriving = nil
            return
        }
        let nonce = SecureRandom.uuid()
        arriving?.head = head
        arriving?.nonce = nonce
        phase = .awaitingConnect
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
