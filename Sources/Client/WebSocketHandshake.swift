internal import Crypto
internal import HTTP

/// The upgrade of a fresh connection (RFC 6455 §4.1). No `Origin` and no forwarding fields are sent: both would change
/// what the gateway takes us for.
internal enum WebSocketHandshake {
    /// - Returns: What the server sent after its head: the first frames, perhaps.
    internal static func perform(
        on transport: Transport, _ endpoint: GatewayEndpoint, userAgent: String?, until deadline: Deadline
    ) throws(ClientError) -> [UInt8] {
        let key = UpgradeClient.key(from: SecureRandom.bytes(16))
        let fields = userAgent.map { [HeaderField("User-Agent", $0)] } ?? []
        let exchange = HTTPExchange(transport: transport, deadline: deadline, subject: "the upgrade")
        try exchange.send(
            UpgradeClient.request(host: endpoint.hostField, path: endpoint.path, key: key, fields: fields))
        var received: [UInt8] = []
        let head = try exchange.readHead(&received)
        do throws(UpgradeError) {
            try UpgradeClient.validate(head, expectedAccept: Upgrade.acceptKey(for: key, sha1: SHA1.digest))
        } catch .refused(let status) {
            throw .upgradeRefused(status: status, reason: exchange.readReason(received))
        } catch {
            throw .protocolViolation("unacceptable answer to the upgrade (\(error))")
        }
        return received
    }
}
