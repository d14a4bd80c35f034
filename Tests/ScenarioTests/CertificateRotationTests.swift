import Client
import Files
import Foundation
import JSON
import TLS
import Testing

/// `sallyport tls rotate` while clients and workers are connected, away, or yet to come.
struct CertificateRotationTests {
    private static func gateway(_ agents: [GatewayConfiguration.Agent] = [.running("main")]) throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.agents = agents
        return try GatewayProcess(configuration.text)
    }

    /// - Returns: what the command says as JSON.
    @discardableResult
    private static func rotate(_ gateway: GatewayProcess, _ words: String...) throws -> JSON {
        let outcome = try gateway.cli.run(["tls", "rotate"] + words + ["--json"])
        guard outcome.exitCode == 0 else { throw Unexpected("tls rotate \(words): \(outcome.errors)\n\(gateway.log)") }
        return try JSONParser.parse(Array(outcome.output.utf8))
    }

    /// The next `tls.pin.next` on this connection.
    private static func announcement(_ client: GatewayClient) throws -> JSON {
        try eventually("tls.pin.next") {
            while let message = try client.nextMessage(timeout: .milliseconds(100)) {
                if case .event("tls.pin.next", let payload, _) = message { return payload }
            }
            return nil
        }
    }

    private static func served(_ gateway: GatewayProcess) throws -> String {
        let outcome = try gateway.cli.run("tls", "fingerprint", "--url", gateway.url(), "--json")
        return try JSONParser.parse(Array(outcome.output.utf8))["certificateSHA256"]?.string ?? ""
    }

    @Test func theNextPinIsAnnouncedThenServedAndARunSpansTheSwitch() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let present = try #require(gateway.pin)
            let directory = try TemporaryDirectory()
            let owner = try await gateway.owner()
            // Its command dials for itself after the switch, with an environment from before the announcement.
            let run = try owner.spawn(
                "echo before; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; "
                    + "\"$SALLYPORT\" sessions list --json >\(directory.path)/list 2>&1; echo after $?")
            try owner.waitUntilRunning(run)

            let report = try Self.rotate(gateway, "--overlap", "1h")
            let next = try #require(report["next"]?["certificateSHA256"]?.string)
            #expect(report["state"] == "pending" && report["gatewayIsRunning"] == true)
            #expect(next != present)
            let announced = try Self.announcement(owner)
            #expect(announced["certificateSHA256"]?.string == next)
            #expect(announced["spkiSHA256"] == report["next"]?["spkiSHA256"])
            #expect(announced["effectiveAtMs"] == report["effectiveAtMs"])
            #expect(announced["current"]?["certificateSHA256"]?.string == present)
            #expect(try Self.served(gateway) == present)

            // Whoever comes now hears of it too; the files of children hold both.
            let latecomer = try await gateway.owner()
            #expect(try Self.announcement(latecomer)["certificateSHA256"]?.string == next)
            latecomer.close()
            let certificates = contents(of: gateway.state.path + "/run/gateway-certificates.pem")
            #expect(certificates.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
            let status = try gateway.cli.run("gateway", "status")
            #expect(status.output.contains("Pin:       sha256:\(present)\n"), "\(status)")
            #expect(status.output.contains("Next pin:  sha256:\(next) from "), "\(status)")
            let shown = try gateway.cli.run("tls", "fingerprint")
            #expect(shown.output.contains(present) && shown.output.contains(next))

            try Self.rotate(gateway, "--now")
            let switched = try Self.announcement(owner)
            #expect(switched["certificateSHA256"]?.string == next)
            #expect(switched["current"]?["certificateSHA256"]?.string == next)
            #expect(try Self.served(gateway) == next)
            _ = try directory.write("go", "")
            #expect(
                try owner.result(of: run)["text"]?.string == "before\nafter 0\n",
                "\(contents(of: directory.path + "/list"))\n\(gateway.log)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func itSwitchesByItselfWhenTheTimeHasCome() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let report = try Self.rotate(gateway, "--overlap", "1s")
            let next = try #require(report["next"]?["certificateSHA256"]?.string)
            _ = try gateway.waitForLog("the next certificate is due: new connections get certificate sha256:\(next)")
            #expect(try Self.served(gateway) == next)
            #expect(!Files.exists(gateway.state.path + "/gateway/tls/next.json"))
            try gateway.stop()
        }
    }

    @Test func aWorkerThatIsAwayDuringTheSwitchComesBackWithTheBackupPin() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            let run = try before.spawn(
                "echo before; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo after")
            try before.waitUntilRunning(run)
            try Self.rotate(gateway, "--overlap", "1h")
            // Known to the worker once its command could use it.
            let child = try #require(gateway.childDirectories.first)
            try eventually("the worker knows the next pin") {
                Files.exists("\(gateway.state.path)/run/children/\(child)/tls-pins")
            }
            try gateway.kill()
            let report = try Self.rotate(gateway, "--now")
            #expect(report["gatewayIsRunning"] == false && report["state"] == "switched")
            try gateway.start()
            #expect(gateway.pin == report["next"]?["certificateSHA256"]?.string)
            let owner = try await gateway.owner()
            _ = try directory.write("go", "")
            let result = try owner.result(of: run)
            #expect(result["text"]?.string == "before\nafter\n", "\(result)\n\(gateway.log)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aWorkerThatIsLaunchedMeanwhileGetsBothPins() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let report = try Self.rotate(gateway, "--overlap", "1h")
            let next = try #require(report["next"]?["certificateSHA256"]?.string)
            let owner = try await gateway.owner()
            let run = try owner.spawn("printf %s \"$SALLYPORT_TLS_FINGERPRINT\"")
            #expect(try owner.result(of: run)["text"]?.string == "\(try #require(gateway.pin)),\(next)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aRotationOutlivesARestartAndOneThatIsDueMeanwhileHappensAtTheStart() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let present = gateway.pin
            let report = try Self.rotate(gateway, "--overlap", "1h")
            let next = try #require(report["next"]?["certificateSHA256"]?.string)
            try gateway.stop()
            try gateway.start()
            #expect(gateway.pin == present)
            let owner = try await gateway.owner()
            #expect(try Self.announcement(owner)["certificateSHA256"]?.string == next)
            owner.close()
            try gateway.stop()
            // The time comes while nobody is there.
            try Files.writeAtomically(
                gateway.state.path + "/gateway/tls/next.json", Array(#"{"effectiveAtMs": 1}"#.utf8))
            try gateway.start()
            #expect(gateway.pin == next)
            try gateway.stop()
        }
    }

    @Test func whatWasAnnouncedCanBeTakenBack() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let present = try #require(gateway.pin)
            let owner = try await gateway.owner()
            try Self.rotate(gateway, "--overlap", "1h")
            _ = try Self.announcement(owner)
            try Self.rotate(gateway, "--cancel")
            #expect(try Self.announcement(owner)["certificateSHA256"]?.string == present)
            let again = try gateway.cli.run("tls", "rotate", "--cancel")
            #expect(again.exitCode == 1 && again.errors.contains("no next certificate is announced"), "\(again)")
            #expect(try !gateway.cli.run("tls", "show").output.contains("Next"))
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aFingerprintInTheConfigurationHoldsTheSwitchUntilItNamesTheNext() async throws {
        try await scenario {
            let first = try Self.gateway()
            let present = try #require(first.pin)
            try first.stop()
            func configured(_ pins: [String]) throws -> GatewayProcess {
                var configuration = GatewayConfiguration()
                let list = pins.map { "\"\($0)\"" }.joined(separator: ", ")
                configuration.gateway = configuration.gateway.replacing(
                    "tls: { enabled: true }", with: "tls: { enabled: true, fingerprint: [\(list)] }")
                return try GatewayProcess(configuration.text, state: first.state)
            }
            let pinned = try configured([present])
            let refused = try pinned.cli.run("tls", "rotate", "--now")
            #expect(refused.exitCode == 78 && refused.errors.contains("gateway.tls.fingerprint"), "\(refused)")
            let told = try pinned.cli.run("tls", "rotate", "--overlap", "1s")
            #expect(
                told.exitCode == 0 && told.output.contains("set gateway.tls.fingerprint: [\"\(present)\""), "\(told)")
            let line = try pinned.waitForLog("keeping the old certificate sha256:\(present), although the next is due")
            #expect(line.contains("as in fingerprint: ["), "\(line)")
            #expect(line.contains("(rule=certificate-fingerprint)"), "\(line)")
            #expect(try Self.served(pinned) == present)
            let next = try #require(
                try JSONParser.parse(Array(pinned.cli.run("tls", "show", "--json").output.utf8))["next"]?[
                    "certificateSHA256"]?.string)
            try pinned.stop()
            let mended = try configured([present, next])
            #expect(mended.pin == next)
            try mended.stop()
        }
    }

    @Test func aWorkerWhoseGatewayStaysSilentEndsAtOnceWhenItIsTold() async throws {
        try await scenario {
            let relay = try Relay(.silent)
            defer { relay.stop() }
            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            configuration.subagents = "gatewayUrl: \"wss://127.0.0.1:\(relay.port)\", spawnTimeoutMs: 60000"
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            _ = try owner.spawn("true")
            try eventually("the worker dials") { relay.acceptedCount > 0 }
            let worker = try gateway.worker()
            let start = ContinuousClock.now
            #expect(Foundation.kill(worker, SIGTERM) == 0)
            try eventually("the worker is gone", within: .seconds(20)) { !gateway.processes.contains(worker) }
            // It would take ten seconds for its handshake, and be killed after five by a gateway that stops it.
            #expect(ContinuousClock.now - start < .seconds(4))
            owner.close()
            try gateway.stop()
        }
    }
}
