/// The syntax of agent ids and session keys (wire protocol, "Session keys").
package enum SessionKeySyntax {
    /// `[a-z0-9][a-z0-9_-]{0,63}`
    package static func isAgentID(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count) else { return false }
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): continue
            case UInt8(ascii: "_"), UInt8(ascii: "-"): if index == 0 { return false }
            default: return false
            }
        }
        return true
    }

    package static func main(agentID: String, mainKey: String) -> String {
        "agent:\(agentID):\(mainKey)"
    }

    package static func subagent(agentID: String, spawnID: String) -> String {
        "agent:\(agentID):subagent:\(spawnID)"
    }

    package static func acp(agentID: String, spawnID: String) -> String {
        "agent:\(agentID):acp:\(spawnID)"
    }

    /// The last part of the key of a spawned session, which is its first run's id.
    package static func spawnID(of key: String) -> String? {
        let parts = key.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 4, ["subagent", "acp"].contains(where: { parts[parts.count - 2].elementsEqual($0.utf8) })
        else { return nil }
        return String(Substring(parts[parts.count - 1]))
    }

    /// Whether naming a session makes it. Those of children and of scheduled jobs are the gateway's to make.
    package static func mayBeOpened(_ key: String) -> Bool {
        let parts = key.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return false }
        return !["subagent", "acp", "cron"].contains { parts[2].elementsEqual($0.utf8) }
    }

    /// Whether it is the session of an isolated cron job.
    package static func isCron(_ key: String) -> Bool {
        let parts = key.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
        return parts.count > 3 && parts[0].elementsEqual("agent".utf8) && parts[2].elementsEqual("cron".utf8)
    }

    /// The agent id of `agent:<id>:…`.
    package static func agentID(of key: String) -> String? {
        // By bytes: a colon with a combining mark behind it is another character, but still a colon to everybody else.
        let parts = key.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("agent".utf8), isAgentID(Substring(parts[1])), !parts[2].isEmpty
        else { return nil }
        return String(Substring(parts[1]))
    }
}
