internal import Client
internal import JSON
internal import TLS

/// The gateway's certificate changes: the one in use and the next are good, and no other any more. What says so came
/// over a connection that a pin has vouched for.
enum NextPins {
    /// - Returns: what to accept from now on; nil when there is nothing to learn.
    static func accepted(_ announcement: JSON, knowing trust: ClientTLSContext.Trust) -> PinSet? {
        guard case .pins(let known) = trust,
            let next = announcement["certificateSHA256"]?.string.flatMap({ CertificatePin($0) })
        else { return nil }
        let current = announcement["current"]?["certificateSHA256"]?.string.flatMap { CertificatePin($0) }
        let kept = current.map { [$0] } ?? known.pins.suffix(1)
        return PinSet(kept + (kept.contains(next) ? [] : [next]))
    }
}
