/// `gateway.*`: how and for whom the gateway listens.
package struct GatewaySettings: Equatable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        case local
        /// This installation only connects to a gateway elsewhere.
        case remote
    }

    package enum Bind: String, CaseIterable, Sendable {
        case loopback, lan, tailnet, auto, custom
    }

    package struct ControlUI: Equatable, Sendable {
        package let enabled: Bool
        /// Empty, or with a leading and without a trailing slash.
        package let basePath: String
        /// `scheme://host[:port]`, or `*`.
        package let allowedOrigins: [String]
        package let allowInsecureAuth: Bool
        package let dangerouslyDisableDeviceAuth: Bool
        package let dangerouslyAllowHostHeaderOriginFallback: Bool
    }

    package struct Compression: Equatable, Sendable {
        /// Whether permessage-deflate is negotiated with clients that offer it.
        package let enabled: Bool
    }

    package struct NodePairing: Equatable, Sendable {
        package let autoApproveLocal: Bool
        /// Addresses and ranges, checked for syntax.
        package let autoApproveCIDRs: [String]
    }

    package struct Pairing: Equatable, Sendable {
        package let loopbackExempt: Bool
        package let internalSpawnBypass: Bool
    }

    /// `gateway.metrics.access`: who may read `/metrics`.
    package enum MetricsAccess: String, CaseIterable, Sendable {
        case owner, anybody
    }

    /// `gateway.tailscale.mode`: what stands in front. The gateway starts nothing of it.
    package enum Tailscale: String, CaseIterable, Sendable {
        case off, serve, funnel
    }

    package struct Reload: Equatable, Sendable {
        package enum Mode: String, CaseIterable, Sendable {
            case off, restart, hot, hybrid
        }

        package let mode: Mode
        package let debounce: Duration
    }

    package let mode: Mode
    /// 0, which only the command line can ask for, lets the kernel choose.
    package let port: UInt16
    package let bind: Bind
    /// An IP address; present when `bind` is `custom`.
    package let customBindHost: String?
    /// Listeners besides those of `bind`.
    package let listeners: [ListenerSettings]
    package let auth: GatewayAuthSettings
    package let tls: TLSSettings
    /// Addresses and ranges, checked for syntax.
    package let trustedProxies: [String]
    package let allowRealIPFallback: Bool
    package let controlUI: ControlUI
    package let nodePairing: NodePairing
    package let pairing: Pairing
    /// `gateway.security.enforcePairing`. False is for development only.
    package let enforcePairing: Bool
    /// For TLS, upgrade and `connect` together.
    package let handshakeTimeout: Duration
    package let reload: Reload
    package let compression: Compression
    package let remote: RemoteSettings
    package let tailscale: Tailscale
    package let metricsAccess: MetricsAccess

    /// A Unix socket at which all peers are proxies.
    package var hasProxySocket: Bool {
        listeners.contains { if case .unix = $0.place { true } else { false } }
    }
}
