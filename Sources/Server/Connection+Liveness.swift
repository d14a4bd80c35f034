internal import EventLoop
internal import WebSocket

/// What the sweep of its reactor does once a second.
extension Connection {
    func checkLiveness(now: MonotonicInstant) {
        switch phase {
        case .open, .echo, .awaitingConnect, .deciding: break
        case .proxyHeader, .tlsHandshake, .http, .serving, .closing, .lingering, .closed: return
        }
        switch liveness.check(now: now, hasUnsent: unsentBytes > 0) {
        case .fine: break
        case .sendPing:
            let nothing: [UInt8] = []
            queueFrame(.ping, nothing.span)
            flush()
        case .noPong:
            note(.noPong(Liveness.pingInterval), "closed", subsystem: "ws")
            drop()
        case .stalled:
            note(.stalled(Liveness.stallTimeout), "closed", subsystem: "ws")
            drop()
        }
    }
}
