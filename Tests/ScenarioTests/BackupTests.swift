import Client
import Files
import Foundation
import JSON
import Testing

/// `sallyport backup`, and a gateway that starts on what it made.
struct BackupTests {
    @Test(arguments: [true, false])
    func aBackupIsAGatewayWithAllThatItKnew(whileRunning: Bool) async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text)
            let owner = try await gateway.owner()
            let run = try owner.spawn("echo kept")
            #expect(try owner.result(of: run)["text"]?.string == "kept\n")
            let identity = try owner.request("gateway.identity.get", [:])["deviceId"]?.string
            owner.close()
            if !whileRunning { try gateway.stop() }
            let place = try TemporaryDirectory()
            let output = place.path + "/backup"
            let done = try gateway.cli.run("backup", "--output", output)
            #expect(done.exitCode == 0 && done.output.contains("backup \(output)"), "\(done)")
            #expect(Files.names(in: place.path) == ["backup"])
            for name in [
                "state/sallyport.sqlite", "identity/gateway.json", "gateway/tls/gateway-key.pem", "openclaw.json",
            ] {
                #expect(done.output.contains("copied \(name)"), "\(done)")
                let mode =
                    try FileManager.default.attributesOfItem(atPath: output + "/" + name)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
            #expect(Files.isPrivate(output) && !Files.exists(output + "/run"))
            let again = try gateway.cli.run("backup", "--output", output)
            #expect(again.exitCode == 78 && again.errors.contains("exists already"), "\(again)")

            // Restoring: the backup in the place of a state directory.
            let pin = gateway.pin
            if whileRunning { try gateway.stop() }
            let state = try TemporaryDirectory()
            Files.removeTree(state.path)
            try FileManager.default.copyItem(atPath: output, toPath: state.path)
            let restored = try GatewayProcess(nil, state: state)
            #expect(restored.pin == pin)
            let client = try await restored.owner()
            #expect(try client.request("gateway.identity.get", [:])["deviceId"]?.string == identity)
            #expect(try client.session(run.sessionKey)?["status"]?.string == "done")
            #expect(try client.result(of: run)["text"]?.string == "kept\n")
            client.close()
            try restored.stop()
        }
    }

    @Test func whatIsNoGatewayIsNotBackedUp() throws {
        let place = try TemporaryDirectory()
        let tool = CommandLineTool(stateDirectory: place.path + "/none", outputs: place.path)
        let refused = try tool.run("backup", "--output", place.path + "/backup")
        #expect(refused.exitCode == 78 && refused.errors.contains("there is no gateway in"), "\(refused)")
        #expect(!Files.exists(place.path + "/backup") && !Files.exists(place.path + "/backup.partial"))
    }
}
