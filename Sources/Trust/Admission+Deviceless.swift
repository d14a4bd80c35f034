internal import Wire

/// Clients without a device identity (wire protocol, section 4.6, "Missing device identity").
extension Admission {
    mutating func admitWithoutDevice(_ shared: SharedAuth) throws(Refused) -> Admitted {
        let client = params.client
        let isOperator = params.role == .operator
        if client.isControlUI, isOperator, policy.disableControlUIDeviceAuth {
            switch shared {
            case .proven(let method): return deviceless(method, keepingScopes: true, "dangerouslyDisableDeviceAuth")
            case .failed(let failure, let detail): throw refuse(.missingDevice, failure, detail: detail)
            }
        }
        if isLocalBackendExempt(shared), isOperator, case .proven(let method) = shared {
            return deviceless(method, keepingScopes: true, "local backend")
        }
        if client.isControlUI, isOperator, case .proven(.trustedProxy) = shared {
            return deviceless(.trustedProxy, keepingScopes: false, "Control UI behind the identity proxy")
        }
        let isInsecureLocalUI = client.isControlUI && policy.allowInsecureControlUI && facts.isDirectLocal
        if client.isControlUI, !isInsecureLocalUI {
            throw refuse(.missingDevice, "Control UI without device", .controlUIDeviceIdentityRequired())
        }
        if isOperator, case .proven(let method) = shared, method != .none, method != .tailscale {
            let isLocalCLI =
                client.id == "cli" && client.isCLI && facts.isDirectLocal && facts.origin == nil
            return deviceless(
                method, keepingScopes: isInsecureLocalUI || isLocalCLI,
                isLocalCLI ? "local command line" : "operator with shared secret")
        }
        if case .failed(let failure, let detail) = shared, !sharedCandidates.isEmpty || failure.isProxyIdentity {
            throw refuse(.missingDevice, failure, detail: detail)
        }
        throw refuse(.missingDevice, "no device identity", .deviceIdentityRequired())
    }

    mutating func deviceless(_ method: AuthMethod, keepingScopes: Bool, _ why: String) -> Admitted {
        var scopes = keepingScopes ? ScopeSet(params.scopes) : .none
        var fate = keepingScopes ? "scopes kept" : "scopes cleared"
        if !keepingScopes, method == .trustedProxy, let user = trustedProxyUser,
            let allowed = policy.identity.identityScopes[user]
        {
            scopes = allowed.clamping(ScopeSet(params.scopes))
            fate = "scopes as gateway.auth.identityScopes has them for the user"
        }
        note(.missingDevice, .passed, "\(why), \(fate)")
        return Admitted(
            role: params.role, scopes: scopes, deviceID: nil, method: method,
            dependsOnSharedSecret: method == .token || method == .password, isDirectLocal: facts.isDirectLocal)
    }

    func isLocalBackendExempt(_ shared: SharedAuth) -> Bool {
        guard params.client.isLocalBackend, facts.isDirectLocal, facts.origin == nil, case .proven = shared else {
            return false
        }
        return true
    }
}
