internal import Files

/// The authorities of client certificates: who may sign them.
package struct ClientAuthorities: Sendable {
    private static let maxFiles = 256

    let certificates: [Certificate]

    /// - Parameter path: A PEM file with one certificate or more, or a directory with such files (`.pem`, `.crt`, `.cer`).
    package init(path: String) throws(TLSError) {
        let names = Files.names(in: path).sorted().filter { name in
            [".pem", ".crt", ".cer"].contains { name.hasSuffix($0) }
        }
        do throws(TLSError) {
            var certificates: [Certificate] = []
            for file in names.isEmpty ? [path] : names.prefix(Self.maxFiles).map({ path + "/" + $0 }) {
                certificates += try Certificate.chain(pem: FileAccess.read(file, maxBytes: TLSFiles.maxFileBytes))
            }
            self.certificates = certificates
        } catch {
            let reason = if case .certificateUnreadable(let reason) = error { reason } else { error.description }
            throw .authoritiesUnreadable(path: path, reason: reason)
        }
    }
}
