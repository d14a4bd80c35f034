package import Files
package import TLS

/// Pins that a worker has heard of since it started its command, kept in the command's state directory: the command's
/// environment still has those of its start.
package enum AnnouncedPins {
    private static let maxBytes = 4096

    private static func path(in stateDirectory: String) -> String { stateDirectory + "/tls-pins" }

    package static func write(_ pins: PinSet, stateDirectory: String) throws(FileError) {
        // The directory is the command's, which may be another user; nobody else can enter it.
        try Files.writeAtomically(path(in: stateDirectory), Array((pins.text + "\n").utf8), mode: 0o644)
    }

    /// - Returns: `nil` when nothing was announced.
    package static func read(stateDirectory: String) -> PinSet? {
        guard let bytes = try? Files.read(path(in: stateDirectory), maxBytes: maxBytes) else { return nil }
        return PinSet(String(decoding: bytes, as: UTF8.self))
    }
}
