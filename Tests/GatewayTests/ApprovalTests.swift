import JSON
import Sessions
import Testing
import Wire

@testable import Gateway

@Suite("Permissions that operators give")
struct ApprovalTests {
    private struct Stage {
        let gateway: TestGateway
        let owner: ConnectionID
        let worker: ConnectionID
        let child: TestGateway.Child

        init() throws {
            gateway = try TestGateway()
            owner = gateway.connect(.owner())
            (child, worker) = try gateway.running(owner)
            _ = gateway.takeSteps()
        }

        @discardableResult
        func ask(_ number: Int64 = 0, from id: ConnectionID? = nil, always: Bool = true) -> JSON? {
            gateway.call(
                id ?? worker, .runPermission,
                [
                    "runId": .string(child.runID), "number": .integer(number), "title": "rm -r build",
                    "kind": "execute", "toolCallId": "t", "mayAllowAlways": .bool(always),
                ])
        }

        func resolve(_ id: JSON, _ decision: JSON, by: ConnectionID? = nil) -> JSON? {
            gateway.call(by ?? owner, .execApprovalResolve, ["id": id, "decision": decision])
        }

        func open() -> [JSON] { gateway.call(owner, .execApprovalList)?["payload"]?.array ?? [] }
    }

    @Test(
        "a question goes to operators, and what one decides to the worker",
        arguments: [("allow-once", "allow"), ("allow-always", "allow-always"), ("deny", "reject")])
    func decide(_ decision: String, _ answer: String) throws {
        let stage = try Stage()
        #expect(stage.ask() == nil, "nothing is answered before somebody has decided")
        let asked = try #require(stage.gateway.takeSteps().events(.execApprovalRequested).first)
        #expect(asked.to == [stage.owner], "its own worker decides nothing")
        #expect(asked.payload["request"]?["command"] == "rm -r build")
        #expect(asked.payload["request"]?["allowedDecisions"] == ["allow-once", "allow-always", "deny"])
        let id = try #require(asked.payload["id"])
        #expect(stage.open().map { $0["id"] } == [id])
        _ = stage.gateway.takeSteps()
        #expect(stage.resolve(id, .string(decision))?["ok"] == true)
        let steps = stage.gateway.takeSteps()
        #expect(steps.responses(to: stage.worker).first?["payload"] == ["decision": .string(answer)])
        let resolved = try #require(steps.events(.execApprovalResolved).first?.payload)
        #expect(resolved["id"] == id && resolved["decision"] == .string(decision))
        #expect(stage.open().isEmpty)
        #expect(stage.resolve(id, "deny")?["error"]?["details"]?["code"] == "APPROVAL_NOT_FOUND")
        #expect(stage.ask()?["payload"] == ["decision": .string(answer)], "asked again, as after a reconnect")
    }

    @Test("a worker that comes back has the same question open")
    func again() throws {
        let stage = try Stage()
        stage.ask()
        let other = stage.gateway.connect(.worker(try #require(stage.child.order)))
        stage.ask(from: other)
        let open = stage.open()
        #expect(open.count == 1)
        _ = stage.gateway.takeSteps()
        _ = stage.resolve(try #require(open.first?["id"]), "allow-once")
        let steps = stage.gateway.takeSteps()
        #expect(steps.responses(to: other).count == 1 && steps.responses(to: stage.worker).isEmpty)
    }

    @Test("what nobody decides in time is rejected")
    func expiry() throws {
        let stage = try Stage()
        stage.ask()
        stage.gateway.advance(ms: 119_000)
        #expect(stage.open().count == 1)
        _ = stage.gateway.takeSteps()
        stage.gateway.advance(ms: 1000)
        let steps = stage.gateway.takeSteps()
        #expect(steps.responses(to: stage.worker).first?["payload"] == ["decision": "reject"])
        #expect(steps.events(.execApprovalResolved).first?.payload["decision"] == .null)
        #expect(stage.open().isEmpty)
    }

    @Test("with its run a question is over")
    func end() throws {
        let stage = try Stage()
        stage.ask()
        _ = stage.gateway.takeSteps()
        stage.gateway.complete(stage.worker, stage.child.runID)
        #expect(stage.gateway.takeSteps().events(.execApprovalResolved).count == 1)
        #expect(stage.open().isEmpty)
    }

    @Test("only what is offered, by who may")
    func refused() throws {
        let stage = try Stage()
        stage.ask(always: false)
        let id = try #require(stage.open().first?["id"])
        #expect(
            stage.resolve(id, "allow-always")?["error"]?["details"]?["code"] == "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE")
        #expect(stage.resolve(id, "yes")?["ok"] == false)
        #expect(stage.resolve(id, "allow-once", by: stage.worker)?["ok"] == false, "an agent permits itself nothing")
        #expect(stage.gateway.call(stage.worker, .execApprovalList)?["ok"] == false)
        #expect(stage.open().count == 1)
    }
}
