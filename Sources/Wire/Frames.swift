package import JSON

/// Encodes what the gateway sends. Nothing else writes a frame.
package enum Frames {
    /// A successful response. `payload` is JSON text and is spliced in as it is.
    /// - Parameter id: the request's id with its quotes, as it came.
    package static func response(id: Span<UInt8>, payload: Span<UInt8>, into out: inout [UInt8]) {
        out.append(utf8: #"{"type":"res","id":"#)
        out.append(span: id)
        out.append(utf8: #","ok":true,"payload":"#)
        out.append(span: payload)
        out.append(UInt8(ascii: "}"))
    }

    package static func response(id: [UInt8], payload: JSON) -> [UInt8] {
        var out: [UInt8] = []
        response(id: id.span, payload: payload.serialized().span, into: &out)
        return out
    }

    package static func failure(id: [UInt8], _ error: GatewayError, payload: JSON? = nil) -> [UInt8] {
        var object = JSONObject([("code", .string(error.code.rawValue)), ("message", .string(error.message))])
        if !error.details.isEmpty { object["details"] = .object(error.details) }
        if error.retryable { object["retryable"] = .bool(true) }
        if let retryAfterMs = error.retryAfterMs { object["retryAfterMs"] = .integer(retryAfterMs) }
        var out: [UInt8] = []
        out.append(utf8: #"{"type":"res","id":"#)
        out.append(contentsOf: id)
        out.append(utf8: #","ok":false"#)
        if let payload {
            out.append(utf8: #","payload":"#)
            out.append(contentsOf: payload.serialized())
        }
        out.append(utf8: #","error":"#)
        out.append(contentsOf: JSON.object(object).serialized())
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// The id of a response that was encoded here, with its quotes; nil for anything else.
    package static func responseID(_ frame: [UInt8]) -> [UInt8]? {
        let prefix = #"{"type":"res","id":"#.utf8
        guard frame.count > prefix.count, frame.starts(with: prefix), frame[prefix.count] == UInt8(ascii: "\"") else {
            return nil
        }
        var index = prefix.count + 1
        while index < frame.count, frame[index] != UInt8(ascii: "\"") {
            index += frame[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index < frame.count ? Array(frame[prefix.count...index]) : nil
    }

    /// An event without its end: `seq` differs from connection to connection and is put in by ``finishEvent``.
    package static func openEvent(_ name: EventName, payload: JSON, stateVersion: StateVersion? = nil) -> [UInt8] {
        openEvent(name, payload: payload.serialized().span, stateVersion: stateVersion)
    }

    /// - Parameter payload: JSON text, spliced in as it is.
    package static func openEvent(
        _ name: EventName, payload: Span<UInt8>, stateVersion: StateVersion? = nil
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.append(utf8: #"{"type":"event","event":""#)
        out.append(contentsOf: name.rawValue.utf8)
        out.append(utf8: #"","payload":"#)
        out.append(span: payload)
        if let stateVersion {
            out.append(utf8: #","stateVersion":"#)
            out.append(contentsOf: stateVersion.json.serialized())
        }
        return out
    }

    /// What follows an open event: `,"seq":N}`, or `}` for a targeted one.
    package static func finishEvent(seq: UInt64?, into out: inout [UInt8]) {
        if let seq {
            out.append(utf8: #","seq":"#)
            out.append(decimal: seq)
        }
        out.append(UInt8(ascii: "}"))
    }

    package static func challenge(nonce: String, timestampMs: Int64) -> [UInt8] {
        var out = openEvent(
            .connectChallenge, payload: .object(JSONObject([("nonce", .string(nonce)), ("ts", .integer(timestampMs))])))
        finishEvent(seq: nil, into: &out)
        return out
    }
}

/// Counters that tell a client whether its copy of presence and health is the latest.
package struct StateVersion: Equatable, Sendable {
    package var presence: Int64
    package var health: Int64

    package init(presence: Int64, health: Int64) {
        self.presence = presence
        self.health = health
    }

    package var json: JSON {
        .object(JSONObject([("presence", .integer(presence)), ("health", .integer(health))]))
    }
}

extension [UInt8] {
    package mutating func append(utf8 text: StaticString) {
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    package mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
