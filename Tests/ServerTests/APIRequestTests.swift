import Gateway
import HTTP
import JSON
import Testing
import Wire

@testable import Server

/// Requests by HTTP and their answers (wire protocol, section 8).
struct APIRequestTests {
    private static let connection = ConnectionID(reactor: 0, serial: 1)

    private static func request(_ route: APIRequest.Route, query: String? = nil, body: String = "") throws -> APIRequest
    {
        var reader = try BodyReader(.length(body.utf8.count), limit: APIRequest.maxBodyBytes)
        _ = try reader.take(Array(body.utf8).span)
        return APIRequest(route: route, query: query, body: reader)
    }

    static let paths: [(String, APIRequest.Route?)] = [
        ("/tools/invoke", .toolsInvoke),
        ("/tools/invoke/", nil), ("/tools", nil), ("/Tools/invoke", nil),
        ("/sessions/main/kill", .sessionKill("main")),
        ("/sessions/agent%3Amain%3Amain/kill", .sessionKill("agent:main:main")),
        ("/sessions/agent:main:main/history", .sessionHistory("agent:main:main")),
        ("/sessions/gr%c3%BC%C3%9Fe/history", .sessionHistory("grüße")),
        ("/sessions/a%2Fb/history", .sessionHistory("a/b")),
        ("/sessions/a%252Fb/history", .sessionHistory("a%2Fb")),
        ("/sessions/a/b/history", nil), ("/sessions//kill", nil), ("/sessions/main", nil), ("/sessions/main/", nil),
        ("/sessions/main/kill/", nil), ("/sessions/main/other", nil), ("x/sessions/main/kill", nil),
        ("/sessions/%/kill", nil), ("/sessions/%4/kill", nil), ("/sessions/%4g/kill", nil),
        ("/sessions/%+5/kill", nil), ("/sessions/%-0/kill", nil), ("/sessions/%ff/kill", nil),
        ("/sessions/%C3/kill", nil), ("/sessions/%ED%A0%80/kill", nil),
    ]

    @Test(arguments: paths)
    func aPathIsARouteOrNone(path: String, route: APIRequest.Route?) {
        let found = APIRequest.route(path)
        #expect(found?.0 == route)
        if case .sessionHistory? = route { #expect(found?.method == "GET") }
        if case .sessionKill? = route { #expect(found?.method == "POST") }
    }

    @Test func whatTheCoreIsAskedFollowsFromTheRoute() throws {
        let tool = try Self.request(.toolsInvoke, body: #"{"tool":"sessions_list"}"#).request(Self.connection)
        #expect(tool.method == .toolsInvoke)
        #expect(tool.params == ["tool": "sessions_list"])
        let kill = try Self.request(.sessionKill("main"), body: "ignored").request(Self.connection)
        #expect(kill.method == .sessionsAbort)
        #expect(kill.params == ["key": "main"])
        let history = try Self.request(.sessionHistory("main"), query: "a=b&limit=7").request(Self.connection)
        #expect(history.method == .chatHistory)
        #expect(history.params == ["sessionKey": "main", "limit": 7])
        let wrong = try Self.request(.sessionHistory("main"), query: "limit=many").request(Self.connection)
        #expect(wrong.params?["limit"] == "many", "the core says what is wrong with it")
    }

    @Test(arguments: ["", "{", "{} x", "\u{0}"])
    func aBodyThatIsNoJSONIsRefused(body: String) throws {
        let request = try Self.request(.toolsInvoke, body: body)
        #expect(throws: GatewayError.self) { try request.request(Self.connection) }
    }

    static let refusals: [(GatewayError, Int, String)] = [
        (GatewayError(.invalidRequest, .messageRequired), 400, "invalid_request_error"),
        (GatewayError(.invalidRequest, .toolNotFound), 404, "not_found"),
        (GatewayError(.invalidRequest, .sessionNotFound), 404, "not_found"),
        (GatewayError(.forbidden, .logNotVisible), 403, "forbidden"),
        (.missingScope(.write), 403, "forbidden"),
        (GatewayError(.unavailable, .sessionBusy), 503, "unavailable"),
        (.storeUnavailable("disk full"), 503, "unavailable"),
    ]

    @Test(arguments: refusals)
    func anErrorHasItsStatus(error: GatewayError, status: Int, type: String) throws {
        let response = try Self.request(.toolsInvoke).response(to: Frames.failure(id: Array(#""http""#.utf8), error))
        #expect(response.status == status)
        let body = try JSONParser.parse(response.body)
        #expect(body == ["ok": false, "error": ["type": .string(type), "message": .string(error.message)]])
    }

    @Test func answersAreThePayloadAlone() throws {
        let frame = Frames.response(id: Array(#""http""#.utf8), payload: ["ok": true, "result": ["a": 1]])
        let response = try Self.request(.toolsInvoke).response(to: frame)
        #expect(response.status == 200)
        #expect(try JSONParser.parse(response.body) == ["ok": true, "result": ["a": 1]])
        for (status, killed) in [("aborted", true), ("no-active-run", false)] {
            let frame = Frames.response(id: Array(#""http""#.utf8), payload: ["ok": true, "status": .string(status)])
            let response = try Self.request(.sessionKill("main")).response(to: frame)
            #expect(try JSONParser.parse(response.body) == ["ok": true, "killed": .bool(killed)])
        }
        #expect(try Self.request(.toolsInvoke).response(to: Array("no frame".utf8)).status == 500)
    }
}
