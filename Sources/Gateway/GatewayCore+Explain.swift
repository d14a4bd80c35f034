internal import Crypto
internal import JSON
internal import Sessions
internal import Trust
internal import Wire

/// `admission.explain`: why somebody was, or would be, let in or not (our addition).
extension GatewayCore {
    func explain(_ reader: ParamReader, nowMs: Int64) throws -> JSON {
        if let id = try reader.nonEmptyString("id", maxBytes: 128) {
            if let run = table.runs[id] { return explanation(run) }
            guard let record = decisions.find(id) else {
                throw GatewayError(
                    .invalidRequest, .decisionNotFound,
                    remedy: "the last \(DecisionLog.capacity) decisions are kept since the gateway started; log lines "
                        + "and refusals name them as decision and decisionId")
            }
            return explanation(record, isDryRun: false)
        }
        return explanation(try decide(DryRun.read(reader.requiredObject("dryRun")), nowMs: nowMs), isDryRun: true)
    }

    private func decide(_ dryRun: DryRun, nowMs: Int64) throws -> DecisionRecord {
        let facts = try facts(dryRun)
        let device = try device(dryRun)
        var policy = settings.policy
        var state = trust
        var auth = ConnectParams.Credentials()
        // The walk compares digests, so a secret of our own stands for each that the client is said to have.
        let stand = "explain"
        let digest = SHA256.digest(Array(stand.utf8))
        switch dryRun.credential {
        case .none: break
        case .wrong: auth.token = "wrong"
        case .ok:
            auth.token = stand
            if policy.secretDigest != nil { policy.secretDigest = digest }
        case .device:
            auth.deviceToken = stand
            guard let device, var token = trust.pairing.devices[device.id]?.tokens[dryRun.role.rawValue] else {
                throw GatewayError(.invalidRequest, .deviceTokenNotFound)
            }
            if token.digest != DeviceToken.unissued { token.digest = digest }
            _ = state.pairing.setToken(token, deviceID: device.id)
        }
        let params = ConnectParams(
            minProtocol: Int64(ProtocolWindow.newest), maxProtocol: Int64(ProtocolWindow.newest), client: dryRun.client,
            role: dryRun.role, scopes: dryRun.scopes, auth: auth,
            device: device.map {
                .init(id: $0.id, publicKey: "", signature: "", signedAt: nowMs, nonce: "", grants: [])
            })
        let request = AdmissionRequest(
            params: params, facts: facts, proof: device.map(ProofOutcome.proven) ?? .absent, grants: [],
            freshRequestID: "REQUEST-ID", freshToken: "")
        let decision = Admission.decide(request, state: state, policy: policy, nowMs: nowMs)
        return DecisionRecord(id: "dry-run", atMs: nowMs, request: request, decision: decision)
    }

    private func facts(_ dryRun: DryRun) throws -> TransportFacts {
        var position = dryRun.position
        let identity = settings.policy.identity
        if let user = dryRun.user {
            guard let header = identity.userHeader else {
                throw GatewayError(.invalidRequest, .noProxyIdentity)
            }
            // What the proxy has to send besides, it sends.
            position.headers = Dictionary(
                identity.requiredHeaders.map { ($0, "(as required)") }, uniquingKeysWith: { first, _ in first })
            position.headers[header] = user
        }
        if let login = dryRun.tailscaleLogin {
            for header in ProxyIdentityPolicy.tailscaleProxyHeaders { position.headers[header] = "(as serve sends it)" }
            position.headers[ProxyIdentityPolicy.tailscaleUserHeader] = login
        }
        var facts = settings.position(position)
        if let login = dryRun.tailscaleLogin { facts.tailscale = .login(login) }
        if position.relayedFor != nil, !facts.peerIsTrustedProxy {
            throw GatewayError(
                .invalidRequest, .notATrustedProxy, "\(facts.peer) is no trusted proxy, and is refused before any rule",
                remedy: "a PROXY header may come only from gateway.trustedProxies: [\"\(facts.peer)\"]")
        }
        return facts
    }

    private func device(_ dryRun: DryRun) throws -> ProvenDevice? {
        switch dryRun.device {
        case .none: return nil
        case .new:
            let key = SHA256.digest(Array("a device that nobody has seen".utf8))
            return ProvenDevice(id: Hex.encode(SHA256.digest(key)), publicKey: key)
        case .known(let id):
            let paired = trust.pairing.devices.values.filter { $0.deviceID.hasPrefix(id) }
                .map { ProvenDevice(id: $0.deviceID, publicKey: $0.publicKey) }
            let derived = trust.lineage.all.filter { $0.deviceID.hasPrefix(id) || $0.sessionKey == id }
                .map { ProvenDevice(id: $0.deviceID, publicKey: $0.publicKey) }
            guard let found = (paired + derived).first, (paired + derived).count == 1 else {
                throw GatewayError(.invalidRequest, .deviceNotFound, "no device, or more than one, is called \(id)")
            }
            return found
        }
    }

    private func explanation(_ record: DecisionRecord, isDryRun: Bool) -> JSON {
        var object = JSONObject([
            ("decisionId", .string(record.id)), ("atMs", .integer(record.atMs)), ("client", .string(record.client)),
            ("role", .string(record.role.rawValue)), ("requestedScopes", .array(record.scopes.map { .string($0) })),
            ("peer", .string(record.facts.peer)), ("directLocal", .bool(record.facts.isDirectLocal)),
        ])
        if isDryRun { object["dryRun"] = true }
        object["clientAddress"] = record.facts.clientAddress.map { .string($0) }
        object["deviceId"] = record.deviceID.map { .string($0) }
        object["requestId"] = isDryRun ? nil : record.pairingRequestID.map { .string($0) }
        switch record.decision.outcome {
        case .admitted(let admitted, _):
            object["outcome"] = "admitted"
            object["method"] = .string(admitted.method.rawValue)
            object["scopes"] = .array(admitted.scopes.names.map { .string($0) })
        case .refused(let refusal, _):
            object["outcome"] = "refused"
            object["code"] = refusal.error.details["code"]
            object["message"] = .string(refusal.error.message)
            object["close"] = .string("\(refusal.close.code) \(refusal.close.reason)")
            object["fixes"] = .array(record.remedies(settings.policy).map { .string($0) })
        }
        object["walk"] = .array(record.decision.trace.map(step))
        return .object(object)
    }

    private func step(_ step: RuleStep) -> JSON {
        var row = JSONObject([
            ("rule", .string(step.rule.rawValue)), ("verdict", .string(step.verdict.rawValue)),
            ("fact", .string(step.fact)),
        ])
        let facts = step.rule.settings.compactMap { path -> JSON? in
            guard let setting = settings.effective[path] else { return nil }
            return .object(
                JSONObject([
                    ("path", .string(path)), ("value", .string(setting.value)), ("source", .string(setting.source)),
                ]))
        }
        if !facts.isEmpty { row["settings"] = .array(facts) }
        return .object(row)
    }
}
