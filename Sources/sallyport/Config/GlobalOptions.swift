internal import Config
internal import Files

/// `--profile NAME` and `--dev`, which every command takes, and `.env` files.
enum GlobalOptions {
    private static let devPort = "19001"

    /// - Returns: the words without these options, and the environment with what they stand for.
    static func take(
        _ words: [String], _ environment: [String: String]
    ) throws(CommandFailure) -> (words: [String], environment: [String: String]) {
        var (rest, environment) = ([String](), environment)
        var index = 0
        while index < words.count, words[index] != "--" {
            let word = words[index]
            index += 1
            if word == "--dev" {
                environment["SALLYPORT_PROFILE"] = "dev"
                let ports = ["SALLYPORT_GATEWAY_PORT", "OPENCLAW_GATEWAY_PORT"]
                if ports.allSatisfy({ (environment[$0] ?? "").isEmpty }) { environment[ports[0]] = devPort }
            } else if word == "--profile" {
                guard index < words.count else { throw CommandFailure(.missingValue, "--profile needs a value: NAME") }
                environment["SALLYPORT_PROFILE"] = words[index]
                index += 1
            } else if word.hasPrefix("--profile=") {
                environment["SALLYPORT_PROFILE"] = String(word.dropFirst("--profile=".count))
            } else {
                rest.append(word)
            }
        }
        return (rest + words[index...], environment)
    }

    /// The environment with what `.env` of the working directory and of the state directory add. Whoever started a worker
    /// has said all that it needs.
    static func withFiles(
        _ environment: [String: String], _ command: Command, _ arguments: Arguments
    ) -> [String: String] {
        guard command.name != "worker" else { return environment }
        let source = ConfigSource(
            stateDirectory: arguments["state-dir"].map(Files.absolute), environment: environment)
        var files: [(bytes: [UInt8], isTrusted: Bool)] = []
        if let here = try? Files.read(".env", maxBytes: ConfigFiles.maxFileBytes) { files.append((here, false)) }
        if let state = try? source.locate().stateDirectory,
            let own = try? Files.read(state + "/.env", maxBytes: ConfigFiles.maxFileBytes)
        {
            files.append((own, true))
        }
        return files.isEmpty ? environment : DotEnvironment.merged(environment, files)
    }
}
