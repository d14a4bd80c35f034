import CSQLite
import Client
import Foundation
import JSON
import Testing
import WebSocket

/// Peers that ask and do not read, and a store that is slow: the gateway's memory does not follow.
@Suite struct BackpressureTests {
    /// The kernel's buffers on both sides of a loopback connection, and what the gateway takes itself.
    private static let maxTakenBytes = 48 << 20
    private static let maxGrowthKilobytes = 64 * 1024

    private static let config = {
        var configuration = GatewayConfiguration()
        configuration.gateway += ", compression: { enabled: true }"
        configuration.subagents = #"allowAgents: ["*"], maxChildrenPerAgent: 1000, maxConcurrent: 1"#
        configuration.agents = [.shell("my-agent", "exec sleep 600")]
        return configuration.text
    }()

    private static func gateway() throws -> GatewayProcess {
        try GatewayProcess(config, ["--port", "0", "--echo-path", "/echo"])
    }

    /// Sends again and again until the peer takes no more for half a second.
    ///
    /// - Returns: how many bytes it has taken.
    private static func flood(_ socket: RawWebSocket, _ bytes: [UInt8], most: Int) throws -> Int {
        var taken = 0
        var offset = 0
        var lastTaken = ContinuousClock.now
        while taken < most, ContinuousClock.now - lastTaken < .milliseconds(500) {
            let count = try socket.connection.sendSome(bytes.span.extracting(offset...))
            if count == 0 {
                _ = poll(nil, 0, 5)
                continue
            }
            taken += count
            offset = (offset + count) % bytes.count
            lastTaken = .now
        }
        return taken
    }

