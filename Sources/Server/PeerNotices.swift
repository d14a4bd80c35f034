internal import HTTP
internal import Synchronization

/// Remembers what was logged of whom, so that a peer that does the same again and again is named once.
///
/// Bounded: beyond ``maxEntries`` the oldest is forgotten, and may be named again. IPv6 peers are told apart by their
/// /64, which is what one of them has.
final class PeerNotices: Sendable {
    enum Notice: Hashable {
        /// Forwarding headers from somebody who may not send them.
        case ignoredHeaders
        /// Forwarding headers of a trusted proxy that name nobody.
        case unresolvedHeaders
        case missingProxyHeader
        case untrustedProxyHeader
        case unexpectedProxyHeader
        case malformedProxyHeader
        case stalledProxyHeader
    }

    private struct Entry: Hashable {
        let notice: Notice
        /// Nil for Unix sockets.
        let network: IPAddress?
    }

    private struct State {
        var known: Set<Entry> = []
        /// In the order of arrival, from `oldest` on in a circle.
        var order: [Entry] = []
        var oldest = 0
    }

    private let maxEntries: Int
    private let state = Mutex(State())

    init(maxEntries: Int = 1024) {
        self.maxEntries = maxEntries
    }

    /// Notes it.
    /// - Returns: whether it is new.
    func isNew(_ notice: Notice, from peer: IPAddress?) -> Bool {
        let network = peer.map { $0.isV4 ? $0 : CIDR($0, prefixLength: 64)?.base ?? $0 }
        let entry = Entry(notice: notice, network: network)
        return state.withLock { state in
            guard state.known.insert(entry).inserted else { return false }
            if state.order.count < maxEntries {
                state.order.append(entry)
            } else {
                state.known.remove(state.order[state.oldest])
                state.order[state.oldest] = entry
                state.oldest = (state.oldest + 1) % maxEntries
            }
            return true
        }
    }
}
