import Gateway
import JSON
import Testing
import Wire

@Suite("config.*, wire protocol 6.10")
struct ConfigMethodTests {
    let gateway: TestGateway
    let owner: ConnectionID

    init() throws {
        gateway = try TestGateway()
        owner = gateway.connect(.owner())
        _ = gateway.takeSteps()
    }

    private var asked: [ConfigRequest] {
        gateway.takeSteps().compactMap { if case .configure(let request, owner) = $0 { request } else { nil } }
    }

    @Test("the shell is asked for what the params say")
    func requests() throws {
        _ = gateway.call(owner, .configGet)
        _ = gateway.call(owner, .configSchema)
        _ = gateway.call(owner, .configSchemaLookup, ["path": "gateway.port"])
        #expect(asked == [.get, .schema, .lookup(path: "gateway.port")])
        _ = gateway.call(
            owner, .configPatch, ["raw": "{ a: 1 }", "baseHash": "h", "note": "why", "replacePaths": ["a.b"]])
        guard case .patch(let patch, let replacing, let author)? = asked.first else {
            Issue.record("no patch")
            return
        }
        #expect(patch == ["a": 1] && replacing == ["a.b"])
        #expect(author.method == "config.patch" && author.baseHash == "h" && author.note == "why")
        _ = gateway.call(owner, .configApply, ["raw": "{ a: 1 }", "restartDelayMs": 5])
        guard case .set("{ a: 1 }", let applier)? = asked.first else {
            Issue.record("no set")
            return
        }
        #expect(applier.method == "config.apply" && applier.baseHash == nil)
    }

    @Test(
        "wrong params are refused before anything is read",
        arguments: [
            (Wire.Method.configSet, JSON.object(JSONObject()), "must have required property 'raw'"),
            (.configPatch, JSON.object(JSONObject([("raw", "{")])), "not valid JSON5"),
            (.configPatch, JSON.object(JSONObject([("raw", "[1]")])), "must be an object"),
            (.configSchemaLookup, .object(JSONObject()), "must have required property 'path'"),
        ])
    func wrong(method: Wire.Method, params: JSON, message: String) {
        let answer = gateway.call(owner, method, params)
        #expect(answer?["error"]?["message"]?.string?.contains(message) == true, "\(answer ?? .null)")
        #expect(asked.isEmpty)
    }

    @Test("thirty changes of one kind are taken in a minute, and then later ones")
    func limit() throws {
        for _ in 0..<30 { _ = gateway.call(owner, .configPatch, ["raw": "{}"]) }
        #expect(asked.count == 30)
        gateway.nowMs += 1_000
        let refused = gateway.call(owner, .configPatch, ["raw": "{}"])?["error"]
        #expect(refused?["message"] == "rate limit exceeded for config.patch; retry after 59s")
        #expect(refused?["code"] == "UNAVAILABLE" && refused?["retryable"] == true)
        #expect(refused?["retryAfterMs"] == 59_000)
        #expect(refused?["details"]?["method"] == "config.patch")
        #expect(refused?["details"]?["limit"] == "30 per 60s")
        #expect(refused?["details"]?["code"] == "RATE_LIMITED")
        _ = gateway.call(owner, .configApply, ["raw": "{}"])
        #expect(asked.count == 1)
        gateway.nowMs += 59_000
        _ = gateway.call(owner, .configPatch, ["raw": "{}"])
        #expect(asked.count == 1)
    }

    @Test("the devices of runs do not see it")
    func runs() throws {
        let child = try gateway.spawn(owner)
        let worker = gateway.connect(.worker(try #require(child.order)))
        let answer = gateway.call(worker, .configGet)
        #expect(answer?["error"]?["details"]?["code"] == "CONFIG_NOT_VISIBLE", "\(answer ?? .null)")
    }
}
