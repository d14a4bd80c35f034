/// Where a code is met.
package enum ErrorFamily: String, CaseIterable, Sendable {
    case answer, code, admission, credential, proof, grant, pairing, spawn, close, refusal, http, configuration, start,
        finding, command, commandLine = "command-line"

    package var title: String {
        switch self {
        case .answer: "Answers of the gateway"
        case .code: "Codes of answers"
        case .admission: "Admission"
        case .credential: "Credentials"
        case .proof: "Device proofs"
        case .grant: "Spawn grants"
        case .pairing: "Pairing"
        case .spawn: "Spawns"
        case .close: "Closed connections"
        case .refusal: "Refusals in the log"
        case .http: "Refused requests by HTTP"
        case .configuration: "The configuration"
        case .start: "Starting, backups and imports"
        case .finding: "Findings of doctor"
        case .command: "The command line"
        case .commandLine: "Failures of the command line"
        }
    }

    /// Where it stands for whoever has it before them.
    package var place: String {
        switch self {
        case .answer: "`error.details.code` of an answer, also of the one to `connect`"
        case .code: "`error.code` of an answer; `error.details.code` says more, where it is there"
        case .admission: "`rule=` of a refused connect in the log, and the last step of `sallyport explain DECISION-ID`"
        case .credential: "`error.details.authReason` of a refused `connect`"
        case .proof: "`error.details.reason` of a refused `connect`"
        case .grant: "`error.details.reason` with `SPAWN_GRANT_REFUSED`"
        case .pairing: "`error.details.reason` with `PAIRING_REQUIRED`, and in the close reason"
        case .spawn: "`rule` of a refused spawn, and `error.details.reason` with `SPAWN_REFUSED`"
        case .close: "the reason of a WebSocket Close frame; what follows it belongs to the case"
        case .refusal: "`rule=` in the log and in `/metrics`"
        case .http: "`rule=` in the log and in `/metrics`; the sentence is the body of the answer"
        case .configuration: "`code` in `config validate --json`, and in answers of `config.*`"
        case .start:
            "`rule=` below what `gateway run` says, and in the log when a changed configuration or certificate is not taken; "
                + "`error.rule` with `--json`"
        case .finding: "in brackets behind what `sallyport doctor` finds; `code` with `--json`"
        case .command: "`error.type` with `--json`"
        case .commandLine: "`error.rule` with `--json`"
        }
    }
}
