internal import Agents
internal import Wire

/// Runs a program that should end at once and well.
enum ToolProbe {
    enum Outcome: Equatable {
        case succeeded
        case failed(String)
    }

    private static let patience = Duration.seconds(15)

    static func run(_ command: ExecCommand, _ isolation: Isolation, executable: String) -> Outcome {
        do throws(AgentError) {
            let isolated = try IsolatedCommand(
                command, isolation,
                IsolatedCommand.Surroundings(
                    privateDirectory: "/usr", hidden: [], executable: executable, gatewayID: "",
                    engineEnvironment: [:]))
            let agent = try ExecAgent(isolated.command)
            _ = isolated.file
            agent.closeInput()
            let deadline = ContinuousClock.now + patience
            while ContinuousClock.now < deadline {
                while agent.nextEvent() != nil {}
                if let status = agent.exitStatus {
                    return status.isSuccess ? .succeeded : .failed(firstLine(agent.errorText.text) ?? "\(status)")
                }
                agent.wait(atMost: .milliseconds(200))
            }
            return .failed("no answer within \(patience.components.seconds) s")
        } catch {
            return .failed(error.description)
        }
    }

    private static func firstLine(_ text: String) -> String? {
        text.split(whereSeparator: \.isNewline).first.map { line in
            String(String.UnicodeScalarView(line.unicodeScalars.prefix(300).map { $0.value < 0x20 ? "?" : $0 }))
        }
    }
}
