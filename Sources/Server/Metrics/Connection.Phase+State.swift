extension Connection.Phase {
    /// As figures have it.
    var state: ReactorMetrics.State {
        switch self {
        case .proxyHeader, .tlsHandshake: .handshake
        case .http, .serving: .http
        case .awaitingConnect, .deciding: .connecting
        case .open: .open
        case .echo: .echo
        case .closing, .lingering, .closed: .closing
        }
    }
}
