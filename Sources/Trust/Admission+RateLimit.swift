internal import Crypto
internal import Wire

/// Lockouts (wire protocol, section 4.5): they hit whoever guesses, and nobody else.
extension Admission {
    /// While a client's address is locked out, only those are judged who have proven a key that we know already. All
    /// others are refused unexamined, or guessing could go on.
    mutating func checkRateLimit() throws(Refused) {
        guard let client = limiterClient else {
            note(.rateLimit, .notConcerned, "direct loopback")
            return
        }
        guard let until = state.limiter.lockedUntilMs(client, nowMs: nowMs) else {
            note(.rateLimit, .passed, "\(client) is not locked out")
            return
        }
        if policy.authMode == .token || policy.authMode == .password, case .proven? = checkTailscale() {
            note(.rateLimit, .passed, "\(client) is locked out, but Tailscale knows the user")
            return
        }
        let waitMs = until - nowMs
        throw refuse(
            .rateLimit, "\(client) is locked out for \((waitMs + 999) / 1000) s more",
            .auth(.rateLimited, client: params.client, retryAfterMs: waitMs))
    }

    /// Under which name wrong credentials of this connection are counted: a device that we know answers for itself, all
    /// others for their address. Nil: not at all.
    var limiterClient: String? {
        guard let client = state.limiter.client(of: facts) else { return nil }
        guard case .proven(let device) = request.proof, knownDevice(device) != nil else { return client }
        return "device:\(device.id)"
    }

    /// What we know a device as, before any credential is looked at.
    private func knownDevice(_ device: ProvenDevice) -> String? {
        if let record = state.pairing.devices[device.id], record.publicKey == device.publicKey,
            record.isEffective(params.role)
        {
            return "a paired device"
        }
        if state.lineage[device.id] != nil {
            let liveness = state.lineage.liveness(of: device.id, nowMs: nowMs, isPaired: state.isPaired)
            if case .dead = liveness { return nil }
            return "a live derived device"
        }
        guard !request.grants.isEmpty else { return nil }
        var probe = self
        return (try? probe.readChain(presentedBy: device)) == nil ? nil : "a derived device with a valid grant"
    }

    /// SHA-256 of each credential that was sent.
    var offeredDigests: [[UInt8]] {
        let auth = params.auth
        let offered = [auth.token, auth.password, auth.deviceToken, auth.bootstrapToken].compactMap { $0 }
        return Set(offered.filter { !$0.isEmpty }).map { SHA256.digest(Array($0.utf8)) }
    }
}
