import Agents
import Foundation
import JSON
import Testing

/// One gateway for a whole suite of abuse, and somebody who uses it meanwhile.
///
/// `@unchecked Sendable`: everything is fixed after it was made, but for the bystander, which its lock protects.
final class AbusedGateway: @unchecked Sendable {
    @TaskLocal static var current: AbusedGateway?

    /// Debug builds and the allocator's habits leave something; 600 cases that each kept a buffer would show.
    static let toleratedKilobytes = 160 * 1024
    static let toleratedDescriptors = 8

    let process: GatewayProcess
    private let lock = NSLock()
    private var bystander: RawWebSocket
    private var number = 0
    private var lastUsed = ContinuousClock.now
    private let kilobytesBefore: Int
    private let descriptorsBefore: Int

    init() throws {
        process = try GatewayProcess(GatewayConfiguration().text, ["--port", "0", "--echo-path", "/echo"])
        bystander = try process.webSocket()
        try bystander.connect()
        kilobytesBefore = process.residentKilobytes
        descriptorsBefore = process.descriptorCount
    }

    /// The gateway lives, and a connection that has nothing to do with the abuse is answered.
    func checkBystander() throws {
        lock.lock()
        defer { lock.unlock() }
        number += 1
        // It answers no pings while nobody looks, so after a longer pause it has to be another.
        if ContinuousClock.now - lastUsed > .seconds(20) {
            bystander = try process.webSocket()
            try bystander.connect()
        }
        lastUsed = .now
        try bystander.send(RawWebSocket.request("b\(number)", "health"))
        let answer = try bystander.awaitResponse(to: "b\(number)")
        #expect(answer?["ok"]?.bool == true, "the bystander is answered")
        #expect(process.process.child.peek() == nil, "the gateway lives")
    }

    /// After all cases: nothing has stayed, and the log says what happened.
    func checkAfterwards(rules: Set<String>) throws {
        try eventually("descriptors are given back: \(descriptorsBefore) before, now \(process.descriptorCount)") {
            process.descriptorCount <= descriptorsBefore + Self.toleratedDescriptors
        }
        let kilobytes = process.residentKilobytes
        print("abuse: resident \(kilobytesBefore) KiB before, \(kilobytes) KiB after")
        #expect(kilobytes <= kilobytesBefore + Self.toleratedKilobytes)
        bystander.connection.endSending()
        try process.stop()
        let lines = process.log.split(separator: "\n", omittingEmptySubsequences: false)
        for rule in rules.sorted() {
            let line = lines.first { $0.contains("refused peer=127.0.0.1:") && $0.contains("rule=\(rule): ") }
            #expect(line?.contains(" Remedy: ") == true, "a line with peer, rule and remedy for \(rule)")
        }
        let isClean = process.log.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F || $0 == "\n" }
        #expect(isClean, "no control characters in the log")
        for secret in ["my-token", "s3cret-in-a-path", "INJECTED"] {
            #expect(!process.log.contains(secret), "\(secret) is not in the log")
        }
    }
}

/// Gives a suite a gateway to abuse, and looks at it when all cases are done.
struct AbusedGatewayTrait: SuiteTrait, TestScoping {
    let rules: Set<String>

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let gateway = try await onThread { try AbusedGateway() }
        try await AbusedGateway.$current.withValue(gateway) { try await function() }
        try await onThread { try gateway.checkAfterwards(rules: rules) }
    }
}
