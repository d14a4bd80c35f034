internal import Crypto
internal import EventLoop
internal import Gateway
internal import HTTP
internal import JSON
internal import Wire

/// Requests by HTTP that the core answers. The connection is the core's while it does, and ends with the answer.
extension Connection {
    /// - Returns: whether the path is one of these; then the request is taken, or refused.
    func takesAPIRequest(_ head: RequestHead) throws(HTTPError) -> Bool {
        guard let (route, method) = APIRequest.route(context.facts.route(head.path)) else { return false }
        guard head.method == method else {
            finish(
                Response(status: 405, fields: [HeaderField("Allow", method)], text: "Only \(method) here.\n")
                    .serialized(persistence: .close))
            return true
        }
        let body = try BodyReader(head.body, limit: APIRequest.maxBodyBytes)
        arriving?.head = head
        let facts = transportFacts()
        var admission = HTTPAdmission.unauthorized("")
        let connection = id
        let connID = SecureRandom.uuid()
        context.host.run(on: context) { core, nowMs in
            let (judged, effects) = core.admitHTTP(
                connection, bearer: Self.bearer(head), connID: connID, facts: facts, nowMs: nowMs)
            admission = judged
            return effects
        }
        switch admission {
        case .admitted: break
        case .unauthorized(let why):
            note(
                Refusal(.httpAuth, "A request by HTTP was refused: \(why)."),
                "status=401", subsystem: "http")
            finish(
                APIRequest.failure(
                    401, type: "unauthorized", "Unauthorized",
                    fields: [HeaderField("WWW-Authenticate", "Bearer")]
                ).serialized(persistence: .close))
            return true
        case .originRefused:
            note(
                Refusal(.httpOrigin), "status=403",
                subsystem: "http")
            finish(
                APIRequest.failure(403, type: "forbidden", "origin not allowed").serialized(persistence: .close))
            return true
        case .rateLimited(let retryAfterMs):
            finish(
                APIRequest.failure(
                    429, type: "rate_limited", "Too many failed authentication attempts. Please try again later.",
                    fields: [HeaderField("Retry-After", String((retryAfterMs + 999) / 1000))]
                ).serialized(persistence: .close))
            return true
        }
        endHandshake()
        armHandshakeTimer(context.facts.handshakeTimeout)
        if head.list("expect").contains("100-continue") { queue(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8).span) }
        arriving?.request = APIRequest(route: route, query: head.query, body: body)
        phase = .serving
        askIfComplete()
        return true
    }

    static func bearer(_ head: RequestHead) -> String? {
        let values = head.all("authorization")
        guard values.count == 1, let space = values[0].firstIndex(of: " "),
            values[0][..<space].lowercased() == "bearer"
        else { return nil }
        let secret = values[0][space...].drop { $0 == " " }
        return secret.isEmpty ? nil : String(secret)
    }

    /// - Returns: bytes used up.
    func processBody(_ bytes: Span<UInt8>) -> Int {
        guard let request = arriving?.request, !request.body.isComplete else {
            // There is one answer on this connection.
            return bytes.count
        }
        do throws(HTTPError) {
            let used = try arriving?.request?.body.take(bytes) ?? bytes.count
            askIfComplete()
            return used
        } catch {
            leave()
            refuse(error)
            return bytes.count
        }
    }

    private func askIfComplete() {
        guard let request = arriving?.request, request.body.isComplete else { return }
        cancelHandshakeTimer()
        do throws(GatewayError) {
            let asked = try request.request(id)
            context.host.run(on: context) { core, nowMs in core.handle(asked, nowMs: nowMs) }
        } catch {
            answerByHTTP(Frames.failure(id: Array(#""http""#.utf8), error))
        }
    }

    /// The core has answered.
    func answerByHTTP(_ frame: [UInt8]) {
        guard phase == .serving, let request = arriving?.request else { return }
        let response = request.response(to: frame)
        leave()
        finish(response.serialized(persistence: .close))
        flush()
    }
}
