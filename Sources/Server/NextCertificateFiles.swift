internal import Crypto
package import Files
internal import JSON
package import TLS

/// Where the next pair lies: beside the present one, with a small file that says when it takes effect. That file is
/// written last and removed first, so without it there is no next pair.
package struct NextCertificateFiles: Sendable {
    private let state: StateDirectory

    package init(_ state: StateDirectory) {
        self.state = state
    }

    /// - Returns: nil when there is none.
    /// - Throws: ``TLSError`` that names the file, for one that cannot be used.
    package func read() throws(TLSError) -> NextCertificate? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.read(state.nextPlan, maxBytes: 4096)
        } catch {
            if error.isMissing { return nil }
            throw .file(error)
        }
        guard let effectiveAtMs = (try? JSONParser.parse(bytes))?["effectiveAtMs"]?.integer, effectiveAtMs >= 0 else {
            throw .inFile(path: state.nextPlan, .certificateUnreadable(reason: "no effectiveAtMs in it"))
        }
        let pair = try TLSFiles.load(certificatePath: state.nextCertificate, keyPath: state.nextPrivateKey)
        return try NextCertificate(
            certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM, effectiveAtMs: effectiveAtMs)
    }

    package func write(_ next: NextCertificate) throws(FileError) {
        Files.remove(state.nextPlan)
        var key = Array(next.privateKeyPEM.utf8)
        defer { wipe(&key) }
        try Files.writeAtomically(state.nextPrivateKey, key)
        try Files.writeAtomically(state.nextCertificate, Array(next.certificatePEM.utf8), mode: 0o644)
        try setTime(next.effectiveAtMs)
    }

    /// Moves the switch of a pair that is there already.
    package func setTime(_ effectiveAtMs: Int64) throws(FileError) {
        let plan: JSON = ["effectiveAtMs": .integer(effectiveAtMs)]
        try Files.writeAtomically(state.nextPlan, Array((plan.prettyPrinted() + "\n").utf8))
    }

    package func remove() {
        for path in [state.nextPlan, state.nextCertificate, state.nextPrivateKey] { Files.remove(path) }
    }

    /// Puts the next pair in the place of the present one, key first.
    package func promote() throws(FileError) {
        try Files.move(state.nextPrivateKey, to: state.privateKey)
        try Files.move(state.nextCertificate, to: state.certificate)
        Files.remove(state.nextPlan)
    }

    /// Goes on where a crash interrupted ``promote()``. To be called before the present pair is loaded.
    package func finishPromotion() throws(FileError) {
        guard Files.exists(state.nextPlan), !Files.exists(state.nextPrivateKey) else { return }
        if Files.exists(state.nextCertificate) { try Files.move(state.nextCertificate, to: state.certificate) }
        Files.remove(state.nextPlan)
    }

    /// Change whenever one of the files does.
    var stamps: [FileStamp?] {
        [state.nextPlan, state.nextCertificate, state.nextPrivateKey].map { FileStamp($0) }
    }
}
