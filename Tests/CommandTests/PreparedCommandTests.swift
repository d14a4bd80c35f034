import Agents
import Files
import Foundation
import JSON
import Testing

/// The commands of the table that need somebody who waits, asks, works or runs before they can succeed: what they print
/// as JSON then.
struct PreparedCommandTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let command: String
        /// Brings about what the command acts on.
        let run: @Sendable (Sandbox) throws -> Void

        var testDescription: String { command }
    }

    private static func configuration(_ gateway: String = "", agents: String = "") -> String {
        """
        {
          gateway: { mode: "local", tls: { enabled: true }, \(gateway) },
          agents: {
            defaults: { subagents: { allowAgents: ["asker"] } },
            list: [
              { id: "main", default: true, exec: { command: ["sleep", "{task}"], stdin: "none" } },
              { id: "far", pool: "gpu", exec: { command: ["cat"] } },
              \(agents)
            ],
          },
        }
        """
    }

    /// Nobody is let in without having been approved.
    private static let reserved = configuration(
        #"auth: { mode: "token", token: "right" }, nodes: { pairing: { autoApproveLocal: false } }"#)

    static let rows: [Row] = [
        Row(command: "sessions kill") { sandbox in
            let gateway = try sandbox.startGateway(configuration())
            let spawned = try sandbox.run("sessions_spawn", "--no-wait", "--json", "--", "600")
            let key = try #require(spawned.json()["childSessionKey"]?.string)
            let killed = try answer(sandbox, "sessions", "kill", key)
            #expect(killed["status"]?.string == "aborted")
            #expect(try killed["abortedRunId"] == spawned.json()["runId"])
            try gateway.stop()
        },
        Row(command: "devices approve") { sandbox in
            let gateway = try sandbox.startGateway(reserved)
            let request = try requestOfAStranger(sandbox, gateway)
            let approved = try answer(sandbox, "devices", "approve", request)
            #expect(approved["requestId"]?.string == request)
            #expect(approved["device"]?["deviceId"]?.string?.count == 64, "\(approved)")
            #expect(try dial(sandbox, gateway).exitCode == 0)
            try gateway.stop()
        },
        Row(command: "devices reject") { sandbox in
            let gateway = try sandbox.startGateway(reserved)
            let request = try requestOfAStranger(sandbox, gateway)
            #expect(try answer(sandbox, "devices", "reject", request)["requestId"]?.string == request)
            #expect(try answer(sandbox, "devices", "list")["pending"]?.array?.isEmpty == true)
            try gateway.stop()
        },
        Row(command: "devices revoke") { sandbox in
            let gateway = try sandbox.startGateway(configuration())
            let device = try pairedDevice(sandbox)
            let revoked = try answer(sandbox, "devices", "revoke", "--device", device)
            #expect(revoked["deviceId"]?.string == device)
            #expect(revoked["role"]?.string == "operator")
            #expect(revoked["revokedAtMs"]?.integer != nil, "\(revoked)")
            try gateway.stop()
        },
        Row(command: "devices remove") { sandbox in
            let gateway = try sandbox.startGateway(configuration())
            let device = try pairedDevice(sandbox)
            #expect(try answer(sandbox, "devices", "remove", device)["deviceId"]?.string == device)
            #expect(try answer(sandbox, "devices", "list")["paired"]?.array?.isEmpty == true)
            try gateway.stop()
        },
        Row(command: "approvals resolve") { sandbox in
            let command = try sandbox.write("asker", ACPScript.asking)
            let gateway = try sandbox.startGateway(
                configuration(
                    agents: """
                        { id: "asker", runtime: { type: "acp", acp: { command: ["bash", "\(command)"], \
                        permissionMode: "forward" } } },
                        """))
            let spawned = try sandbox.run(
                "sessions_spawn", "--runtime", "acp", "--agent", "asker", "--no-wait", "--json", "--", "x")
            let runID = try #require(spawned.json()["runId"]?.string, "\(spawned.output)\(spawned.errors)")
            let id = try Sandbox.eventually("somebody asks") {
                try answer(sandbox, "approvals", "list").array?.first?["id"]?.string
            }
            let resolved = try answer(sandbox, "approvals", "resolve", id, "allow-once")
            #expect(resolved["ok"]?.bool == true, "\(resolved)")
            let ended = try sandbox.run(
                "gateway", "call", "agent.wait", "--timeout", "20000", "--params",
                #"{"runId": "\#(runID)", "timeoutMs": 15000}"#)
            #expect(try ended.json()["result"]?["text"]?.string == "yes", "\(ended.output)\(ended.errors)")
            try gateway.stop()
        },
        Row(command: "import") { sandbox in
            // A state directory of ours is laid out as that of OpenClaw.
            let gateway = try sandbox.startGateway(configuration())
            #expect(try sandbox.run("agents", "list").exitCode == 0)
            try gateway.stop()
            let imported = try answer(
                sandbox, "import", "--from", sandbox.stateDirectory, "--state-dir", sandbox.path + "/new")
            #expect(imported["dryRun"]?.bool == false)
            let outcomes = imported["outcomes"]?.array ?? []
            #expect(outcomes.contains { $0["outcome"]?.string == "imported" }, "\(imported)")
            #expect(outcomes.allSatisfy { $0["what"]?.string != nil && $0["damaged"]?.bool == false }, "\(imported)")
            #expect(Files.exists(sandbox.path + "/new/identity/device.json"))
        },
        Row(command: "workers drain") { sandbox in
            let gateway = try sandbox.startGateway(configuration())
            let token = try answer(sandbox, "devices", "enroll", "--pool", "gpu")["token"]?.string ?? ""
            let (worker, name) = try sandbox.begin(
                "worker", "--pool", "gpu", "--url", gateway.url, "--tls-fingerprint", try #require(gateway.pin),
                "--enrol", token, "--state-dir", sandbox.path + "/worker", "--name", "far-host")
            try Sandbox.eventually("the worker attaches") {
                sandbox.text(name + ".err").contains("attached to pool") ? true : nil
            }
            let drained = try answer(sandbox, "workers", "drain", "far-host")["worker"]
            #expect(drained?["name"]?.string == "far-host")
            #expect(drained?["state"]?.string == "draining")
            let resumed = try answer(sandbox, "workers", "drain", "far-host", "--resume")["worker"]
            #expect(resumed?["state"]?.string != "draining", "\(resumed ?? .null)")
            worker.signal(SIGTERM)
            #expect(try Sandbox.eventually("the worker's end") { worker.reap() }.exitCode == 0)
            try gateway.stop()
        },
        Row(command: "gateway install") { sandbox in
            let installed = try inSystemd(sandbox, #""$SALLYPORT" gateway install --json"#)
            #expect(installed["ok"]?.bool == true)
            #expect(installed["result"]?.string?.contains("/etc/systemd/system/sallyport.service") == true)
        },
        Row(command: "gateway uninstall") { sandbox in
            let removed = try inSystemd(
                sandbox, #""$SALLYPORT" gateway install > installed; "$SALLYPORT" gateway uninstall --json"#)
            #expect(removed["ok"]?.bool == true)
            #expect(removed["result"]?.string == "removed /etc/systemd/system/sallyport.service")
        },
    ]

    @Test(arguments: rows)
    func itPrintsJSONWhenAllIsWell(_ row: Row) throws { try row.run(Sandbox()) }

    // MARK: - What they act on

    private static func answer(_ sandbox: Sandbox, _ words: String...) throws -> JSON {
        let outcome = try sandbox.run(words + ["--json"])
        #expect(outcome.exitCode == 0, "\(words): \(outcome.errors)\(outcome.output)")
        return try outcome.json()
    }

    private static func dial(_ sandbox: Sandbox, _ gateway: RunningGateway) throws -> Outcome {
        try sandbox.run(
            "sessions", "list", "--state-dir", sandbox.path + "/stranger", "--url", gateway.url, "--token", "right",
            "--tls-fingerprint", try #require(gateway.pin))
    }

    private static func requestOfAStranger(_ sandbox: Sandbox, _ gateway: RunningGateway) throws -> String {
        #expect(try dial(sandbox, gateway).exitCode == 1)
        return try #require(
            try answer(sandbox, "devices", "list")["pending"]?.array?.first?["requestId"]?.string)
    }

    private static func pairedDevice(_ sandbox: Sandbox) throws -> String {
        #expect(try sandbox.run("agents", "list").exitCode == 0)
        return try #require(try answer(sandbox, "devices", "list")["paired"]?.array?.first?["deviceId"]?.string)
    }

    /// - Returns: the answer of the last line, where systemd seems to run and its directories are seen by nobody else.
    private static func inSystemd(_ sandbox: Sandbox, _ lines: String) throws -> JSON {
        guard ServiceManagerTests.mayMount else { try Test.cancel("needs root and mount namespaces") }
        try sandbox.write("state/openclaw.json", configuration())
        try sandbox.write("steps", ServiceManagerTests.surroundings + "\n" + lines + "\n")
        let outcome = try sandbox.run(shell: "unshare -m bash ./steps")
        #expect(outcome.exitCode == 0, "\(outcome.errors)\(outcome.output)")
        return try outcome.json()
    }
}
