import Foundation
import Testing

@testable import TLS

/// An authority with certificates of its clients, made by openssl(1).
struct TestAuthority {
    let directory: TemporaryDirectory

    var path: String { directory.path + "/ca.pem" }

    init() throws {
        directory = try TemporaryDirectory()
        try Self.openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            directory.path + "/ca.key", "-out", path, "-subj", "/CN=clients", "-days", "30")
    }

    /// - Parameters:
    ///   - days: negative for one that has expired.
    ///   - usage: of extendedKeyUsage.
    /// - Returns: the paths of certificate and key.
    func issue(
        _ name: String, days: Int = 30, usage: String = "clientAuth"
    ) throws -> (certificate: String, key: String) {
        let base = directory.path + "/" + name
        let extensions = try directory.file(name + ".ext", "extendedKeyUsage=\(usage)\n")
        try Self.openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key", "-out",
            base + ".csr", "-subj", "/CN=\(name)")
        try Self.openssl(
            "x509", "-req", "-in", base + ".csr", "-CA", path, "-CAkey", directory.path + "/ca.key", "-CAcreateserial",
            "-out", base + ".pem", "-days", "\(days)", "-extfile", extensions)
        return (base + ".pem", base + ".key")
    }

    func identity(
        _ name: String, days: Int = 30, usage: String = "clientAuth"
    ) throws -> ClientIdentity {
        let files = try issue(name, days: days, usage: usage)
        return try ClientIdentity(certificatePath: files.certificate, keyPath: files.key)
    }

    private static func openssl(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(words.joined(separator: " ")): \(text)")
    }
}
