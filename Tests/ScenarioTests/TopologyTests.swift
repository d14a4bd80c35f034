import Foundation
import Testing

/// What one machine's loopback can show of `make topology`: children of each kind, behind each proxy that is installed,
/// whose connections are cut; and strangers.
struct TopologyTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Lab/topology").path()

    @Test func childrenAreAdmittedAndStrangersRefusedBehindEveryProxy() async throws {
        try await scenario {
            let outputs = try TemporaryDirectory()
            let command = ["python3", Self.script, "--gateway", Program.path, "--reduced"]
            guard
                let run = try? RunningProcess(
                    command, environment: PythonEnvironment.packageIndexEnvironment, outputs: outputs.path)
            else { try Test.cancel("there is no python3") }
            let code = try run.wait(within: .seconds(300))
            let output = run.standardOutput
            print("topology: \(output)")
            if output.hasPrefix("skipped: ") { try Test.cancel(Comment(rawValue: output)) }
            #expect(code == 0, "\(output)\n\(run.standardError)")
        }
    }
}
