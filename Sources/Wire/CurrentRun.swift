package import JSON

/// Which run the process of a session that goes on is at: a file in its private directory, since its environment is still
/// that of the first.
package struct CurrentRun: Equatable, Sendable {
    package static let fileName = "current-run.json"
    package static let maxBytes = 4096

    package let runID: String
    package let token: String
    /// The derived private key, base64url.
    package let seed: String

    package init(runID: String, token: String, seed: String) {
        self.runID = runID
        self.token = token
        self.seed = seed
    }

    package var json: JSON {
        ["runId": .string(runID), "token": .string(token), "seed": .string(seed)]
    }

    package init?(_ bytes: [UInt8]) {
        guard let json = try? JSONParser.parse(bytes), let runID = json["runId"]?.string,
            let token = json["token"]?.string, let seed = json["seed"]?.string
        else { return nil }
        self.init(runID: runID, token: token, seed: seed)
    }
}
