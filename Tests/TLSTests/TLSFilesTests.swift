import Files
import Foundation
import Testing

@testable import TLS

@Suite("Certificate files")
struct TLSFilesTests {
    let directory: TemporaryDirectory
    let certificatePath: String
    let keyPath: String

    init() throws {
        directory = try TemporaryDirectory()
        certificatePath = directory.path + "/gateway/tls/gateway-cert.pem"
        keyPath = directory.path + "/gateway/tls/gateway-key.pem"
    }

    private func loadOrGenerate() throws(TLSError) -> (certificatePEM: String, privateKeyPEM: String, isGenerated: Bool)
    {
        try TLSFiles.loadOrGenerate(
            certificatePath: certificatePath, keyPath: keyPath, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"],
            now: testNow)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    @Test("a pair is made once, private, and found again")
    func generation() throws {
        let made = try loadOrGenerate()
        #expect(made.isGenerated)
        #expect(try mode(keyPath) == 0o600)
        #expect(try mode(certificatePath) == 0o644)
        #expect(try mode(directory.path + "/gateway") == 0o700)
        #expect(try mode(directory.path + "/gateway/tls") == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/gateway/tls").sorted()
        #expect(names == ["gateway-cert.pem", "gateway-key.pem"])

        let found = try loadOrGenerate()
        #expect(!found.isGenerated)
        #expect(found.certificatePEM == made.certificatePEM && found.privateKeyPEM == made.privateKeyPEM)
        let loaded = try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath)
        #expect(loaded.certificatePEM == made.certificatePEM && loaded.privateKeyPEM == made.privateKeyPEM)
    }

    @Test("half a pair is an error that names the missing file, and nothing is made")
    func halfPair() throws {
        _ = try loadOrGenerate()
        let key = try String(contentsOfFile: keyPath, encoding: .utf8)
        try FileManager.default.removeItem(atPath: keyPath)
        #expect(throws: TLSError.halfPair(missing: keyPath, present: certificatePath)) { try loadOrGenerate() }
        #expect(!FileManager.default.fileExists(atPath: keyPath))

        try key.write(toFile: keyPath, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: certificatePath)
        #expect(throws: TLSError.halfPair(missing: certificatePath, present: keyPath)) { try loadOrGenerate() }
        #expect(throws: TLSError.halfPair(missing: certificatePath, present: keyPath)) {
            try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath)
        }
    }

    @Test("loading makes nothing")
    func loading() {
        #expect(throws: TLSError.missingFile(path: certificatePath)) {
            try TLSFiles.load(certificatePath: certificatePath, keyPath: keyPath)
        }
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/gateway"))
    }

    @Test("a link that leads nowhere is not a missing file")
    func danglingLink() throws {
        let certificate = directory.path + "/cert.pem"
        let key = directory.path + "/key.pem"
        for path in [certificate, key] {
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/secret.pem")
        }
        #expect(throws: TLSError.file(.failed(.open, path: certificate, errno: ENOENT))) {
            try TLSFiles.loadOrGenerate(
                certificatePath: certificate, keyPath: key, dnsNames: ["a"], ipAddresses: [], now: testNow)
        }
    }

    @Test("a pair that does not match, and a file that is not what it should be, are named")
    func badFiles() throws {
        let (one, two) = (try Pair.make(), try Pair.make())
        let certificate = try directory.file("cert.pem", one.certificatePEM)
        let otherKey = try directory.file("other.pem", two.privateKeyPEM)
        #expect(throws: TLSError.filesDoNotMatch(certificatePath: certificate, keyPath: otherKey)) {
            try TLSFiles.load(certificatePath: certificate, keyPath: otherKey)
        }
        let error = #expect(throws: TLSError.self) {
            try TLSFiles.load(certificatePath: certificate, keyPath: certificate)
        }
        guard case .inFile(certificate, .privateKeyUnreadable)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let huge = try directory.file("huge.pem", String(repeating: "x", count: TLSFiles.maxFileBytes + 1))
        #expect(throws: TLSError.file(.tooLarge(path: huge, limit: TLSFiles.maxFileBytes))) {
            try TLSFiles.load(certificatePath: huge, keyPath: otherKey)
        }
        #expect(throws: TLSError.file(.notARegularFile(path: directory.path))) {
            try TLSFiles.load(certificatePath: directory.path, keyPath: otherKey)
        }
    }

    @Test("an encrypted key is named", .enabled(if: hasOpenSSL))
    func encryptedKey() throws {
        let pair = try Pair.make()
        let encrypted = try run(
            "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret", input: pair.privateKeyPEM)
        let certificate = try directory.file("cert.pem", pair.certificatePEM)
        let key = try directory.file("key.pem", encrypted.output)
        #expect(throws: TLSError.inFile(path: key, .privateKeyEncrypted)) {
            try TLSFiles.load(certificatePath: certificate, keyPath: key)
        }
    }

    @Test("a key that cannot be opened is named with the reason", .enabled(if: getuid() != 0))
    func unreadableKey() throws {
        _ = try loadOrGenerate()
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: keyPath)
        let error = TLSError.file(.failed(.open, path: keyPath, errno: EACCES))
        #expect(throws: error) { try loadOrGenerate() }
        #expect("\(error)" == "\(keyPath): open: Permission denied")
    }

    @Test("when the certificate cannot be written no key is left behind")
    func noHalfPair() throws {
        // The longest name there can be leaves no room for the temporary file's.
        let certificate = directory.path + "/" + String(repeating: "c", count: 255)
        let key = directory.path + "/key.pem"
        let error = #expect(throws: TLSError.self) {
            try TLSFiles.loadOrGenerate(
                certificatePath: certificate, keyPath: key, dnsNames: ["a"], ipAddresses: [], now: testNow)
        }
        guard case .file(.failed(.open, _, ENAMETOOLONG))? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: key))
    }
}
