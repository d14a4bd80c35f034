import Client
import Testing

/// Where a scenario about addresses beyond loopback runs: in a namespace with a bridge address, or, where none can be
/// made, on a second loopback address, with the gateway told to trust nobody for being local.
final class Surroundings {
    let namespace: NetworkNamespace?

    init(_ scenario: String) {
        namespace = NetworkNamespace.make()
        let place = namespace.map { "network namespace \($0.name)" } ?? "second loopback address (no namespace here)"
        print("\(scenario): \(place), \(address)")
    }

    /// The gateway's address beyond loopback.
    var address: String { namespace == nil ? "127.1.0.1" : NetworkNamespace.bridgeAddress }
    /// What the gateway sees of somebody outside.
    var strangerAddress: String { namespace == nil ? "127.0.0.1" : NetworkNamespace.outsideAddress }

    /// Members of the `gateway` block.
    var gatewaySettings: String { namespace == nil ? ", nodes: { pairing: { autoApproveLocal: false } }" : "" }

    /// Connects as somebody outside of the gateway's machine.
    func connectFromOutside(_ options: ConnectOptions) async throws -> GatewayClient {
        guard let namespace else { return try GatewayClient.connect(options) }
        return try await namespace.outside { try GatewayClient.connect(options) }
    }

    func refusalFromOutside(_ options: ConnectOptions) async throws -> ClientError {
        do {
            let client = try await connectFromOutside(options)
            client.close()
        } catch let error as ClientError {
            return error
        }
        throw Unexpected("the client was let in")
    }
}
