import Client
import Crypto
import EventLoop
import Files
import Foundation
import JSON
import Testing

/// Who is the owner on the owner's socket is what the kernel says of the peer, not what the file's mode lets through.
struct OwnerSocketTests {
    /// `nobody`, by its usual number; it needs no entry in the user database.
    private static let stranger: UInt32 = 65_534

    private static func ownerOptions(_ gateway: GatewayProcess) -> ConnectOptions {
        var options = ConnectOptions(url: "ws://localhost")
        options.socketPath = gateway.ownerSocket.path
        options.scopes = ["operator.admin", "operator.pairing"]
        return options
    }

    /// Takes away what keeps other users from reaching the socket at all.
    private static func open(_ gateway: GatewayProcess) {
        for directory in [gateway.state.path, gateway.state.path + "/run"] {
            #expect(unsafe chmod(directory, 0o755) == 0)
        }
        #expect(unsafe chmod(gateway.ownerSocket.path ?? "", 0o666) == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can act for another user"))
    func anotherUserIsNotTheOwner() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let options = Self.ownerOptions(gateway)
            // As the gateway makes it, the kernel lets nobody else connect.
            let kept = try await asUser(Self.stranger) { try await gateway.refusal(of: options) }
            guard case .unreachable = kept else { throw Unexpected("not kept out by the modes: \(kept)") }
            Self.open(gateway)
            let refusal = try await asUser(Self.stranger) { try await gateway.refusal(of: options) }
            #expect(refusal.body?.detailsCode == "DEVICE_IDENTITY_REQUIRED", "\(refusal)")
            // A device of theirs is a stranger's, and neither it nor the shared secret makes them local.
            var paired = options
            paired.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            let unknown = try await asUser(Self.stranger) { try await gateway.refusal(of: paired) }
            #expect(unknown.body?.detailsCode == "AUTH_TOKEN_MISSING", "\(unknown)")
            paired.token = "my-token"
            let waiting = try await asUser(Self.stranger) { try await gateway.refusal(of: paired) }
            #expect(waiting.body?.detailsCode == "PAIRING_REQUIRED", "\(waiting)")
            // The same socket, opened as it is, still knows its owner, who may approve.
            let owner = try await gateway.connect(options)
            #expect(owner.grantedScopes == options.scopes)
            let requestID = try #require(waiting.pairingRequestID)
            _ = try owner.request("device.pair.approve", ["requestId": .string(requestID)])
            owner.close()
            try gateway.stop()
            let admitted = gateway.log.split(separator: "\n").filter { $0.contains("owner-socket=passed") }
            #expect(admitted.count == 1, "\(admitted)")
        }
    }
}
