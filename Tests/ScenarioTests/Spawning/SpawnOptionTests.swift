import Client
import Foundation
import JSON
import Testing

/// What a spawn brings along arrives with its command.
struct SpawnOptionTests {
    private static func gateway(_ agents: [GatewayConfiguration.Agent]) throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.agents = agents
        configuration.more = "tools: { sessions_spawn: { attachments: { enabled: true } } },"
        return try GatewayProcess(configuration.text)
    }

    private static let attachments: [(String, JSON)] = [
        (
            "attachments",
            [
                ["name": "notes \u{E4}.txt", "content": "the notes"],
                ["name": "raw.bin", "content": "AAECAwQ=", "encoding": "base64"],
            ]
        )
    ]

    private static let look = #"""
        cd "$SALLYPORT_ATTACHMENTS_DIR" && ls && cat notes* && echo && od -An -tx1 raw.bin && ls -ld . | cut -c1-10
        """#

    @Test("attachments lie in the run's own directory, with isolation and without", arguments: [true, false])
    func attachments(_ isIsolated: Bool) async throws {
        if isIsolated, let problem = IsolationStage.uid.problem { try Test.cancel("\(problem)") }
        try await scenario {
            var agent = GatewayConfiguration.Agent.shell("main", Self.look)
            if isIsolated { agent.more = "isolation: \(IsolationStage.uid.setting)" }
            let gateway = try Self.gateway([agent])
            let owner = try await gateway.owner()
            let result = try owner.result(of: try owner.spawn("x", Self.attachments))
            #expect(
                result["text"]?.string == "notes \u{E4}.txt\nraw.bin\nthe notes\n 00 01 02 03 04\ndrwx------\n",
                "\(result)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test("attachments of a queued run survive a crash of the gateway")
    func crash() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.subagents += ", maxConcurrent: 1, workerGraceMs: 1000"
            configuration.agents = [.running("main")]
            configuration.more = "tools: { sessions_spawn: { attachments: { enabled: true } } },"
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let first = try owner.spawn("sleep 600")
            try owner.waitUntilRunning(first)
            let second = try owner.spawn("cat \"$SALLYPORT_ATTACHMENTS_DIR\"/notes*", Self.attachments)
            try gateway.kill()
            gateway.killWorkers()
            try gateway.start()
            let again = try await gateway.owner()
            let result = try again.result(of: second, within: .seconds(40))
            #expect(result["text"]?.string == "the notes", "\(result)")
            again.close()
            try gateway.stop()
        }
    }

    @Test("model and thinking are in the command's environment")
    func model() async throws {
        try await scenario {
            let gateway = try Self.gateway([.running("main")])
            let owner = try await gateway.owner()
            let told = "echo $SALLYPORT_MODEL/$SALLYPORT_THINKING/${SALLYPORT_ATTACHMENTS_DIR-none}"
            let run = try owner.spawn(told, [("model", "large"), ("thinking", "high")])
            #expect(try owner.result(of: run)["text"]?.string == "large/high/none\n")
            #expect(try owner.result(of: try owner.spawn(told))["text"]?.string == "//none\n")
            owner.close()
            try gateway.stop()
        }
    }
}
