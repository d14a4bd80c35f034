internal import Crypto
internal import Wire

/// Credentials that count only together with a proven device (wire protocol, section 4.3).
extension Admission {
    mutating func checkBoundCredential(
        _ device: ProvenDevice, _ shared: SharedAuth
    ) throws(Refused) -> AuthMethod {
        // Looked at first, even when the shared secret was proven: it says what the device is to become.
        if let token = nonEmpty(params.auth.bootstrapToken) {
            if let invitation = invitation(token, for: device) {
                note(.enrolmentToken, .passed, "\(invitation.kind.rawValue), \(invitation.usesLeft) uses left")
                return .bootstrapToken
            }
            note(.enrolmentToken, .notConcerned, "unknown, expired, used up or for another device or role")
        }
        let failure: AuthFailure
        var detail: String?
        switch shared {
        case .proven(let method):
            note(.boundCredential, .notConcerned, "shared auth passed")
            return method
        case .failed(let why, let header):
            failure = nonEmpty(params.auth.bootstrapToken) == nil ? why : .bootstrapTokenInvalid
            detail = header
        }
        let explicit = nonEmpty(params.auth.deviceToken)
        guard let candidate = explicit ?? nonEmpty(params.auth.token) else {
            throw refuse(.boundCredential, failure, detail: detail)
        }
        let digest = SHA256.digest(Array(candidate.utf8))
        do throws(DeviceToken.Failure) {
            _ = try DeviceToken.verify(
                digest, of: state.pairing.devices[device.id], role: params.role, requested: ScopeSet(params.scopes),
                generation: policy.secretGeneration)
        } catch {
            throw refuseDeviceToken(error, digest, explicit == nil ? failure : .deviceTokenMismatch)
        }
        wrongShared.removeAll { $0 == digest }
        note(.boundCredential, .passed, "device token")
        return .deviceToken
    }

    private mutating func refuseDeviceToken(
        _ why: DeviceToken.Failure, _ digest: [UInt8], _ failure: AuthFailure
    ) -> Refused {
        if why == .scopeMismatch { return refuse(.boundCredential, .scopeMismatch) }
        if let owner = state.lineage.entry(forRunToken: digest) {
            wrongShared.removeAll { $0 == digest }
            return refuse(
                .boundCredential, .lineageCredential, fact: "run token of \(owner.sessionKey), other device")
        }
        return refuse(.boundCredential, failure, fact: "\(failure.rawValue), as a device token: \(why.rawValue)")
    }

    private func nonEmpty(_ text: String?) -> String? {
        text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The invitation that a token stands for, if this device may use it for this role.
    func invitation(_ token: String, for device: ProvenDevice) -> Invitation? {
        guard let found = state.invitations[SHA256.digest(Array(token.utf8))],
            found.admits(
                device.id, role: params.role,
                isPaired: state.pairing.devices[device.id]?.isEffective(params.role) == true, nowMs: nowMs)
        else { return nil }
        guard found.kind == .setupCode else { return found }
        // A setup code is made for what it says; whoever asks for more has another one in mind.
        return found.scopes.covers(ScopeSet(params.scopes)) || params.scopes.isEmpty ? found : nil
    }
}
