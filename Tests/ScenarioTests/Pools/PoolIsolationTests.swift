import Client
import Files
import Foundation
import JSON
import Testing

/// Commands on other hosts: what they have of the gateway's certificate, and what isolation keeps from them there.
struct PoolIsolationTests {
    private static func gateway(
        _ agent: GatewayConfiguration.Agent, _ surroundings: Surroundings
    ) throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.gateway =
            "mode: \"local\", bind: \"lan\", tls: { enabled: true }, auth: { mode: \"token\", token: \"my-token\" }"
            + surroundings.gatewaySettings
        configuration.subagents = #"allowAgents: ["*"]"#
        var far = agent
        far.pool = "far"
        configuration.agents = [.running("main"), far]
        return try GatewayProcess(
            configuration.text, in: surroundings.namespace, environment: IsolationStage.engineEnvironment)
    }

    private static func worker(
        _ gateway: GatewayProcess, _ surroundings: Surroundings, pin: String?, _ more: [String] = []
    ) throws -> PoolWorkerProcess {
        let made = try gateway.cli.run("devices", "enroll", "--pool", "far")
        let worker = try PoolWorkerProcess(
            pool: "far", url: gateway.url(surroundings.address), pin: pin, enrolment: made.lines.first, capacity: 2,
            in: surroundings, more: more)
        try worker.waitUntilAttached()
        return worker
    }

    private static func facts(_ text: String) -> [String: String] {
        Dictionary(
            text.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
            }, uniquingKeysWith: { $1 })
    }

    @Test("a hostile command learns nothing of the pool worker either", arguments: IsolationStage.cases)
    func hostile(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let surroundings = Surroundings("isolation in a pool, \(isolation)")
            let gateway = try Self.gateway(
                .init(
                    id: "far", command: ["/bin/sh", "-c", "sleep 1; " + IsolationStage.hostile, "sh", "{task}"],
                    more: "isolation: \(isolation.setting)"), surroundings)
            let worker = try Self.worker(gateway, surroundings, pin: gateway.pin)
            #expect(Files.exists(worker.state.path + "/identity/device-auth.json"), "there is something to take")
            let owner = try await gateway.owner()
            let runs = try (0..<2).map { _ in try owner.spawn(worker.state.path, agent: "far") }
            for run in runs {
                let result = try owner.result(of: run)
                let facts = Self.facts(result["text"]?.string ?? "")
                for attempt in [
                    "devicekey", "devicetoken", "marks", "plant", "siblings", "processes", "host", "kernel",
                ] {
                    #expect(facts[attempt] == "no", "\(isolation): \(attempt): \(result)\n\(worker.log)")
                }
                for need in ["identity", "certificate", "bundle", "work", "home"] {
                    #expect(facts[need] == "yes", "\(isolation): \(need): \(result)\n\(worker.log)")
                }
                if geteuid() == 0 { #expect(facts["uid"] == "\(IsolationStage.userID)") }
            }
            // A worker that is killed takes the command along, and leaves no container.
            owner.close()
            try worker.stop()
            try gateway.stop()
            #expect(Files.names(in: "/run/sallyport-runs/" + Self.identity(worker).prefix(16)) == [])
        }
    }

    private static func identity(_ worker: PoolWorkerProcess) -> String {
        let file = contents(of: worker.state.path + "/identity/device.json")
        return (try? JSONParser.parse(Array(file.utf8)))?["deviceId"]?.string ?? "?"
    }

    @Test("a worker of a pool that is killed leaves nothing of an isolated command", arguments: IsolationStage.cases)
    func killed(_ isolation: IsolationStage.Case) async throws {
        if let problem = isolation.problem { try Test.cancel("\(problem)") }
        try await scenario {
            let surroundings = Surroundings("killed in a pool, \(isolation)")
            var agent = GatewayConfiguration.Agent.running("far")
            agent.more = "isolation: \(isolation.setting)"
            let gateway = try Self.gateway(agent, surroundings)
            let worker = try Self.worker(gateway, surroundings, pin: gateway.pin)
            let owner = try await gateway.owner()
            let mark = "600.\(UInt32.random(in: 100_000...999_999))"
            let run = try owner.spawn("sleep \(mark)", agent: "far")
            let sleeping = {
                Files.names(in: "/proc").filter { Int32($0) != nil }.filter { pid in
                    contents(of: "/proc/\(pid)/cmdline").split(separator: "\0").contains { $0 == mark }
                }
            }
            try eventually("the command runs") { !sleeping().isEmpty }
            let marks = worker.state.path + "/run/workers"
            let name = try #require(Files.names(in: marks).first)
            let pid = try #require(try JSONParser.parse(Files.read(marks + "/" + name))["pid"]?.integer)
            #expect(Foundation.kill(Int32(pid), SIGKILL) == 0)
            #expect(try owner.result(of: run)["status"]?.string == "lost")
            try eventually("nothing of the command is left", within: .seconds(20)) { sleeping().isEmpty }
            owner.close()
            try worker.stop()
            try gateway.stop()
        }
    }

    @Test(
        "a stock client that is started there verifies the gateway's certificate",
        .enabled(if: InstalledProgram.path(of: "openssl") != nil, "needs openssl"), arguments: ["pin", "authority"])
    func certificate(_ trust: String) async throws {
        try await scenario {
            let surroundings = Surroundings("certificate in a pool, \(trust)")
            guard surroundings.namespace != nil else { return }
            let script = #"""
                verified() { openssl s_client -connect "$1" -CAfile "$2" -verify_ip 172.18.0.2 -verify_return_error \
                    </dev/null >/dev/null 2>&1; }
                for file in "$NODE_EXTRA_CA_CERTS" "$SSL_CERT_FILE" "$WEBSOCKET_CLIENT_CA_BUNDLE"; do
                    verified "$1" "$file" && echo verified || echo "not with $file"
                done
                verified "$1" /dev/null && echo 'anything goes'
                "$SALLYPORT" sessions list >/dev/null && echo listed
                echo "$SALLYPORT_TLS_FINGERPRINT"
                """#
            let gateway = try Self.gateway(
                .init(id: "far", command: ["/bin/sh", "-c", script, "sh", "{task}"]), surroundings)
            let authority = ["--tls-ca", gateway.state.path + "/gateway/tls/gateway-cert.pem"]
            let worker = try Self.worker(
                gateway, surroundings, pin: trust == "pin" ? gateway.pin : nil, trust == "pin" ? [] : authority)
            let owner = try await gateway.owner()
            let address = "\(surroundings.address):\(gateway.port)"
            let result = try owner.result(of: try owner.spawn(address, agent: "far"))
            let pin = trust == "pin" ? gateway.pin ?? "?" : ""
            #expect(
                result["text"]?.string == "verified\nverified\nverified\nlisted\n\(pin)\n", "\(result)\n\(worker.log)")
            owner.close()
            try worker.stop()
            try gateway.stop()
        }
    }
}
