import Client
import Crypto
import Foundation
import JSON
import Testing

/// Connections break in the middle of a stream of events, and clients go on where they were.
struct ResumeTests {
    /// A device that reads events and checks their numbers.
    private struct Reader {
        let gateway: GatewayProcess
        var options: ConnectOptions
        var client: GatewayClient
        var lastSeq: Int64 = 0
        /// By sender: the numbers that it gave its events.
        var received: [Int64: [Int64]] = [:]
        var resumes = 0

        init(_ gateway: GatewayProcess) async throws {
            self.gateway = gateway
            options = gateway.options(scopes: ["operator.read"])
            options.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            client = try await gateway.connect(options)
        }

        /// Takes what has come, or waits for a first message.
        mutating func take(waiting: Duration = .zero, atMost count: Int = .max) throws {
            var waiting = waiting
            for _ in 0..<count {
                guard let message = try client.nextMessage(timeout: waiting) else { return }
                waiting = .zero
                guard case .event(let name, let payload, let seq?) = message else { continue }
                #expect(seq == lastSeq + 1, "\(name) has \(seq) after \(lastSeq)")
                lastSeq = seq
                guard name == "diagnostics.broadcast", let sender = payload["sender"]?.integer,
                    let number = payload["n"]?.integer
                else { continue }
                received[sender, default: []].append(number)
            }
        }

        /// The network goes away without a word.
        mutating func cut(gatewayNotices: Bool) async throws {
            if gatewayNotices { #expect(shutdown(client.descriptor, Int32(SHUT_RDWR)) == 0) }
            let lost = client
            options.resume = .init(connectionID: try #require(client.connectionID), sequence: lastSeq)
            client = try await gateway.connect(options)
            #expect(client.hello["resume"] == "resumed", "\(client.hello)")
            resumes += 1
            lost.close()
        }
    }

    @Test func aClientThatWasCutOffGetsEveryEventOnceAndInOrder() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let senders = [try await gateway.owner(), try await gateway.owner(), try await gateway.owner()]
            var reader = try await Reader(gateway)
            let rounds: Int64 = 300
            for round in 0..<rounds {
                for (index, sender) in senders.enumerated() {
                    for n in [2 * round, 2 * round + 1] {
                        try sender.send(
                            "diagnostics.broadcast", ["sender": .integer(Int64(index)), "n": .integer(n)])
                    }
                    while try sender.nextMessage(timeout: .zero) != nil {}
                }
                // Some of it has come, some is on its way, when the connection breaks.
                try reader.take(atMost: Int(round % 7))
                if round % 15 == 14 { try await reader.cut(gatewayNotices: round % 2 == 0) }
            }
            try eventually("all events are there") {
                try reader.take(waiting: .milliseconds(20))
                return reader.received.values.map(\.count) == [600, 600, 600]
            }
            for (sender, numbers) in reader.received { #expect(numbers == Array(0..<(2 * rounds)), "of \(sender)") }
            #expect(reader.resumes == 20)
            for client in senders + [reader.client] { client.close() }
            try gateway.stop()
        }
    }

    @Test func aConnectionIsResumedByItsOwnDeviceOnly() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let owner = try await gateway.owner()
            var reader = try await Reader(gateway)
            for n in 0..<5 as Range<Int64> {
                _ = try owner.request("diagnostics.broadcast", ["sender": 0, "n": .integer(n)])
            }
            try eventually("events come") {
                try reader.take(waiting: .milliseconds(20))
                return reader.received[0]?.count == 5
            }
            let resume = ConnectOptions.Resume(
                connectionID: try #require(reader.client.connectionID), sequence: reader.lastSeq - 3)
            var stranger = reader.options
            stranger.device = DeviceKey(try Ed25519PrivateKey(seed: SecureRandom.bytes(32)))
            stranger.resume = resume
            var nobody = gateway.options(scopes: ["operator.read"])
            nobody.resume = resume
            for options in [stranger, nobody] {
                let client = try await gateway.connect(options)
                #expect(client.hello["resume"] == "gap")
                _ = try owner.request("diagnostics.broadcast", ["sender": 0, "n": 5])
                let first = try client.nextMessage(timeout: .seconds(10))
                guard case .event("diagnostics.broadcast", let payload, 1)? = first else {
                    Issue.record("\(String(describing: first))")
                    return
                }
                #expect(payload["n"] == 5, "what was before is not told")
                client.close()
            }
            // Nobody has disturbed the device's own connection; a later one of the device may see less.
            try eventually("later events come") {
                try reader.take(waiting: .milliseconds(20))
                return reader.received[0]?.count == 7
            }
            reader.options.resume = resume
            let again = try await gateway.connect(reader.options)
            #expect(again.hello["resume"] == "resumed")
            guard case .event("diagnostics.broadcast", _, let seq?)? = try again.nextMessage(timeout: .seconds(10))
            else {
                Issue.record("nothing is replayed")
                return
            }
            #expect(seq == resume.sequence + 1)
            #expect(reader.client.end(within: .seconds(10)) != nil, "the connection that was resumed is over")
            for client in [owner, again] { client.close() }
            try gateway.stop()
        }
    }
}
