import Files
import Foundation
import TLS
import Testing

@testable import Server

@Suite("Files of the next certificate")
final class NextCertificateFilesTests {
    private let state = StateDirectory("/tmp/sallyport-server-\(UUID().uuidString.prefix(13).lowercased())")
    private let files: NextCertificateFiles

    init() throws {
        try state.prepare()
        files = NextCertificateFiles(state)
    }

    deinit { Files.removeTree(state.path) }

    private func pair() throws -> (certificatePEM: String, privateKeyPEM: String) {
        try SelfSignedCertificate.generate(
            dnsNames: ["localhost"], ipAddresses: [], now: Int64(Date().timeIntervalSince1970))
    }

    /// A present pair, and a next one in its files.
    private func prepare(effectiveAtMs: Int64 = 5000) throws -> NextCertificate {
        let present = try pair()
        try Files.writeAtomically(state.privateKey, Array(present.privateKeyPEM.utf8))
        try Files.writeAtomically(state.certificate, Array(present.certificatePEM.utf8))
        let next = try pair()
        let certificate = try NextCertificate(
            certificatePEM: next.certificatePEM, privateKeyPEM: next.privateKeyPEM, effectiveAtMs: effectiveAtMs)
        try files.write(certificate)
        return certificate
    }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("what is written is read again, its key for the owner only")
    func roundTrip() throws {
        #expect(try files.read() == nil)
        let next = try prepare()
        #expect(try files.read()?.info == next.info)
        #expect(try files.read()?.effectiveAtMs == 5000)
        #expect(mode(state.nextPrivateKey) == 0o600)
        try files.setTime(7)
        #expect(try files.read()?.effectiveAtMs == 7)
        let stamps = files.stamps
        files.remove()
        #expect(files.stamps != stamps)
        #expect(try files.read() == nil)
        #expect(!Files.exists(state.nextPrivateKey) && !Files.exists(state.nextCertificate))
    }

    @Test("promotion puts both in their places")
    func promotion() throws {
        let next = try prepare()
        try files.promote()
        let present = try TLSFiles.load(certificatePath: state.certificate, keyPath: state.privateKey)
        #expect(try CertificateInfo(pem: present.certificatePEM) == next.info)
        #expect(try files.read() == nil)
        try files.finishPromotion()
    }

    @Test("a promotion that a crash interrupted is finished", arguments: [1, 2])
    func interrupted(steps: Int) throws {
        let next = try prepare()
        try Files.move(state.nextPrivateKey, to: state.privateKey)
        if steps == 2 { try Files.move(state.nextCertificate, to: state.certificate) }
        try files.finishPromotion()
        let present = try TLSFiles.load(certificatePath: state.certificate, keyPath: state.privateKey)
        #expect(try CertificateInfo(pem: present.certificatePEM) == next.info)
        #expect(try files.read() == nil)
    }

    @Test("without its plan there is no next pair, and a whole one is left for its time")
    func uncommitted() throws {
        _ = try prepare()
        try files.finishPromotion()
        #expect(try files.read() != nil)
        Files.remove(state.nextPlan)
        #expect(try files.read() == nil)
    }

    @Test("damaged files are errors that name them", arguments: ["plan", "certificate", "key"])
    func damaged(which: String) throws {
        _ = try prepare()
        let path =
            switch which {
            case "plan": state.nextPlan
            case "certificate": state.nextCertificate
            default: state.nextPrivateKey
            }
        try Files.writeAtomically(path, Array("{}".utf8))
        let error = #expect(throws: TLSError.self) { try self.files.read() }
        #expect(error?.description.contains(path) == true, "\(String(describing: error))")
    }
}
