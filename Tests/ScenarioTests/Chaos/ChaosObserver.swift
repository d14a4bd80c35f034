import Client
import Crypto
import Foundation
import JSON
import Synchronization

/// Listens to everything, as a stock client would: over connections that are cut and gateways that are killed, by asking for
/// what it has missed, and by looking at the state where the gateway cannot say that any more. Counts how often it is told
/// that a run is over.
final class ChaosObserver: Sendable {
    /// What it was told of one run.
    struct Ends: Equatable, Sendable {
        /// `agent` events of the stream `lifecycle`, phase `end` or `error`.
        var lifecycle: [String] = []
        /// `chat` events, state `final`, `aborted` or `error`.
        var chat: [String] = []
    }

    private struct Contents {
        var ends: [String: Ends] = [:]
        var problems: [String] = []
        var connections = 0
        var resumed = 0
        var gaps = 0
    }

    private let contents = Mutex(Contents())
    private let isStopped = Atomic<Bool>(false)
    private let ledger: ChaosLedger
    private let port: UInt16
    private let device: DeviceKey
    private let done = DispatchGroup()

    /// - Parameter port: of the relay, so that it is cut like everybody else.
    init(_ ledger: ChaosLedger, port: UInt16) throws {
        self.ledger = ledger
        self.port = port
        device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
        done.enter()
        Thread { [self] in
            listen()
            done.leave()
        }.start()
    }

    var ends: [String: Ends] { contents.withLock { $0.ends } }
    var problems: [String] { contents.withLock { $0.problems } }
    var figures: String {
        contents.withLock { "connections:\($0.connections),resumed:\($0.resumed),gaps:\($0.gaps)" }
    }

    /// Whether it may have missed something that nobody can tell it any more.
    var hasGaps: Bool { contents.withLock { $0.gaps > 0 } }

    func stop() -> Bool {
        isStopped.store(true, ordering: .relaxed)
        return done.wait(timeout: .now() + 15) == .success
    }

    private func listen() {
        var resume: ConnectOptions.Resume?
        while !isStopped.load(ordering: .relaxed) {
            do {
                guard var options = ledger.options else { throw Unexpected("the gateway is down") }
                options.url = "wss://127.0.0.1:\(port)"
                options.device = device
                options.scopes = ["operator.read"]
                options.resume = resume
                let client = try GatewayClient.connect(options)
                let isResumed = client.hello["resume"]?.string == "resumed"
                contents.withLock { contents in
                    contents.connections += 1
                    if isResumed { contents.resumed += 1 } else if resume != nil { contents.gaps += 1 }
                }
                var last = isResumed ? resume?.sequence ?? 0 : 0
                guard let id = client.connectionID else { throw Unexpected("no connection id") }
                resume = .init(connectionID: id, sequence: last)
                while !isStopped.load(ordering: .relaxed) {
                    guard let message = try client.nextMessage(timeout: .milliseconds(100)) else { continue }
                    guard case .event(let name, let payload, let seq) = message else { continue }
                    if let seq {
                        guard seq > last else { continue }
                        if seq > last + 1 { problem("\(name) has number \(seq) after \(last)") }
                        last = seq
                        resume = .init(connectionID: id, sequence: last)
                    }
                    note(name, payload)
                }
                client.close()
            } catch {
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
    }

    private func problem(_ text: String) { contents.withLock { $0.problems.append(text) } }

    private func note(_ name: String, _ payload: JSON) {
        guard let runID = payload["runId"]?.string else { return }
        switch name {
        case "agent":
            guard payload["stream"]?.string == "lifecycle", let phase = payload["data"]?["phase"]?.string,
                phase != "start"
            else { return }
            contents.withLock { $0.ends[runID, default: Ends()].lifecycle.append(phase) }
        case "chat":
            guard let state = payload["state"]?.string, state != "delta" else { return }
            contents.withLock { $0.ends[runID, default: Ends()].chat.append(state) }
        default: return
        }
    }
}
