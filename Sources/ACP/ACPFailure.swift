/// Why talking with an agent failed. What the agent said is cut and escaped: it ends up in events and logs.
package enum ACPFailure: Error, Equatable, Sendable {
    case notAMessage(excerpt: String)
    case lineTooLong(maxBytes: Int)
    case refused(method: String, ACPMessage.RPCError)
    case authenticationRequired(offered: [String])
    case protocolVersion(Int64?)
    /// A result without what it has to hold.
    case malformed(method: String, missing: String)
    case silent(method: String, seconds: Int64)
    case ended(during: String)
    case tooManyRequests(max: Int)
}

extension ACPFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAMessage(let excerpt):
            "the agent wrote something else than a JSON-RPC message to its standard output: \(excerpt); "
                + "agents.list[].runtime.acp.command has to be an agent of the Agent Client Protocol, and log to standard error"
        case .lineTooLong(let maxBytes):
            "the agent wrote a line of more than \(maxBytes) bytes"
        case .refused(let method, let error):
            "the agent answered \(method) with error \(error.code): \(Excerpt.of(error.message))"
        case .authenticationRequired(let offered) where offered.isEmpty:
            "the agent requires authentication and offers no method for it: log in with the agent's own command line"
        case .authenticationRequired(let offered):
            "the agent requires authentication, and none of what it offers worked "
                + "(\(Excerpt.of(offered.joined(separator: ", ")))): log in with the agent's own command line"
        case .protocolVersion(let version):
            "the agent speaks version \(version.map { String($0) } ?? "?") of the Agent Client Protocol, not 1"
        case .malformed(let method, let missing):
            "the agent's answer to \(method) has no valid \(missing)"
        case .silent(let method, let seconds):
            "the agent did not answer \(method) within \(seconds) s"
        case .ended(let method):
            "the agent ended before it answered \(method)"
        case .tooManyRequests(let max):
            "the agent asked more than \(max) things at a time"
        }
    }
}

/// A short, printable piece of what somebody else said.
enum Excerpt {
    static let maxScalars = 160

    static func of(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < maxScalars else { return result + "…" }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func of(_ bytes: [UInt8]) -> String {
        of(String(decoding: bytes.prefix(4 * maxScalars), as: UTF8.self))
    }
}
