internal import Errors

extension CommandFailure.Kind: Catalogued {
    static let family = ErrorFamily.command

    var text: ErrorText {
        switch self {
        case .usage:
            ErrorText(
                "the command was not used as it has to be; exit code 2", rule: "words and options are those of --help",
                remedy: "see the command's --help; sallyport --help lists all commands")
        case .configuration:
            ErrorText(
                "the configuration, the state directory or the port cannot be used; exit code 78",
                rule: "nothing is done with a configuration that has errors",
                remedy: "mend what the message names: sallyport config validate, sallyport doctor")
        case .transport:
            ErrorText(
                "there was no connection to the gateway, or it ended; exit code 1",
                rule: "the gateway runs, and its certificate is trusted or pinned",
                remedy: "on its host: sallyport gateway status; the pin: sallyport tls fingerprint")
        case .refused:
            ErrorText(
                "the gateway answered, and said no; exit code 1", rule: "error.code and error.details say which",
                remedy: "error.details.code has a remedy of its own: sallyport explain error CODE")
        case .command:
            ErrorText(
                "the command failed; exit code 1, or 7 and 65 as sallyport sessions_spawn has them",
                rule: "a command does all of its work or says what it did not", remedy: "do what the hint says")
        }
    }
}
