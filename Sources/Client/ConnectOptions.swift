package import TLS

/// Everything about one connection that the gateway is told, or that decides how it is dialled.
package struct ConnectOptions: Sendable {
    /// Which of the missed events to replay (our extension; other gateways ignore it).
    package struct Resume: Equatable, Sendable {
        package var connectionID: String
        package var sequence: Int64

        package init(connectionID: String, sequence: Int64) {
            self.connectionID = connectionID
            self.sequence = sequence
        }
    }

    package var url: String
    /// A Unix socket that is dialled instead; of the URL, which is then without TLS, only host and path are used.
    package var socketPath: String?
    package var trust: ClientTLSContext.Trust = .systemAuthorities
    /// For a gateway that asks for a client certificate.
    package var identity: ClientIdentity?
    package var proxies: ProxySettings = .none
    package var plaintext: PlaintextPolicy = .loopbackOnly

    package var clientId = "cli"
    package var clientMode = "cli"
    package var clientVersion = "0.1.0"
    package var displayName: String?
    /// `nil` for a random one.
    package var instanceId: String?
    /// Keep both the same for one device: a change asks for pairing again.
    package var platform = "linux"
    package var deviceFamily: String?
    package var userAgent: String?

    package var role = "operator"
    /// Signed in this order.
    package var scopes: [String] = []
    package var caps: [String] = []

    /// The shared token.
    package var token: String?
    /// One issued to this device earlier. Stands in for ``token`` when that is missing.
    package var deviceToken: String?
    package var password: String?
    /// A setup code's or an enrolment token. Sent when there is neither ``token`` nor ``deviceToken``.
    package var bootstrapToken: String?
    package var device: DeviceKey?
    /// Spawn grants, root first, for a derived device that the gateway has not seen.
    package var grants: [String] = []
    package var resume: Resume?

    package var minProtocol: Int64 = 3
    package var maxProtocol: Int64 = 4
    /// For everything from looking up the name to `hello-ok`.
    package var connectTimeout: Duration = .seconds(10)
    /// A descriptor, of a signalfd for instance, that ends the attempt with ``ClientError/interrupted`` when it becomes
    /// readable. It is not read from.
    package var interrupt: Int32?

    package init(url: String) {
        self.url = url
    }

    /// What is sent as `auth.token`, and so what is signed.
    internal var effectiveToken: String? { token ?? deviceToken }

    internal var effectiveBootstrapToken: String? { effectiveToken == nil ? bootstrapToken : nil }

    /// The first credential that is sent, as a device signs it; a password is never signed.
    internal var signedToken: String { effectiveToken ?? effectiveBootstrapToken ?? "" }
}
