/// Where a request comes from, after its forwarding headers were judged.
package struct RequestSource: Equatable, Sendable {
    /// What became of `Forwarded`, `X-Forwarded-*` and `X-Real-IP`.
    package enum Headers: Equatable, Sendable {
        case absent
        /// A trusted proxy wrote them, and they name the client.
        case believed
        /// A trusted proxy passed them on, but nobody is named in them who could be believed.
        case unresolved
        /// They say once more what the PROXY header has said.
        case repeated
        /// Nobody who may write them has written them.
        case ignored
    }

    package let client: ClientAddress
    package let headers: Headers
    /// A loopback peer, no proxy and no header of one in between. Never true for what any proxy relays.
    package let isDirectLocal: Bool

    package init(client: ClientAddress, headers: Headers, isDirectLocal: Bool) {
        self.client = client
        self.headers = headers
        self.isDirectLocal = isDirectLocal
    }

    package var hasForwardingHeaders: Bool { headers != .absent }

    /// The request was forwarded, and for whom is not known.
    package var isUnattributed: Bool {
        switch headers {
        case .unresolved: true
        case .ignored: if case .forwarded = client { false } else { true }
        case .absent, .believed, .repeated: false
        }
    }
}
