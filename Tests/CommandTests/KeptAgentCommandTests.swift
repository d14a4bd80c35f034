import Foundation
import JSON
import Testing

/// What the command line does with sessions of `mode: "session"`.
struct KeptAgentCommandTests {
    @Test func killingASessionThatGoesOnEndsTheAgentThatWaits() throws {
        let sandbox = try Sandbox()
        let command = try sandbox.write("agent", ACPScript.numbered)
        let gateway = try sandbox.startGateway(
            """
            {
              gateway: { mode: "local", tls: { enabled: true } },
              agents: {
                defaults: { subagents: { allowAgents: ["*"] } },
                list: [
                  { id: "main", default: true, exec: { command: ["cat"] } },
                  { id: "coder", runtime: { type: "acp", acp: { command: ["bash", "\(command)"] } } },
                ],
              },
            }
            """)
        let spawned = try sandbox.run(
            "sessions_spawn", "--runtime", "acp", "--agent", "coder", "--mode", "session", "--json", "--", "x")
        #expect(spawned.exitCode == 0, "\(spawned.errors)\(spawned.output)")
        let key = try #require(spawned.json()["childSessionKey"]?.string)
        let agent = try #require(spawned.json()["result"]?["text"]?.string.flatMap { Int32($0) })
        #expect(Self.isAlive(agent))
        let killed = try sandbox.run("sessions", "kill", key)
        #expect(killed.exitCode == 0, "\(killed.errors)")
        #expect(killed.output == "Nothing runs in \(key), and no agent waits there\n")
        try Sandbox.eventually("the agent's end") { Self.isAlive(agent) ? nil : true }
        // The next message finds another process.
        let sent = try sandbox.run("sessions", "send", key, "--json", "--", "y")
        let next = try #require(sent.json()["result"]?["text"]?.string.flatMap { Int32($0) }, "\(sent.output)")
        #expect(next != agent)
        let json = try sandbox.run("sessions", "kill", key, "--json")
        #expect(json.exitCode == 0)
        #expect(try json.json()["keptAgentClosed"]?.bool == true)
        try gateway.stop()
    }

    private static func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }
}
