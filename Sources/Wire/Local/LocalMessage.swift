package import JSON

/// What is said of a local run, one JSON object on each line of its supervisor's output.
package enum LocalMessage: Equatable, Sendable {
    /// Everything is there; the command waits for ``go``.
    case ready
    case output(stream: String, text: String)
    /// Status, exit code, cause and text, as of `run.complete`.
    case end(JSONObject)

    /// What the gateway writes once it is durable that the run begins.
    package static let go = UInt8(ascii: "g")
    /// No message is longer: a result's text with every character escaped.
    package static let maxBytes = 2 << 20

    package var line: [UInt8] {
        let json: JSON =
            switch self {
            case .ready: ["ready": true]
            case .output(let stream, let text): ["stream": .string(stream), "text": .string(text)]
            case .end(let result): ["end": .object(result)]
            }
        return json.serialized() + [UInt8(ascii: "\n")]
    }

    package init?(_ line: [UInt8]) {
        guard let json = try? JSONParser.parse(line) else { return nil }
        if let end = json["end"]?.object {
            self = .end(end)
        } else if let stream = json["stream"]?.string, let text = json["text"]?.string {
            self = .output(stream: stream, text: text)
        } else if json["ready"]?.bool == true {
            self = .ready
        } else {
            return nil
        }
    }
}