    struct Flood: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let path: String
        let frame: [UInt8]
        var fields = ""
    }

    /// 8 MiB in some 8 KiB. What is that long is echoed as it is.
    private static let bomb = {
        var compressor = MessageCompressor(windowBits: 15, keepsContext: false)
        var frame: [UInt8] = []
        compressor.append(to: &frame, opcode: .binary, payload: [UInt8](repeating: 0, count: 4 << 20).span)
        let deflated = Array(frame.dropFirst(4))
        return RawWebSocket.frame(0xC2, deflated + [0, 0, 0xFF, 0xFF] + deflated)
    }()

    static let floods = [
        Flood(
            testDescription: "echoes", path: "/echo",
            frame: RawWebSocket.frame(0x82, [UInt8](repeating: 1, count: 65_536))),
        Flood(
            testDescription: "echoes of what was compressed", path: "/echo", frame: bomb,
            fields: "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        Flood(testDescription: "pings", path: "/", frame: RawWebSocket.frame(0x89, [UInt8](repeating: 1, count: 125))),
        Flood(
            testDescription: "small questions with large answers", path: "/", frame: RawWebSocket.request("1", "status")
        ),
        Flood(
            testDescription: "large questions", path: "/",
            frame: RawWebSocket.request("1", "diagnostics.echo", "\"\(String(repeating: "x", count: 100_000))\"")),
    ]

    @Test("a peer that never reads is not read from either", arguments: floods)
    func neverReads(_ flood: Flood) async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let socket = try gateway.webSocket(path: flood.path, fields: flood.fields)
            if flood.path == "/" { try socket.connect() }
            let before = gateway.residentKilobytes
            let block = Array(repeatElement(flood.frame, count: max(1, 65_536 / flood.frame.count)).joined())
            let taken = try Self.flood(socket, block, most: 4 * Self.maxTakenBytes)
            print(
                "\(flood.testDescription): \(taken >> 10) KiB taken, resident \(before) KiB before, \(gateway.residentKilobytes) after"
            )
            #expect(taken < Self.maxTakenBytes, "the gateway goes on reading")
            #expect(gateway.residentKilobytes < before + Self.maxGrowthKilobytes)
            // Others do not notice.
            let other = try await gateway.owner()
            _ = try other.request("health")
            other.close()
            // And it goes on as soon as the peer reads.
            var frames = 0
            while frames < 3, try socket.nextFrame() != nil { frames += 1 }
            #expect(frames == 3)
            try gateway.stop()
        }
    }

    @Test func aHundredThousandPipelinedRequestsAreAnswered() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let socket = try gateway.webSocket()
            try socket.connect()
            let before = gateway.residentKilobytes
            let total = 100_000
            let batch = 500
            var next = 0
            var answered = 0
            // Eight batches are always on their way.
            while answered < total {
                while next < total, next - answered < 8 * batch {
                    let requests = (next..<next + batch).map { RawWebSocket.request("\($0)", "gateway.identity.get") }
                    try socket.send(Array(requests.joined()))
                    next += batch
                }
                guard let frame = try socket.nextFrame() else { break }
                if frame.text.contains(#""ok":true"#) { answered += 1 }
            }
            #expect(answered == total)
            #expect(gateway.residentKilobytes < before + Self.maxGrowthKilobytes)
            try gateway.stop()
        }
    }

    @Test func whileTheStoreIsBusyRequestsWaitWithTheirSender() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let socket = try gateway.webSocket()
            try socket.connect()
            let other = try await gateway.owner()
            let before = gateway.residentKilobytes
            let count = 300
            let task = String(repeating: "t", count: 65_536)
            let requests = (0..<count).flatMap {
                RawWebSocket.request("\($0)", "sessions.spawn", #"{"task":"\#(task)","runtime":"subagent"}"#)
            }
            let taken = try Self.whileLocked(gateway.state.path + "/state/sallyport.sqlite") {
                let taken = try Self.flood(socket, requests, most: requests.count)
                _ = try other.request("health")
                return taken
            }
            print(
                "busy store: \(taken >> 10) of \(requests.count >> 10) KiB taken, resident \(before) KiB before, \(gateway.residentKilobytes) after"
            )
            #expect(taken < requests.count, "the gateway takes in everything")
            #expect(gateway.residentKilobytes < before + Self.maxGrowthKilobytes)
            try socket.send(Array(requests[taken...]))
            var accepted = 0
            while accepted < count, let frame = try socket.nextFrame() {
                if frame.text.hasPrefix(#"{"type":"res""#), frame.text.contains(#""status":"accepted""#) {
                    accepted += 1
                }
            }
            #expect(accepted == count)
            other.close()
            try gateway.stop()
        }
    }

    /// `,"seq":7}` at the end of an event; parsing a mebibyte for it would take too long.
    private static func seq(_ frame: RawWebSocket.Frame) -> Int64? {
        let end = String(decoding: frame.payload.suffix(40), as: UTF8.self)
        guard let start = end.ranges(of: "\"seq\":").last?.upperBound else { return nil }
        return Int64(end[start...].dropLast())
    }

    @Test func eventsToWhoDoesNotReadAreDroppedWithAHoleAndThenTheConnection() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let late = try gateway.webSocket()
            try late.connect()
            let never = try gateway.webSocket()
            try never.connect()
            let owner = try gateway.webSocket()
            try owner.connect()
            let before = gateway.residentKilobytes
            let events = 80
            let megabyte = "{\"x\":\"\(String(repeating: "x", count: 1 << 20))\"}"
            let broadcast = RawWebSocket.request("1", "diagnostics.broadcast", megabyte)
            for _ in 0..<events {
                try owner.send(broadcast)
                #expect(try owner.awaitResponse(to: "1")?["ok"]?.bool == true)
            }
            let after = gateway.residentKilobytes
            print("events nobody reads: resident \(before) KiB before, \(after) after")
            // Two queues of 50 MiB, and what grows while they do.
            #expect(after < before + 4 * 50 * 1024)
            try owner.send(RawWebSocket.request("last", "diagnostics.broadcast", #"{"last":true}"#))
            // The late one reads: what was queued comes, then what there was room for again.
            var last: Int64 = 0
            var hole: Int64?
            while hole == nil, let frame = try late.nextFrame(), frame.opcode != 8 {
                guard frame.opcode == 1, let seq = Self.seq(frame) else { continue }
                if last == 0 || seq == last + 1 { last = seq } else { hole = seq }
                if last > 20 { try owner.send(RawWebSocket.request("more", "diagnostics.broadcast")) }
            }
            if let hole {
                print("events nobody reads: number \(hole) came behind number \(last)")
                #expect(last > 40 && hole > events)
            } else {
                // On a slow machine it may be closed before.
                let log = gateway.log
                #expect(log.contains("rule=slow-consumer") || log.contains("rule=ping-timeout"), "\(log)")
            }
            // The other one is closed with the next tick, which may not be dropped, or for want of a pong.
            try eventually("the other one is closed", within: .seconds(60)) {
                let log = gateway.log
                return log.contains("code=1008 rule=slow-consumer: ") || log.contains("closed rule=ping-timeout: ")
            }
            withExtendedLifetime(never) {}
            try gateway.stop()
        }
    }

    /// Runs `body` while somebody else writes to the database; the gateway waits for 5 s before it gives up.
    private static func whileLocked<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        var database: OpaquePointer?
        try #require(unsafe sqlite3_open(path, &database) == SQLITE_OK)
        defer { unsafe sqlite3_close(database) }
        try #require(unsafe sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
        defer { unsafe sqlite3_exec(database, "ROLLBACK", nil, nil, nil) }
        return try body()
    }
}
