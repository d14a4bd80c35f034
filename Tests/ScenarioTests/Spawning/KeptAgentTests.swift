import Client
import Foundation
import JSON
import Testing

/// Spawns with `mode: "session"`: the ACP agent's process, and the conversation with it, go on from message to message.
struct KeptAgentTests {
    private static let agent = Bundle.module.bundlePath + "/Peers/kept_agent.py"

    private static func requirePython() throws {
        guard InstalledProgram.path(of: "python3") != nil else { try Test.cancel("python3 is not installed") }
    }

    private static func gateway(_ acp: String = "", agent more: String = "", command: [String]? = nil) throws
        -> GatewayProcess
    {
        var configuration = GatewayConfiguration()
        var coder = GatewayConfiguration.Agent.acp("coder", command ?? ["python3", agent])
        coder.more = more
        configuration.agents = [coder, .shell("lines", "echo \"lines $1\"")]
        configuration.more = "acp: { \(acp) },"
        return try GatewayProcess(configuration.text)
    }

    private struct Conversation {
        let owner: GatewayClient
        let run: GatewayClient.Spawned
        var turns = 0

        init(_ owner: GatewayClient, _ task: String) throws {
            self.owner = owner
            let answer = try owner.request(
                "sessions.spawn",
                ["task": .string(task), "agentId": "coder", "mode": "session", "cleanup": "delete"])
            guard let key = answer["childSessionKey"]?.string, let runID = answer["runId"]?.string else {
                throw Unexpected("the spawn was refused: \(answer)")
            }
            #expect(answer["mode"] == "session")
            run = GatewayClient.Spawned(sessionKey: key, runID: runID)
        }

        /// The text of the first run.
        func first() throws -> String {
            let result = try owner.result(of: run)
            #expect(result["status"]?.string == "ok", "\(result)")
            return result["text"]?.string ?? ""
        }

        /// The text of another message's answer.
        mutating func say(_ message: String, status: String = "ok") throws -> String {
            turns += 1
            let id = "\(run.runID)-\(turns)"
            _ = try owner.request(
                "chat.send",
                ["sessionKey": .string(run.sessionKey), "message": .string(message), "idempotencyKey": .string(id)])
            let answer = try owner.request(
                "agent.wait", ["runId": .string(id), "timeoutMs": 25_000], timeout: .seconds(30))
            #expect(answer["result"]?["status"]?.string == status, "\(answer)")
            return answer["result"]?["text"]?.string ?? ""
        }
    }

