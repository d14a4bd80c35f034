internal import Crypto
internal import Files
internal import JSON
internal import Trust
internal import Wire

/// The private state directory of an agent command, in which stock clients find the derived identity.
enum PrivateDirectory {
    static func fill(_ bootstrap: WorkerBootstrap, identity: SigningIdentity, nowMs: Int64) throws(FileError) {
        let directory = bootstrap.directory + "/identity"
        try Files.makeDirectory(directory)
        let device: JSON = .object(
            JSONObject([
                ("version", 1), ("deviceId", .string(identity.deviceID)),
                ("publicKeyPem", .string(Ed25519PEM.publicKeyPEM(identity.key.publicKey))),
                ("privateKeyPem", .string(Ed25519PEM.privateKeyPEM(identity.key.seed))),
                ("createdAtMs", .integer(nowMs)),
            ]))
        try Files.writeAtomically(directory + "/device.json", Array((device.prettyPrinted() + "\n").utf8))
        let token: JSON = .object(
            JSONObject([
                ("token", .string(bootstrap.runToken)), ("role", "operator"),
                ("scopes", ["operator.read", "operator.write"]), ("updatedAtMs", .integer(nowMs)),
            ]))
        let auth: JSON = .object(
            JSONObject([
                ("version", 1), ("deviceId", .string(identity.deviceID)),
                ("tokens", .object(JSONObject([("operator", token)]))),
            ]))
        try Files.writeAtomically(directory + "/device-auth.json", Array((auth.prettyPrinted() + "\n").utf8))
    }
}
