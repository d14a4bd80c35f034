internal import JSON
internal import Trust
internal import Wire

/// `connect` params of any shape are read or refused, and so is any proof in them.
enum ConnectParamsTarget {
    static func check(_ input: [UInt8]) {
        guard let tree = try? JSONParser.parse(input.span) else { return }
        guard let params = try? ConnectParams.parse(tree) else { return }
        require(params.minProtocol >= 1 && params.maxProtocol >= 1, "a protocol below 1")
        require(params.scopes.count <= ConnectParams.maxNames, "\(params.scopes.count) scopes")
        require(params.caps.count <= ConnectParams.maxNames, "\(params.caps.count) caps")
        require(params.scopes.allSatisfy { !$0.isEmpty }, "an empty scope")
        guard let device = params.device else { return }
        require(device.grants.count <= ConnectParams.maxGrants, "\(device.grants.count) grants")
        for now: Int64 in [0, device.signedAt, 1 << 53] {
            let outcome = DeviceProofCheck.check(params, nonce: "the gateway's own", nowMs: now)
            if case .proven(let proven) = outcome { found("\(proven.id) without a signature") }
        }
        for grant in device.grants { _ = try? ParsedGrant.parse(grant) }
    }
}
