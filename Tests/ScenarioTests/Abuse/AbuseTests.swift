import Testing

enum AbuseCases {
    static let http =
        AbuseCase.heads + AbuseCase.bodies + AbuseCase.limits + AbuseCase.methods + AbuseCase.upgrades
    static let tls = AbuseCase.plainOnTLS + AbuseCase.handshakes + AbuseCase.established
    static let webSocket = AbuseCase.frames + AbuseCase.texts + AbuseCase.closes
    static let messages =
        AbuseCase.firstFrames + AbuseCase.connectMembers + AbuseCase.versions + AbuseCase.requests
    static let rules = Set((http + tls + webSocket + messages).compactMap(\.rule))
}

/// What no client should send, against the program itself. Each case says what it has to get; then somebody who has done
/// nothing is still answered. When all are done, the gateway holds no more than before, and its log names every rule.
@Suite(AbusedGatewayTrait(rules: AbuseCases.rules))
struct AbuseTests {
    @Test("HTTP", arguments: AbuseCases.http) func http(_ abuse: AbuseCase) async throws { try await run(abuse) }
    @Test("TLS", arguments: AbuseCases.tls) func tls(_ abuse: AbuseCase) async throws { try await run(abuse) }
    @Test("WebSocket", arguments: AbuseCases.webSocket) func webSocket(_ abuse: AbuseCase) async throws {
        try await run(abuse)
    }
    @Test("gateway protocol", arguments: AbuseCases.messages) func messages(_ abuse: AbuseCase) async throws {
        try await run(abuse)
    }

    private func run(_ abuse: AbuseCase) async throws {
        let gateway = try #require(AbusedGateway.current)
        try await scenario {
            try abuse.run(against: gateway.process)
            try gateway.checkBystander()
        }
    }
}
