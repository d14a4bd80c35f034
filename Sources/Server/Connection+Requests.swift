internal import Crypto
internal import EventLoop
internal import Gateway
internal import HTTP
internal import JSON
internal import Trust
internal import WebSocket
internal import Wire

extension Connection {
    // MARK: - connect

    func handleConnect(_ message: Span<UInt8>, nonce: String) {
        let envelope: RequestEnvelope
        do throws(RequestEnvelope.Failure) {
            envelope = try RequestEnvelope.scan(message)
        } catch {
            switch error {
            case .unparsable:
                noteFirstFrame("The first message is not JSON.", .handshakeTimeout)
                close(.handshakeTimeout)
            case .invalid(let reason, let id):
                noteFirstFrame("The first message is no request: \(reason).", .invalidFrame)
                let failure = GatewayError.invalidFrame(reason)
                send(failure: failure, to: id, in: message)
                close(.invalidFrame)
            }
            return
        }
        let id = Array(copying: message.extracting(envelope.id))
        guard envelope.method == Method.connect.rawValue else {
            let why = GatewayClose.firstRequestMustBeConnect
            noteFirstFrame("The first request is not connect.", why)
            send(
                message: Frames.failure(id: id, GatewayError(.invalidRequest, .firstRequestNotConnect, why.reason)).span
            )
            close(why)
            return
        }
        let params: ConnectParams
        do throws(ConnectParams.Failure) {
            params = try ConnectParams.parse(try Self.parsed(envelope.params, of: message))
        } catch {
            switch error {
            case .invalid(let why): refuse(.invalidParams(why), id: id)
            case .invalidRole(let name): refuse(.invalidRole(name), id: id)
            }
            return
        }
        decide(params, id: id, nonce: nonce)
    }

    private func refuse(_ refusal: ConnectRefusal, id: [UInt8]) {
        note(
            Refusal(.connectParams, "Refused before admission: \(refusal.close.reason)."), "code=\(refusal.close.code)",
            subsystem: "ws")
        send(message: Frames.failure(id: id, refusal.error).span)
        close(refusal.close)
    }

    /// - Parameter id: where the request's id stands in `message`; nil when it has none that could be echoed.
    private func send(failure: GatewayError, to id: Range<Int>?, in message: Span<UInt8>) {
        let raw: [UInt8] = if let id { Array(copying: message.extracting(id)) } else { Array(#""invalid""#.utf8) }
        send(message: Frames.failure(id: raw, failure).span)
    }

    private func noteFirstFrame(_ reason: String, _ close: GatewayClose) {
        note(
            Refusal(.firstFrame, reason),
            "code=\(close.code)", subsystem: "ws")
    }

    /// The envelope has been scanned, so what fails here is a duplicate member, a lone surrogate, or too much of it.
    private static func parsed(
        _ range: Range<Int>?, of message: Span<UInt8>
    ) throws(ConnectParams.Failure) -> JSON? {
        guard let range else { return nil }
        do throws(JSONError) {
            return try JSONParser.parse(message.extracting(range))
        } catch {
            throw .invalid("\(error)")
        }
    }

    /// Everything that costs time is done before the core is entered: proof, grants, addresses.
    private func decide(_ params: ConnectParams, id: [UInt8], nonce: String) {
        let proof = DeviceProofCheck.check(params, nonce: nonce, nowMs: GatewayClock.systemMs())
        let host = context.host
        let grants = PresentedGrant.verify(params.device?.grants ?? []) { issuer in host.issuerKey(issuer) }
        phase = .deciding
        withTailscaleIdentity { [self] in
            guard case .deciding = phase else { return }
            let request = AdmissionRequest(
                params: params, facts: transportFacts(), proof: proof, grants: grants,
                freshRequestID: SecureRandom.uuid(), freshToken: SecureRandom.token())
            let connection = self.id
            let connID = SecureRandom.uuid()
            host.run(on: context) { core, nowMs in
                core.admit(connection, request, requestID: id, connID: connID, nowMs: nowMs)
            }
        }
    }

    /// The core has admitted us.
    func open(_ opened: Opened) {
        guard case .deciding = phase else { return }
        endHandshake()
        arriving = nil
        decoder.maxMessageBytes = context.host.policy.maxPayloadBytes
        send(message: opened.hello.span)
        rights = opened.admitted.rights
        phase = .open
        lastSeq = UInt64(opened.seq)
        for event in opened.missed { send(event, isNumbered: true) }
        liveness.startPings(now: context.reactor.now)
        resumeProcessing()
        flush()
    }

    // MARK: - Requests

    func handleRequest(_ message: Span<UInt8>) {
        context.metrics.count(.requests)
        let envelope: RequestEnvelope
        do throws(RequestEnvelope.Failure) {
            envelope = try RequestEnvelope.scan(message)
        } catch {
            switch error {
            case .unparsable:
                // As upstream does.
                note(
                    Refusal(.unparsableMessage), "ignored", subsystem: "ws")
            case .invalid(let reason, let id): send(failure: .invalidFrame(reason), to: id, in: message)
            }
            return
        }
        guard let method = Method(name: envelope.method) else {
            context.metrics.count(.refusedRequests)
            send(failure: .unknownMethod(envelope.method), to: envelope.id, in: message)
            return
        }
        do throws(GatewayError) {
            try GatewayCore.authorise(method, rights)
        } catch {
            context.metrics.count(.refusedRequests)
            send(failure: error, to: envelope.id, in: message)
            countUnauthorized(error)
            return
        }
        unauthorizedCalls = 0
        if method == .diagnosticsEcho {
            echo(message, envelope)
            return
        }
        let params: JSON?
        do throws(JSONError) {
            params = if let range = envelope.params { try JSONParser.parse(message.extracting(range)) } else { nil }
        } catch {
            send(failure: .invalidParams(envelope.method, "\(error)"), to: envelope.id, in: message)
            return
        }
        let request = GatewayRequest(
            connection: id, id: Array(copying: message.extracting(envelope.id)), method: method, params: params)
        // Who waits for the end of a run has nothing but an id in memory.
        underWay.begin(
            request.id, bytes: method == .agentWait ? request.id.count : message.count,
            RequestsUnderWay.Stamp(method: method.index, since: .now()))
        context.host.run(on: context) { core, nowMs in core.handle(request, nowMs: nowMs) }
    }

    /// Answered here: it needs nothing of the core's state.
    private func echo(_ message: Span<UInt8>, _ envelope: RequestEnvelope) {
        // Borrowed from the reactor, so that nothing is allocated.
        var response: [UInt8] = []
        swap(&response, &context.message)
        defer { swap(&response, &context.message) }
        response.removeAll(keepingCapacity: true)
        if let params = envelope.params {
            Frames.response(
                id: message.extracting(envelope.id), payload: message.extracting(params), into: &response)
        } else {
            let empty: [UInt8] = [UInt8(ascii: "{"), UInt8(ascii: "}")]
            Frames.response(id: message.extracting(envelope.id), payload: empty.span, into: &response)
        }
        send(message: response.span)
    }

    /// Upstream's flood guard: the eleventh refusal of a row for the wrong role closes.
    private func countUnauthorized(_ error: GatewayError) {
        guard error.message.hasPrefix("unauthorized role:") else {
            unauthorizedCalls = 0
            return
        }
        unauthorizedCalls += 1
        if unauthorizedCalls > 10 { close(.repeatedUnauthorizedCalls) }
    }
}

extension [UInt8] {
    init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
