package import Errors

/// What a configuration has to keep to, as `config validate --json` names it.
package enum ConfigRule: String, CaseIterable, Sendable {
    case unreadable = "config-unreadable"
    case syntax = "config-syntax"
    case unknownKey = "config-unknown-key"
    case unknownFlag = "config-unknown-flag"
    case invalidValue = "config-invalid-value"
    case unsetVariable = "config-unset-variable"
    case secretFile = "config-secret-file"
    case secretCommand = "config-secret-command"
    case shellEnvironment = "config-shell-environment"
    case modeMissing = "config-mode-missing"
    /// A setting that needs another.
    case incomplete = "config-incomplete"
    case conflict = "config-conflict"
    case duplicateAgent = "config-duplicate-agent"
    case noEffect = "config-no-effect"
    /// It lets in, or lets see, more than is safe.
    case exposed = "config-exposed"
}

extension ConfigRule: Catalogued {
    package static let family = ErrorFamily.configuration

    package var text: ErrorText {
        switch self {
        case .unreadable:
            ErrorText(
                "a file of the configuration cannot be read", rule: "the gateway's user may read its configuration",
                remedy: "check --config and the file's permissions: sallyport config file")
        case .syntax:
            ErrorText(
                "a file of the configuration is not JSON5, or includes what it cannot",
                rule: "files are JSON5 objects; $include nests at most 10 deep, and not in a circle",
                remedy: "mend the line that the message names: sallyport config validate")
        case .unknownKey:
            ErrorText(
                "a key is not known, and has no effect", rule: "keys are those of docs/configuration.md",
                remedy: "use the key that the hint names, or remove it; keys: sallyport config schema")
        case .unknownFlag:
            ErrorText(
                "a setting cannot be given on the command line", rule: "few settings have an option",
                remedy: "set it in the file: sallyport config set")
        case .invalidValue:
            ErrorText(
                "a value is not one that the setting takes", rule: "each setting has its type and range",
                remedy: "use a value as the message says; sallyport config schema has all")
        case .unsetVariable:
            ErrorText(
                "a ${NAME} is not set", rule: "what is referred to exists",
                remedy: "set NAME in the environment, or write $${NAME} for a literal")
        case .secretFile:
            ErrorText(
                "the file of a secret gives none", rule: "a reference that cannot be resolved is an error",
                remedy: "check the id, and path and mode of secrets.providers; the gateway's user has to read the file")
        case .secretCommand:
            ErrorText(
                "the command of a secret gives none", rule: "a reference that cannot be resolved is an error",
                remedy: "run the command of secrets.providers by hand as the gateway's user")
        case .shellEnvironment:
            ErrorText(
                "the login shell of env.shellEnv gives no variables", rule: "it answers within env.shellEnv.timeoutMs",
                remedy: "see what the profile of the gateway's user does, or remove env.shellEnv")
        case .modeMissing:
            ErrorText(
                "gateway.mode is not set", rule: "a gateway serves only where it is told to",
                remedy: "set gateway.mode: \"local\": sallyport config set gateway.mode local")
        case .incomplete:
            ErrorText(
                "a setting needs another that is missing", rule: "settings that belong together are set together",
                remedy: "set what the message names, or remove the one that asks for it")
        case .conflict:
            ErrorText(
                "two settings exclude each other", rule: "one thing is said once",
                remedy: "keep one of them, as the hint says")
        case .duplicateAgent:
            ErrorText(
                "two agents have the same id", rule: "an id names one agent", remedy: "give one of them another id")
        case .noEffect:
            ErrorText(
                "a setting has no effect here", rule: "what is set does something",
                remedy: "remove it, or set what it belongs to")
        case .exposed:
            ErrorText(
                "a setting lets in, or lets see, more than is safe",
                rule: "beyond loopback there is TLS, a secret, and no trust by address",
                remedy: "set what the hint names: gateway.auth.mode, gateway.tls.enabled or a narrower address")
        }
    }
}
