import Agents
import Client
import Foundation
import JSON
import Testing

/// Conversations with an agent that is a command, held by clients that were not written here.
struct ConversationTests {
    private static func configuration() -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        configuration.agents = [.running("main")]
        return configuration
    }

    @Test func aConversationOverWSSWithAPinnedCertificate() async throws {
        try await scenario {
            if let problem = PythonPeer.problem {
                print("conversation: skipped, \(problem)")
                return
            }
            let gateway = try GatewayProcess(Self.configuration().text)
            let directory = try TemporaryDirectory()
            let run = try PythonPeer.converse(
                "wss://127.0.0.1:\(gateway.port)/", try #require(gateway.pin), "my-token", directory.path)
            #expect(run.code == 0, "\(run.errors)\n\(gateway.log)")
            let result = try JSONParser.parse(Array(run.output.utf8))
            #expect(result["protocol"]?.integer == 4)
            #expect(result["started"]?["runId"] == "turn-1")
            #expect(result["started"]?["status"] == "started")
            let states = result["states"]?.array ?? []
            #expect(states.last == "final")
            #expect(states.dropLast().allSatisfy { $0 == "delta" })
            let deltas = result["deltas"]?.array?.compactMap(\.string) ?? []
            #expect(deltas.joined() == "Hello")
            let cumulative = result["cumulative"]?.array?.compactMap(\.string) ?? []
            #expect(cumulative.last == "Hello")
            #expect(cumulative.dropLast() == deltas.indices.map { deltas[...$0].joined() }[...])
            #expect(result["lifecycle"] == ["start", "end"])
            #expect(result["changed"] == ["send", "start", "end"])
            #expect(result["heard"] == ["printf Hel; sleep 0.4; printf lo", "Hello"])
            #expect(result["again"] == "ok")
            #expect(result["agent"] == ["accepted", "ok"])
            #expect(result["payloads"]?[0]?["text"] == "done\n")
            #expect(result["abort"] == ["ok": true, "aborted": true, "runIds": ["turn-3"]])
            #expect(result["aborted"] == "aborted")
            #expect(result["roles"] == ["user", "assistant", "user", "assistant", "user", "assistant"])
            #expect(result["last"] == "half")
            try gateway.stop()
        }
    }

    private static let sdk = PythonEnvironment(
        "sdk-peer", modules: ["openclaw_sdk", "cryptography"], requirements: ["openclaw-sdk==2.1.0", "cryptography"])

    @Test func thePackageOpenClawSDKTalksAndComesBackAfterARestart() async throws {
        try await scenario {
            if let problem = Self.sdk.problem {
                print("openclaw-sdk: skipped, \(problem)")
                return
            }
            let gateway = try GatewayProcess(Self.configuration().text)
            let home = try TemporaryDirectory()
            let outputs = try TemporaryDirectory()
            let client = try Self.sdk.start(
                script: "sdk_client.py",
                [home.path, "wss://127.0.0.1:\(gateway.port)/gateway", gateway.certificatePath, "my-token"],
                outputs: outputs)
            try eventually("the package has been tried", within: .seconds(60)) {
                guard client.child.peek() == nil else {
                    throw Unexpected("it ended:\n\(client.standardError)\n\(gateway.log)")
                }
                return FileManager.default.fileExists(atPath: home.path + "/tried")
            }
            try gateway.kill()
            try gateway.start()
            _ = try home.write("restarted", "")
            let code = try client.wait(within: .seconds(90))
            #expect(code == 0, "\(client.standardError)\n\(gateway.log)")
            let result = try JSONParser.parse(Array(client.standardOutput.utf8))
            #expect(result["healthy"] == true)
            #expect(result["agents"] == ["main"])
            #expect(result["execute"] == [true, "first"])
            #expect(result["streamed"]?.array?.isEmpty == false)
            let said: [JSON] = [
                ["user", "printf first"], ["assistant", "first"], ["user", "printf sec; sleep 0.3; printf ond"],
                ["assistant", "second"],
            ]
            #expect(result["history"] == .array(said))
            #expect(result["after"] == .array(said), "a restart loses nothing")
            #expect(result["third"] == [true, "third"])
            try gateway.stop()
        }
    }

    /// - Parameter diesWithIt: whether the worker goes too; otherwise it comes back.
    @Test(arguments: [false, true])
    func aGatewayThatIsKilledInATurnLosesAndDoublesNothing(diesWithIt: Bool) async throws {
        try await scenario {
            var configuration = Self.configuration()
            configuration.subagents = "workerGraceMs: \(diesWithIt ? 1500 : 20_000)"
            let gateway = try GatewayProcess(configuration.text)
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            let first =
                "touch \(directory.path)/runs; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; printf first"
            for (index, message) in [first, "printf second"].enumerated() {
                let answer = try before.request(
                    "chat.send",
                    ["sessionKey": "main", "message": .string(message), "idempotencyKey": .string("turn-\(index + 1)")])
                #expect(answer["status"] == "started")
            }
            try eventually("the first turn runs") {
                FileManager.default.fileExists(atPath: directory.path + "/runs")
            }
            try gateway.kill()
            if diesWithIt { gateway.killWorkers() }
            try gateway.start()
            _ = try directory.write("go", "")
            let owner = try await gateway.owner()
            let messages = try eventually("both turns have ended", within: .seconds(40)) { () -> [JSON]? in
                let history = try owner.request("chat.history", ["sessionKey": "main"])
                let messages = history["messages"]?.array ?? []
                return messages.count >= 4 && history["inFlightRun"] == nil ? messages : nil
            }
            let expected = [
                ["user", first], ["user", "printf second"], ["assistant", diesWithIt ? "" : "first"],
                ["assistant", "second"],
            ]
            let said = messages.map { [$0["role"]?.string ?? "", $0["content"]?[0]?["text"]?.string ?? ""] }
            #expect(said == expected, "\(gateway.log)")
            #expect(messages[2]["stopReason"]?.string == (diesWithIt ? "error" : "stop"))
            #expect(messages.compactMap { $0["__openclaw"]?["seq"]?.integer } == [1, 2, 3, 4])
            for (run, status) in [("turn-1", diesWithIt ? "error" : "ok"), ("turn-2", "ok")] {
                let wait = try owner.request("agent.wait", ["runId": .string(run), "timeoutMs": 0])
                #expect(wait["status"]?.string == status)
                // A client that never heard of the end asks again, and nothing runs twice.
                let again = try owner.request(
                    "chat.send", ["sessionKey": "main", "message": "printf again", "idempotencyKey": .string(run)])
                #expect(again["status"]?.string == status)
            }
            owner.close()
            try gateway.stop()
        }
    }
}
