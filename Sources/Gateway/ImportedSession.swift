package import JSON
internal import Sessions
package import Store
internal import Wire

/// A session of OpenClaw's `sessions.json`, and its transcript, as ours.
package struct ImportedSession: Sendable {
    /// Why an entry is no session that can be taken.
    package struct Damage: Error, Equatable, Sendable {
        package let why: String

        package init(why: String) { self.why = why }
    }

    package let key: String
    /// Names the transcript's file, and the session id here.
    package let sessionID: String
    private var session: Session
    private var createdAtMs: Int64?
    private var messageIDs: Set<String> = []
    /// In the transcript's order.
    package private(set) var rows: [TranscriptRecord] = []
    /// Lines of types that are no messages.
    package private(set) var otherLines = 0

    /// Taken over by the names that `sessions.patch` has for them.
    private static let overrides = ["model", "thinkingLevel", "verboseLevel", "displayName", "sendPolicy"]
    private static let maxNameBytes = 256

    /// - Parameters:
    ///   - agentID: whose `sessions.json` it is.
    ///   - mainKey: the last part of main sessions' keys.
    package init(
        key name: String, _ entry: JSON, agentID: String, mainKey: String, nowMs: Int64
    ) throws(Damage) {
        guard entry.object != nil else { throw Damage(why: "is no object") }
        // Older ones leave the prefix out.
        let key = name.hasPrefix("agent:") ? name : "agent:\(agentID):\(name)"
        guard SessionKeySyntax.agentID(of: key) == agentID, key.utf8.count <= 512,
            !key.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { throw Damage(why: "is no session key of agent \(agentID)") }
        guard let sessionID = entry["sessionId"]?.string, Self.isFileName(sessionID) else {
            throw Damage(why: "sessionId is missing, or no name of a file")
        }
        let updatedAtMs = entry["updatedAt"]?.integer ?? nowMs
        let isSpawned = !SessionKeySyntax.mayBeOpened(key)
        let isMain = key == SessionKeySyntax.main(agentID: agentID, mainKey: mainKey)
        self.key = key
        self.sessionID = sessionID
        session = Session(
            key: key, sessionID: sessionID, agentID: agentID, kind: isSpawned ? .spawned : isMain ? .primary : .chat,
            label: Self.name(entry["label"]),
            parentKey: isSpawned ? Self.name(entry["spawnedBy"]) ?? Self.name(entry["parentSessionKey"]) : nil,
            depth: isSpawned ? Int(min(max(entry["spawnDepth"]?.integer ?? 1, 1), 5)) : 0,
            createdAtMs: updatedAtMs, updatedAtMs: updatedAtMs)
        for field in Self.overrides {
            guard let value = Self.name(entry[field]) else { continue }
            if field == "sendPolicy" && value != "allow" && value != "deny" { continue }
            session.overrides[field] = .string(value)
        }
    }

    /// A line of the transcript.
    ///
    /// - Throws: When it is no JSON object; the line is left out.
    package mutating func take(line bytes: [UInt8], number: Int) throws(Damage) {
        let line: JSON
        do throws(JSONError) {
            line = try JSONParser.parse(bytes)
        } catch {
            throw Damage(why: "is not readable as JSON (\(error.description))")
        }
        guard line.object != nil else { throw Damage(why: "is no JSON object") }
        guard line["type"]?.string == "message" else {
            otherLines += 1
            return
        }
        guard var message = line["message"]?.object, let role = message["role"]?.string, !role.isEmpty else {
            throw Damage(why: "its message has no role")
        }
        let before = rows.last?.timestampMs
        let timestampMs = message["timestamp"]?.integer ?? before ?? session.updatedAtMs
        message["timestamp"] = .integer(timestampMs)
        var id = line["id"]?.string.flatMap { $0.isEmpty || $0.utf8.count > Self.maxNameBytes ? nil : $0 }
        if id == nil || messageIDs.contains(id ?? "") { id = "\(id ?? "line")-\(number)" }
        let updatedAtMs = session.updatedAtMs
        let seq = session.append(ChatMessage.plainText(.object(message)), nowMs: timestampMs)
        session.updatedAtMs = max(updatedAtMs, timestampMs)
        createdAtMs = min(createdAtMs ?? timestampMs, timestampMs)
        messageIDs.insert(id ?? "")
        rows.append(
            TranscriptRecord(
                sessionId: sessionID, seq: seq, role: role, body: JSON.object(message).serialized(),
                timestampMs: timestampMs, messageId: id ?? ""))
    }

    /// The session with its transcript, in one commit.
    ///
    /// - Parameter expectedRevision: of the record that it takes the place of; 0 for none.
    package func operations(expectedRevision: Int64) -> [StoreOperation] {
        var session = session
        session.createdAtMs = createdAtMs ?? session.createdAtMs
        return [.putSession(session.record, expectedRevision: expectedRevision)] + rows.map { .appendTranscript($0) }
    }

    /// Nothing was ever said in it.
    package static func isEmpty(_ record: SessionRecord) -> Bool { Session(record).lastSeq == 0 }

    private static func name(_ value: JSON?) -> String? {
        guard let text = value?.string, !text.isEmpty, text.utf8.count <= maxNameBytes,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { return nil }
        return text
    }

    /// It leads to no other directory.
    private static func isFileName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 128 && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
