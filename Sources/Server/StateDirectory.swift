internal import Crypto
package import Files

/// Where things lie in the state directory.
package struct StateDirectory: Equatable, Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    package var lockFile: String { path + "/run/gateway.lock" }
    /// URLs, pins and process id of the running gateway, for the command line.
    package var runFile: String { path + "/run/gateway.json" }
    /// The number of the process that supervises a gateway without a service manager.
    package var supervisorFile: String { path + "/run/supervisor.pid" }
    /// What a gateway that runs in the background says.
    package var serviceLog: String { path + "/logs/gateway.log" }
    /// Where the same user, and nobody else, is the owner.
    package var ownerSocket: String { path + "/run/owner.sock" }
    package var caBundle: String { path + "/run/ca-bundle.pem" }
    /// The gateway's own certificates: the one in use, and the next while it is announced.
    package var ownCertificates: String { path + "/run/gateway-certificates.pem" }
    package var childrenDirectory: String { path + "/run/children" }
    /// Where workers say which process they are.
    package var marksDirectory: String { path + "/run/workers" }
    package var rootIdentity: String { path + "/identity/gateway.json" }
    /// The identity of this machine's command line.
    package var deviceIdentity: String { path + "/identity/device.json" }
    package var deviceAuth: String { path + "/identity/device-auth.json" }
    package var database: String { path + "/state/sallyport.sqlite" }
    package var certificate: String { path + "/gateway/tls/gateway-cert.pem" }
    package var privateKey: String { path + "/gateway/tls/gateway-key.pem" }
    package var nextCertificate: String { path + "/gateway/tls/next-cert.pem" }
    package var nextPrivateKey: String { path + "/gateway/tls/next-key.pem" }
    /// When the next pair takes the place of the present one.
    package var nextPlan: String { path + "/gateway/tls/next.json" }
    package var rotationLock: String { path + "/run/tls-rotate.lock" }
    /// The shared token, when nobody configured one.
    package var tokenFile: String { path + "/gateway/token" }

    package func childDirectory(runID: String) -> String { childrenDirectory + "/" + Self.directoryName(runID: runID) }

    /// Clients name turns; what could be anything but a plain name is not used as one.
    static func directoryName(runID: String) -> String {
        let isPlain =
            (1...64).contains(runID.utf8.count)
            && runID.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        return isPlain ? runID : "=" + Hex.encode(SHA256.digest(Array(runID.utf8)))
    }

    package func prepare() throws(FileError) {
        for directory in [
            path, path + "/run", childrenDirectory, marksDirectory, path + "/identity", path + "/state",
            path + "/gateway/tls",
        ] {
            try Files.makeDirectory(directory)
        }
    }

    /// Private directories of children that belong to none of these runs.
    package func childDirectories(besides runIDs: some Sequence<String>) -> [String] {
        let kept = Set(runIDs.map(Self.directoryName))
        return Files.names(in: childrenDirectory).filter { !kept.contains($0) }.map { childrenDirectory + "/" + $0 }
    }
}