    @Test func oneProcessAnswersAllMessagesAndSpawnsWithTheRightsOfEach() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            var conversation = try Conversation(owner, "pid spawn=lines")
            let first = try conversation.first()
            #expect(first.contains("spawned: lines from the agent"), "\(first)")
            let pid = first.prefix { $0 != "\n" }
            #expect(pid.hasPrefix("pid "))
            // Between two messages nothing is connected, and the agent is there.
            #expect(gateway.log.contains("attached run=\(conversation.run.runID)"))
            for turn in 1...2 {
                let answer = try conversation.say("pid heard spawn=lines")
                #expect(answer.hasPrefix("\(pid)\nnew: pid spawn=lines"), "\(turn): \(answer)")
                #expect(answer.contains("spawned: lines from the agent"), "\(turn): \(answer)")
            }
            // The command line of the agent's own commands finds its run, too.
            let listed = try conversation.say("run=\(Program.path)+sessions+list")
            #expect(listed.contains(conversation.run.sessionKey), "\(listed)")
            // Kept although it asked for deletion, and closed by deletion.
            #expect(try owner.session(conversation.run.sessionKey) != nil)
            _ = try owner.request("sessions.delete", ["key": .string(conversation.run.sessionKey)])
            try eventually("the process has ended") { gateway.processes.count == 1 }
            #expect(gateway.childDirectories.isEmpty)
            owner.close()
            try gateway.stop()
        }
    }

    @Test func afterItsTimeTheProcessEndsAndTheConversationIsLoaded() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway("runtime: { ttlMinutes: 0 }")
            let owner = try await gateway.owner()
            var conversation = try Conversation(owner, "pid")
            let pid = try conversation.first().split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) }
            try eventually("the process has ended") { gateway.processes.count == 1 }
            let answer = try conversation.say("heard pid")
            #expect(answer.hasPrefix("session-\(pid ?? "?"): \n"), "\(answer)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aProcessThatDiesBetweenMessagesIsReplaced() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            var conversation = try Conversation(owner, "pid")
            let pid = try #require(
                try conversation.first().split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0) })
            #expect(Foundation.kill(pid, SIGKILL) == 0)
            try eventually("its worker has ended") { gateway.processes.count == 1 }
            let answer = try conversation.say("heard")
            #expect(answer == "session-\(pid): \n", "\(answer)")
            // One that dies at a message is an end like any other; the next message finds another.
            _ = try conversation.say("exit", status: "error")
            let after = try conversation.say("heard")
            #expect(after == "session-\(pid): \n", "\(after)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func anAbortEndsTheProcessAndAResetTheConversation() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            var conversation = try Conversation(owner, "pid")
            _ = try conversation.first()
            try eventually("the agent waits") { gateway.processes.count == 3 }
            _ = try owner.request("sessions.abort", ["key": .string(conversation.run.sessionKey)])
            try eventually("the process has ended") { gateway.processes.count == 1 }
            #expect(try conversation.say("heard").hasPrefix("session-"))
            _ = try owner.request("sessions.reset", ["key": .string(conversation.run.sessionKey)])
            #expect(try conversation.say("heard") == "new: \n")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theGatewayIsKilledWhileTheAgentWaitsAndWhileItWorks() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway()
            let directory = try TemporaryDirectory()
            let before = try await gateway.owner()
            let conversation = try Conversation(before, "pid")
            _ = try conversation.first()
            try eventually("the agent waits") { gateway.processes.count == 3 }
            try gateway.kill()
            try eventually("nobody waits for a gateway that is gone") { gateway.processes.isEmpty }
            try gateway.start()
            let second = try await gateway.owner()
            let run = conversation.run
            func send(_ owner: GatewayClient, _ message: String, _ id: String) throws {
                _ = try owner.request(
                    "chat.send",
                    ["sessionKey": .string(run.sessionKey), "message": .string(message), "idempotencyKey": .string(id)])
            }
            func text(_ owner: GatewayClient, _ id: String) throws -> String {
                let answer = try owner.request(
                    "agent.wait", ["runId": .string(id), "timeoutMs": 25_000], timeout: .seconds(30))
                #expect(answer["result"]?["status"]?.string == "ok", "\(answer)\n\(gateway.log)")
                return answer["result"]?["text"]?.string ?? ""
            }
            try send(second, "heard", "loaded")
            #expect(try text(second, "loaded").hasPrefix("session-"))
            // The second message of its process: the next gateway must know the directory for that of a run that lives.
            try send(
                second,
                "run=sh+-c+touch~\(directory.path)/begun;while~!~[~-e~\(directory.path)/go~];do~sleep~0.05;done",
                "working")
            _ = try? eventually("the agent works", within: .seconds(10)) {
                FileManager.default.fileExists(atPath: directory.path + "/begun") ? true : nil
            }
            try gateway.kill()
            try gateway.start()
            let third = try await gateway.owner()
            _ = try directory.write("go", "")
            _ = try text(third, "working")
            try send(third, "heard", "after")
            #expect(try text(third, "after").hasPrefix("session-"))
            third.close()
            try gateway.stop()
        }
    }

    @Test func anotherConfigurationOfTheAgentIsAnotherProcess() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            var conversation = try Conversation(owner, "run=sh+-c+echo~$WORD pid")
            let first = try conversation.first()
            _ = try owner.request(
                "sessions.patch", ["key": .string(conversation.run.sessionKey), "model": "another"])
            let second = try conversation.say("run=sh+-c+echo~$SALLYPORT_MODEL heard")
            #expect(second.hasPrefix("another\nsession-"), "\(first) \(second)")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func messagesThatComeDuringTheFirstRunWaitForIt() async throws {
        try Self.requirePython()
        try await scenario {
            let gateway = try Self.gateway()
            let directory = try TemporaryDirectory()
            let owner = try await gateway.owner()
            var conversation = try Conversation(
                owner, "run=sh+-c+while~!~[~-e~\(directory.path)/go~];do~sleep~0.05;done pid")
            _ = try owner.request(
                "chat.send",
                [
                    "sessionKey": .string(conversation.run.sessionKey), "message": "heard", "idempotencyKey": "early",
                ])
            _ = try directory.write("go", "")
            let answer = try owner.request(
                "agent.wait", ["runId": "early", "timeoutMs": 25_000], timeout: .seconds(30))
            #expect(answer["result"]?["text"]?.string?.hasPrefix("new: run=sh") == true, "\(answer)")
            _ = try conversation.say("pid")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func theExampleOfThePythonPackageIsKeptToo() async throws {
        if let problem = ACPPeer.problem {
            try Test.cancel("the agents of the Python package are not to be had: \(problem)")
        }
        try await scenario {
            let gateway = try Self.gateway(command: ACPPeer.example)
            let owner = try await gateway.owner()
            var conversation = try Conversation(owner, "one")
            #expect(try conversation.first() == "Client sent:one")
            let worker = try gateway.worker()
            #expect(try conversation.say("two") == "Client sent:two")
            #expect(try gateway.worker() == worker)
            owner.close()
            try gateway.stop()
        }
    }
}
