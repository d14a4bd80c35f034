internal import Agents
internal import Files
package import Wire

/// The environment of an agent command (design document, section 5, "What a child sees").
package enum ChildEnvironment {
    /// Variables of the gateway's own environment that a command may see.
    static let allowed: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TMPDIR",
    ]

    /// Whether a variable tells a program which gateway, session and run it belongs to.
    static func isOfRun(_ name: String) -> Bool { name.hasPrefix("SALLYPORT_") }

    /// What of our own environment a command may see.
    static func inheritable(_ environment: [String: String]) -> [String: String] {
        environment.filter { allowed.contains($0.key) || $0.key.hasPrefix("LC_") }
    }

    /// - Parameters:
    ///   - inherited: our own environment.
    ///   - configured: the agent's `env`; wins over what is inherited, never over what identifies the run.
    ///   - executable: our program file, so that a command can call it.
    ///   - isolation: another user has another home, and another file system other directories.
    package static func make(
        inherited: [String: String], configured: [String: String], bootstrap: WorkerBootstrap, executable: String?,
        isolation: Isolation = Isolation()
    ) -> [String: String] {
        var environment = common(
            inherited: inherited, configured: configured, directory: bootstrap.directory, isolation: isolation)
        let token = bootstrap.inheritsToken ? bootstrap.token : bootstrap.runToken
        for (name, value) in ["GATEWAY_URL": bootstrap.url, "GATEWAY_TOKEN": token] {
            environment["OPENCLAW_" + name] = value
            environment["SALLYPORT_" + name] = value
        }
        environment["SALLYPORT_GATEWAY_ID"] = bootstrap.gatewayID
        environment["SALLYPORT_SESSION_KEY"] = bootstrap.sessionKey
        environment["SALLYPORT_RUN_ID"] = bootstrap.runID
        environment["SALLYPORT_SPAWN_GRANTS"] = bootstrap.grants.joined(separator: " ")
        environment["SALLYPORT"] = executable
        environment["SALLYPORT_TLS_FINGERPRINT"] = bootstrap.pins.isEmpty ? nil : bootstrap.pins.joined(separator: ",")
        environment["NODE_EXTRA_CA_CERTS"] = bootstrap.certificatePath
        environment["SSL_CERT_FILE"] = bootstrap.caBundlePath
        environment["WEBSOCKET_CLIENT_CA_BUNDLE"] = bootstrap.caBundlePath
        return environment
    }

    /// Of a command under the gateway itself: it is told which run it is, and nothing that opens the gateway.
    package static func local(
        inherited: [String: String], configured: [String: String], bootstrap: LocalBootstrap, executable: String?,
        isolation: Isolation = Isolation()
    ) -> [String: String] {
        var environment = common(
            inherited: inherited, configured: configured, directory: bootstrap.directory, isolation: isolation)
        environment["SALLYPORT_GATEWAY_ID"] = bootstrap.gatewayID
        environment["SALLYPORT_SESSION_KEY"] = bootstrap.sessionKey
        environment["SALLYPORT_RUN_ID"] = bootstrap.runID
        environment["SALLYPORT"] = executable
        return environment
    }

    /// Our program, where the command finds it.
    static func executable(_ isolation: Isolation) -> String? {
        isolation.kind == .container ? isolation.container?.executable : Files.currentExecutable()
    }

    private static func common(
        inherited: [String: String], configured: [String: String], directory: String, isolation: Isolation
    ) -> [String: String] {
        var environment = inherited.filter { variable in
            guard let named = isolation.inheritedVariables else {
                return allowed.contains(variable.key) || variable.key.hasPrefix("LC_")
            }
            return named.contains(variable.key)
        }
        if isolation.isSandbox {
            let home = IsolatedCommand.ownWorkingDirectory(directory)
            if isolation.kind == .container {
                for name in ["PATH", "SHELL", "USER", "LOGNAME"] { environment[name] = nil }
                environment["HOME"] = home
            } else if let user = isolation.user {
                environment["HOME"] = home
                environment["USER"] = user.name
                environment["LOGNAME"] = user.name
            }
            environment["TMPDIR"] = nil
        }
        environment.merge(configured) { _, new in new }
        environment["OPENCLAW_STATE_DIR"] = directory
        environment["SALLYPORT_STATE_DIR"] = directory
        environment["OPENCLAW_SHELL"] = "exec"
        return environment
    }
}
