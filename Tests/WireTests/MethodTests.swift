import Testing
import Wire

@Suite("Methods and who may call them, wire protocol 5.4 and 6.1")
struct MethodTests {
    /// The rows of the scope table for methods that we answer; `sessions.spawn` and its alias are ours.
    static let documented: [String: Method.Requirement] = [
        "connect": .open, "health": .open, "status": .scope(.read), "system-presence": .scope(.read),
        "gateway.identity.get": .scope(.read), "diagnostics.echo": .scope(.read),
        "diagnostics.broadcast": .scope(.admin),
        "agents.list": .scope(.read),
        "sessions.subscribe": .scope(.read), "sessions.unsubscribe": .scope(.read),
        "sessions.messages.subscribe": .scope(.read), "sessions.messages.unsubscribe": .scope(.read),
        "agent.wait": .scope(.write), "sessions.list": .scope(.read), "sessions.spawn": .scope(.write),
        "sessions_spawn": .scope(.write), "sessions.spawn.explain": .scope(.admin), "sessions.abort": .scope(.write),
        "device.pair.list": .scope(.pairing),
        "device.pair.approve": .scope(.pairing), "device.pair.reject": .scope(.pairing),
        "device.pair.remove": .scope(.pairing), "device.token.rotate": .scope(.pairing),
        "device.token.revoke": .scope(.pairing), "device.enroll.create": .scope(.pairing),
        "device.enroll.list": .scope(.pairing), "device.enroll.revoke": .scope(.pairing),
        "cron.list": .scope(.read), "cron.status": .scope(.read), "cron.get": .scope(.read), "cron.runs": .scope(.read),
        "cron.add": .scope(.admin), "cron.update": .scope(.admin), "cron.remove": .scope(.admin),
        "cron.run": .scope(.admin), "wake": .scope(.write),
        "agent": .scope(.write), "tools.invoke": .scope(.write),
        "chat.send": .scope(.write), "chat.abort": .scope(.write), "chat.history": .scope(.read),
        "chat.message.get": .scope(.read), "chat.inject": .scope(.admin),
        "sessions.get": .scope(.read), "sessions.preview": .scope(.read), "sessions.resolve": .scope(.read),
        "sessions.describe": .scope(.read), "sessions.usage": .scope(.read), "sessions.create": .scope(.write),
        "sessions.send": .scope(.write), "sessions.patch": .scope(.write), "sessions.reset": .scope(.admin),
        "sessions.delete": .scope(.admin), "sessions.compact": .scope(.admin),
        "last-heartbeat": .scope(.read),
        "logs.tail": .scope(.read),
        "channels.status": .scope(.read),
        "node.list": .scope(.read),
        "node.describe": .scope(.read),
        "skills.status": .scope(.read),
        "usage.status": .scope(.read),
        "usage.cost": .scope(.read),
        "models.list": .scope(.read),
        "tools.catalog": .scope(.read),
        "commands.list": .scope(.read),
        "voicewake.get": .scope(.read),
        "tts.status": .scope(.read),
        "agent.identity.get": .scope(.read),
        "system-event": .scope(.admin), "set-heartbeats": .scope(.admin), "exec.approvals.get": .scope(.admin),
        "exec.approval.list": .scope(.approvals), "exec.approval.resolve": .scope(.approvals),
        "config.get": .scope(.read), "config.schema": .scope(.read), "config.schema.lookup": .scope(.read),
        "config.set": .scope(.admin), "config.patch": .scope(.admin), "config.apply": .scope(.admin),
        "run.attach": .ownRun, "run.output": .ownRun, "run.event": .ownRun, "run.heartbeat": .ownRun,
        "worker.attach": .poolWorker, "worker.heartbeat": .poolWorker,
        "worker.report": .poolWorker, "worker.drain": .poolWorker, "workers.list": .scope(.read),
        "workers.drain": .scope(.admin),
        "run.permission": .ownRun,
        "run.complete": .ownRun,
    ]

    @Test("every documented method asks for its documented scope", arguments: Method.allCases)
    func requirements(_ method: Method) throws {
        guard let expected = Self.documented[method.rawValue] else {
            // A method without classification needs admin (wire protocol 5.4).
            #expect(method.requirement == .scope(.admin))
            return
        }
        #expect(method.requirement == expected)
    }

    @Test("what is advertised can be called, needs something known, and leaves out the handshake and the workers' own")
    func advertised() {
        #expect(!Method.advertised.isEmpty)
        #expect(Set(Method.advertised).count == Method.advertised.count)
        for name in Method.advertised {
            let method = Method(name: name)
            #expect(method?.rawValue == name)
            #expect(method?.requirement != .ownRun && method != .connect)
        }
        for method in Method.allCases where method.requirement == .ownRun || method.requirement == .poolWorker {
            #expect(!Method.advertised.contains(method.rawValue))
        }
        for name in ["health", "status", "system-presence", "sessions.list", "device.pair.list", "device.pair.approve"]
        {
            #expect(Method.advertised.contains(name))
        }
    }

    @Test("names are matched exactly")
    func lookup() {
        for method in Method.allCases { #expect(Method(name: method.rawValue) == method) }
        for name in ["", "Health", "health ", "sessions", "device.pair", "run", "hello"] {
            #expect(Method(name: name) == nil)
        }
    }

    @Test("only health and the handshake are open to everybody")
    func open() {
        #expect(Set(Method.allCases.filter { $0.requirement == .open }) == [.connect, .health])
    }
}

@Suite("Events, wire protocol 5.5 and 5.7")
struct EventNameTests {
    /// Name, scope needed, droppable, without `seq`.
    static let documented: [String: (EventName.Entitlement, Bool, Bool)] = [
        "connect.challenge": (.addressee, false, true), "tick": (.everybody, false, false),
        "shutdown": (.everybody, false, false), "health": (.everybody, false, false),
        "heartbeat": (.everybody, true, false), "presence": (.scope(.read), true, false),
        "agent": (.scope(.read), false, false), "chat": (.scope(.read), false, false),
        "cron": (.scope(.read), true, false), "sessions.changed": (.scope(.read), true, true),
        "session.message": (.scope(.read), true, true), "session.operation": (.scope(.read), true, true),
        "session.tool": (.scope(.read), true, true),
        "exec.approval.requested": (.scope(.approvals), true, false),
        "exec.approval.resolved": (.scope(.approvals), true, false),
        "config.changed": (.scope(.read), true, false),
        "device.pair.requested": (.scope(.pairing), true, false),
        "device.pair.resolved": (.scope(.pairing), true, false),
        // Ours: nobody may miss the pin of the certificate to come.
        "tls.pin.next": (.addressee, false, true), "diagnostics.broadcast": (.scope(.read), true, false),
    ]

    @Test("entitlement, droppability and seq are as documented", arguments: EventName.allCases)
    func table(_ event: EventName) throws {
        guard ![.runCancel, .workerRun, .workerStop, .workerDrain].contains(event) else {
            // Ours: for one worker, which must not miss it.
            #expect(event.isTargeted && !event.isDroppable)
            #expect(!EventName.advertised.contains(event.rawValue))
            return
        }
        let row = try #require(Self.documented[event.rawValue])
        #expect(event.entitlement == row.0)
        #expect(event.isDroppable == row.1)
        #expect(event.isTargeted == row.2)
        #expect(EventName.advertised.contains(event.rawValue))
    }
}
