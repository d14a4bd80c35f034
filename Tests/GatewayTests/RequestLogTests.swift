import JSON
import Testing
import Wire

@testable import Gateway

@Suite("What the log tells of requests")
struct RequestLogTests {
    private let gateway: TestGateway
    private let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
    }

    private func ask(_ id: String, _ method: Wire.Method, _ params: JSON? = nil) -> [Effect] {
        gateway.core.handle(
            GatewayRequest(connection: owner, id: Array(id.utf8), method: method, params: params), nowMs: gateway.nowMs)
    }

    private static func lines(_ effects: [Effect]) -> [LogLine] {
        effects.flatMap { effect -> [LogLine] in
            switch effect {
            case .log(let line): [line]
            case .commit(_, let then, _, let otherwise): lines(then) + lines(otherwise)
            default: []
            }
        }
    }

    @Test("a line that a request causes has the ids of request and connection, whenever it is written")
    func caused() throws {
        let effects = ask(
            #""call-7""#, .cronAdd,
            [
                "name": "x", "schedule": ["kind": "every", "everyMs": 3_600_000],
                "payload": ["kind": "agentTurn", "message": "m"], "sessionTarget": "isolated",
            ])
        let lines = Self.lines(effects)
        #expect(!lines.isEmpty)
        let connection = try #require(gateway.core.connections[owner]?.connID)
        for line in lines {
            #expect(line.ids[.rpc] == "call-7", "\(line)")
            #expect(line.ids[.connection] == connection, "\(line)")
        }
    }

    @Test("a refused request is a line of its own for those who debug, with method and code")
    func refused() throws {
        let line = try #require(Self.lines(ask("\"r1\"", .configSchemaLookup, [:])).first)
        #expect(line.level == .debug && line.subsystem == "ws")
        #expect(line.message.hasPrefix("refused method=config.schema.lookup code=INVALID_PARAMS: "), "\(line)")
        #expect(line.ids[.rpc] == "r1")
    }

    @Test("an id is shown as far as it is reasonable", arguments: [(String(repeating: "x", count: 500), 65), ("", 0)])
    func long(_ id: String, _ shown: Int) throws {
        let line = try #require(Self.lines(ask("\"\(id)\"", .configSchemaLookup, [:])).first)
        #expect(line.ids[.rpc]?.utf8.count == shown)
    }
}
