internal import Agents
internal import Crypto
internal import Files
internal import Glibc
internal import JSON
internal import Trust
internal import Wire

/// The private state directory of an agent command, in which stock clients find the derived identity.
enum PrivateDirectory {
    private static let certificates = "/gateway-certificates.pem"
    private static let caBundle = "/ca-bundle.pem"

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

    /// What the processes of a session that goes on need to know of its next run.
    ///
    /// In the directory itself, which is its user's and which nobody else can enter; what is below it that user could have
    /// replaced since.
    static func renew(_ bootstrap: WorkerBootstrap) throws(FileError) {
        let run = CurrentRun(
            runID: bootstrap.runID, token: bootstrap.inheritsToken ? bootstrap.token : bootstrap.runToken,
            seed: bootstrap.seed)
        try Files.writeAtomically(
            bootstrap.directory + "/" + CurrentRun.fileName, run.json.serialized(), mode: 0o644)
    }

    /// Copies of what lies in the gateway's directory, which an isolated command does not see.
    ///
    /// Files that anybody may read, in a directory that only the command's user can enter: by the time of a rotation that
    /// user has the directory, and root must not give away what it finds there.
    static func copyCertificates(_ bootstrap: WorkerBootstrap) throws(FileError) {
        for (source, name) in [(bootstrap.certificatePath, certificates), (bootstrap.caBundlePath, caBundle)] {
            guard let source else { continue }
            try Files.writeAtomically(bootstrap.directory + name, try Files.read(source), mode: 0o644)
        }
    }

    /// The same, of a gateway elsewhere: as it has shown them, behind the authorities of this host. Whoever verifies them has
    /// more to go by than a pin, so they are those of a connection whose pin was right.
    static func writeCertificates(_ shown: String, _ bootstrap: WorkerBootstrap) throws(FileError) {
        let authorities = try bootstrap.authoritiesPath.map { path throws(FileError) in
            String(decoding: try Files.read(path), as: UTF8.self)
        }
        try CABundle.write(
            [shown] + (authorities.map { [$0] } ?? []), ownPath: bootstrap.directory + certificates,
            bundlePath: bootstrap.directory + caBundle)
    }

    /// The orders with the certificates that are written into the directory itself.
    static func withOwnCertificates(_ bootstrap: WorkerBootstrap) -> WorkerBootstrap {
        var bootstrap = bootstrap
        bootstrap.certificatePath = bootstrap.directory + certificates
        bootstrap.caBundlePath = bootstrap.directory + caBundle
        return bootstrap
    }

    /// The orders as an isolated command has to see them.
    static func isolated(_ bootstrap: WorkerBootstrap) -> WorkerBootstrap {
        var bootstrap = bootstrap
        bootstrap.certificatePath = bootstrap.certificatePath.map { _ in bootstrap.directory + certificates }
        bootstrap.caBundlePath = bootstrap.caBundlePath.map { _ in bootstrap.directory + caBundle }
        return bootstrap
    }

    /// Hands the directory over. Nothing runs yet that could put something else in the place of what is in it.
    static func give(_ directory: String, to user: Isolation.User) throws(FileError) {
        let identity = directory + "/identity"
        let workspace = IsolatedCommand.ownWorkingDirectory(directory)
        let attached = directory + "/" + AttachedFile.directory
        for name in Files.names(in: attached) { try give(attached + "/" + name, user) }
        if Files.exists(attached) { try give(attached, user) }
        // A local run has no identity.
        for path in [identity + "/device.json", identity + "/device-auth.json", identity] where Files.exists(path) {
            try give(path, user)
        }
        try give(workspace, user)
        try give(directory, user)
    }

    private static func give(_ path: String, _ user: Isolation.User) throws(FileError) {
        guard unsafe lchown(path, user.uid, user.gid) == 0 else {
            throw .failed(.makeDirectory, path: path, errno: errno)
        }
    }
}
