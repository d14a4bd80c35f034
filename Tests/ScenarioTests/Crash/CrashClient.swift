import Client
import Crypto
import Foundation
import JSON

/// Asks one kind of thing after the other, each until it is acknowledged, over however many crashes.
struct CrashClient: Sendable {
    let kind: CrashLedger.Effect.Kind
    let number: Int
    let ledger: CrashLedger

    /// Fewer than may queue: a turn whose worker died with the gateway holds up those behind it for its time.
    private static let messagesOfSession = 8

    /// Until the ledger is ended.
    func run() {
        var connection: GatewayClient?
        var next = 0
        while !ledger.isOver {
            let effect = CrashLedger.Effect(
                kind: kind, name: "\(kind.rawValue)-\(number)-\(next)",
                sessionKey: kind == .message ? "agent:main:crash-\(number)-\(next / Self.messagesOfSession)" : "")
            ledger.ask(effect)
            while !ledger.isOver {
                do throws(ClientError) {
                    let open: GatewayClient
                    if let connection { open = connection } else { open = try connect() }
                    connection = open
                    ledger.acknowledge(effect, try perform(effect, over: open))
                    break
                } catch {
                    if let body = error.body { ledger.refused("\(kind): \(body.code) \(body.message)") }
                    connection?.close()
                    connection = nil
                    Thread.sleep(forTimeInterval: 0.02)
                }
            }
            next += 1
            // Runs take processors; what is measured is not speed.
            if kind != .approval { Thread.sleep(forTimeInterval: kind == .cronJob ? 0.2 : 0.05) }
        }
        connection?.close()
    }

    private func connect() throws(ClientError) -> GatewayClient {
        guard let options = ledger.options else { throw .unreachable(url: "", reason: "the gateway is down") }
        return try GatewayClient.connect(options)
    }

    private func perform(
        _ effect: CrashLedger.Effect, over owner: GatewayClient
    ) throws(ClientError) -> CrashLedger.Acknowledgement {
        switch kind {
        case .approval: return try approve(effect, owner)
        case .spawn:
            let answer = try owner.request(
                "sessions.spawn",
                [
                    "task": .string("echo \(effect.name)"), "runtime": "subagent", "label": .string(effect.name),
                    "idempotencyKey": .string(effect.name),
                ])
            return .init(
                id: try text(answer, "runId"), sessionKey: try text(answer, "childSessionKey"))
        case .message:
            let answer = try owner.request(
                "chat.send",
                [
                    "sessionKey": .string(effect.sessionKey), "message": .string("echo \(effect.name)"),
                    "idempotencyKey": .string(effect.name),
                ])
            return .init(id: try text(answer, "runId"), sessionKey: effect.sessionKey)
        case .cronJob:
            // A job has no key of the client's: after a crash one looks first.
            let list = try owner.request(
                "cron.list", ["includeDisabled": true, "limit": 200, "query": .string(effect.name)])
            if let found = list["jobs"]?.array?.first(where: { $0["name"]?.string == effect.name }) {
                return .init(id: try text(found, "id"))
            }
            let answer = try owner.request(
                "cron.add",
                [
                    "name": .string(effect.name), "sessionTarget": "main", "wakeMode": "next-heartbeat",
                    "schedule": ["kind": "at", "at": "2099-01-01T00:00:00Z"],
                    "payload": ["kind": "systemEvent", "text": "crash"],
                ])
            return .init(id: try text(answer, "id"))
        }
    }

    /// A stranger leaves a request, the owner approves it.
    private func approve(
        _ effect: CrashLedger.Effect, _ owner: GatewayClient
    ) throws(ClientError) -> CrashLedger.Acknowledgement {
        let device = Self.device(effect)
        guard var options = ledger.options else { throw .unreachable(url: "", reason: "the gateway is down") }
        options.device = device
        options.scopes = ["operator.read"]
        do throws(ClientError) {
            // Paired already: the answer to the approval got lost.
            try GatewayClient.connect(options).close()
            return .init(id: device.deviceId)
        } catch {
            guard let requestID = error.pairingRequestID else { throw error }
            _ = try owner.request("device.pair.approve", ["requestId": .string(requestID)])
            return .init(id: device.deviceId)
        }
    }

    /// The same device for the same effect.
    static func device(_ effect: CrashLedger.Effect) -> DeviceKey {
        let seed = SHA256.digest(Array("crash \(effect.name)".utf8))
        guard let key = try? Ed25519PrivateKey(seed: seed) else { preconditionFailure("32 bytes are a seed") }
        return DeviceKey(key)
    }

    private func text(_ answer: JSON, _ name: String) throws(ClientError) -> String {
        guard let text = answer[name]?.string else { throw .protocolViolation("no \(name) in \(answer)") }
        return text
    }
}
