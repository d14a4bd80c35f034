import Foundation
import JSON
import Testing

/// `gateway status`, `probe` and `restart` with the options that upstream has.
struct StatusOptionTests {
    private static let configuration = """
        {
          gateway: { mode: "local", tls: { enabled: true } },
          agents: { list: [
            { id: "main", default: true, exec: { command: ["sleep", "{task}"], stdin: "none" } },
            { id: "far", pool: "gpu", exec: { command: ["cat"] } },
          ] },
        }
        """

    @Test func statusLooksWithoutConnectingOrAtEveryAddress() throws {
        let sandbox = try Sandbox()
        let none = try sandbox.run("gateway", "status", "--no-probe", "--json")
        #expect(none.exitCode == 1)
        #expect(try none.json()["ok"]?.bool == false)
        let gateway = try sandbox.startGateway(Self.configuration)
        let seen = try sandbox.run("gateway", "status", "--no-probe", "--json")
        #expect(seen.exitCode == 0, "\(seen.errors)")
        #expect(try seen.json()["probed"]?.bool == false)
        #expect(try seen.json()["pid"]?.integer == Int64(gateway.pid))
        #expect(
            try sandbox.run("gateway", "status", "--no-probe").output.contains("running at \(gateway.url), not asked"))
        let deep = try sandbox.run("gateway", "status", "--deep", "--require-rpc", "--json")
        #expect(deep.exitCode == 0, "\(deep.errors)")
        #expect(try deep.json()["deep"]?.array?.first?["severity"]?.string == "ok")
        #expect(try deep.json()["status"] != nil)
        #expect(try sandbox.run("gateway", "status", "--deep").output.contains("Reached:   "))
        for other in ["--deep", "--require-rpc", "--url=wss://x"] {
            let both = try sandbox.run("gateway", "status", "--no-probe", other)
            #expect(both.exitCode == 2 && both.errors.contains("--no-probe and --"), "\(both.errors)")
        }
        let tunnel = try sandbox.run("gateway", "probe", "--ssh", "user@host")
        #expect(tunnel.exitCode == 2 && tunnel.errors.contains("hint: open it yourself: ssh -N -L"), "\(tunnel.errors)")
        // Doctor sees the pool that nobody works for.
        let doctor = try sandbox.run("doctor", "--json").output
        #expect(doctor.contains("pool gpu has no worker that takes runs"), "\(doctor)")
        try gateway.stop()
    }

    /// From elsewhere the shared token alone gives no scopes.
    @Test(.enabled(if: TCPSockets.outwardAddress != nil, "this host has no address but loopback"))
    func aStatusThatMayNotBeReadFailsWhereItHasTo() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(
            #"{ gateway: { mode: "local", bind: "lan", tls: { enabled: true }, auth: { token: "right" } } }"#)
        let port = try #require(gateway.url.split(separator: ":").last)
        let status = [
            "gateway", "status", "--url", "wss://\(try #require(TCPSockets.outwardAddress)):\(port)", "--token",
            "right",
            "--tls-fingerprint", try #require(gateway.pin), "--state-dir", sandbox.path + "/stranger", "--json",
        ]
        let reached = try sandbox.run(status)
        #expect(reached.exitCode == 0, "\(reached.errors)")
        #expect(try reached.json()["ok"]?.bool == true)
        #expect(try reached.json()["status"] == nil)
        let required = try sandbox.run(status + ["--require-rpc"])
        #expect(required.exitCode == 1)
        let error = try #require(required.json()["error"])
        #expect(error["type"]?.string == "gateway_request_error")
        #expect(error["code"]?.string == "FORBIDDEN")
        #expect(error["message"]?.string?.contains("operator.read") == true, "\(error)")
        #expect(
            error["notes"]?.array?.first?.string == "The gateway is reached, and its status cannot be read.", "\(error)"
        )
        try gateway.stop()
    }

    @Test func aSafeRestartWaitsForWhatRuns() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let spawned = try sandbox.run("sessions_spawn", "--no-wait", "--json", "--", "2")
        #expect(spawned.exitCode == 0, "\(spawned.errors)")
        #expect(try sandbox.run("gateway", "status", "--json").json()["status"]?["runs"]?["active"]?.integer == 1)
        let restarted = try sandbox.run("gateway", "restart", "--safe", "--json")
        #expect(restarted.exitCode == 0, "\(restarted.errors)")
        #expect(try sandbox.run("gateway", "status", "--json").json()["status"]?["runs"]?["active"]?.integer == 0)
        try gateway.stop()
    }

    @Test func aSafeRestartGivesUpOnWhatDoesNotEnd() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let spawned = try sandbox.run("sessions_spawn", "--no-wait", "--json", "--", "600")
        let key = try #require(spawned.json()["childSessionKey"]?.string)
        let restarted = try sandbox.run("gateway", "restart", "--safe", "--drain-timeout", "1s", "--json")
        #expect(restarted.exitCode == 0, "\(restarted.errors)")
        #expect(try restarted.json()["pid"]?.integer == Int64(gateway.pid))
        #expect(
            restarted.errors.contains("1 runs have not ended within 1s; they go on over the restart"),
            "\(restarted.errors)")
        #expect(try sandbox.run("sessions", "kill", key).exitCode == 0)
        try gateway.stop()
    }

    @Test(arguments: [
        (["--drain-timeout", "1s"], "--drain-timeout goes with --safe"),
        (["--safe", "--drain-timeout", "soon"], "--drain-timeout must be a time such as 30s or 10m"),
        (["--safe", "--drain-timeout", "25h"], "at most 24h, not \"25h\""),
    ])
    func howLongASafeRestartWaitsIsATime(_ words: [String], _ message: String) throws {
        let outcome = try Sandbox().run(["gateway", "restart"] + words)
        #expect(outcome.exitCode == 2 && outcome.errors.contains(message), "\(outcome.errors)")
    }
}
