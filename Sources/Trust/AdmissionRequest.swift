package import Wire

/// Everything about one `connect` that was found before the lock was taken.
package struct AdmissionRequest: Sendable {
    package let params: ConnectParams
    package let facts: TransportFacts
    package let proof: ProofOutcome
    /// Presented grants, root first; empty when there are none.
    package let grants: [PresentedGrant]
    /// A fresh id for a pending pairing request, in case one is needed.
    package let freshRequestID: String
    /// A fresh device token, in case one is issued.
    package let freshToken: String

    package init(
        params: ConnectParams, facts: TransportFacts, proof: ProofOutcome, grants: [PresentedGrant],
        freshRequestID: String, freshToken: String
    ) {
        self.params = params
        self.facts = facts
        self.proof = proof
        self.grants = grants
        self.freshRequestID = freshRequestID
        self.freshToken = freshToken
    }
}

/// A grant that came with a connect request, as far as it could be judged without the registry.
package struct PresentedGrant: Equatable, Sendable {
    /// The grant, or why it has no right form.
    package let parsed: Result<ParsedGrant, GrantFailure>
    /// Whether the issuer's key verifies it; false as well when nobody knows that key.
    package let isSignatureValid: Bool

    package init(parsed: Result<ParsedGrant, GrantFailure>, isSignatureValid: Bool) {
        self.parsed = parsed
        self.isSignatureValid = isSignatureValid
    }

    /// Parses and verifies a chain, root first. Costs an Ed25519 verification for each grant.
    /// - Parameter rootIssuerKey: the public key of the first grant's issuer, if the gateway knows it.
    package static func verify(_ texts: [String], rootIssuerKey: (String) -> [UInt8]?) -> [PresentedGrant] {
        var keys: [String: [UInt8]] = [:]
        return texts.map { text in
            do throws(GrantFailure) {
                let parsed = try ParsedGrant.parse(text)
                let key = keys[parsed.grant.issuer] ?? rootIssuerKey(parsed.grant.issuer)
                let isValid = key.map(parsed.isSigned(by:)) ?? false
                // Vouches for the next link only when this one is really signed.
                if isValid { keys[parsed.grant.subject] = parsed.grant.publicKey }
                return PresentedGrant(parsed: .success(parsed), isSignatureValid: isValid)
            } catch {
                return PresentedGrant(parsed: .failure(error), isSignatureValid: false)
            }
        }
    }
}
