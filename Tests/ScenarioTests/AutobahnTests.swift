import Foundation
import Testing

/// A part of the Autobahn TestSuite; `make autobahn` runs all of it.
struct AutobahnTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Conformance/autobahn").path()

    @Test func casesOfEverySectionAreOK() async throws {
        try await scenario {
            let outputs = try TemporaryDirectory()
            var environment = PythonEnvironment.packageIndexEnvironment
            for name in ["SALLYPORT_AUTOBAHN", "PYENV_ROOT", "PYTHON27"] {
                environment[name] = ProcessInfo.processInfo.environment[name]
            }
            // A case gives the server one second, which beside other tests may be too little once.
            let command = [
                "python3", Self.script, "--gateway", Program.path, "--quick", "--jobs", "1", "--retries", "2",
            ]
            guard let suite = try? RunningProcess(command, environment: environment, outputs: outputs.path) else {
                try Test.cancel("there is no python3")
            }
            let code = try suite.wait(within: .seconds(400))
            let output = suite.standardOutput
            print("Autobahn: \(output)")
            if output.hasPrefix("skipped: ") { try Test.cancel(Comment(rawValue: output)) }
            #expect(code == 0, "\(output)\n\(suite.standardError)")
        }
    }
}
