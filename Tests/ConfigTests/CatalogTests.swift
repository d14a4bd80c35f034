import Config
import Files
import Foundation
import JSON
import Testing

@Suite("The catalogue of settings")
struct CatalogTests {
    private static let catalog = SettingCatalog.shared
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test("says what each setting is for; a new one needs a line in SettingNotes")
    func notes() {
        let silent = Self.catalog.settings.filter(\.note.isEmpty).map(\.path)
        #expect(silent == [])
        #expect(Self.catalog.settings.count > 100)
    }

    @Test("says of each what a change needs; a new family needs a line in ReloadKind")
    func kinds() {
        #expect(Self.catalog.settings.filter { $0.reload == .none }.map(\.path) == [])
    }

    @Test("knows every setting that a configuration comes to")
    func complete() throws {
        let configuration = try loaded(
            """
            agents: { list: [{ id: 'a', exec: { command: ['x'] }, env: { A: 'b' } }], entries: { b: { cwd: '/x' } } },
            gateway: { listeners: [{ path: '/run/x.sock' }], auth: { token: 'x' } },
            plugins: { entries: { acpx: { config: { agents: { claude: { command: 'claude' } } } } } }
            """)
        let unknown = configuration.effective.map(\.path).filter { Self.catalog[$0] == nil }
        #expect(unknown == [])
    }

    @Test(
        "makes patterns of paths",
        arguments: [
            ("agents.list[3].id", "agents.list[].id"), ("agents.list[].id", "agents.list[].id"),
            ("agents.entries.main.exec.command", "agents.entries.*.exec.command"),
            ("agents.entries.*.cwd", "agents.entries.*.cwd"), ("gateway.port", "gateway.port"), ("", ""),
        ])
    func patterns(path: String, pattern: String) {
        #expect(SettingCatalog.pattern(path) == pattern)
    }

    @Test("the published schema is the present one: sallyport config schema > docs/openclaw.schema.json")
    func published() throws {
        let published = try JSONParser.parse(try Files.read(Self.repository + "/docs/openclaw.schema.json"))
        #expect(published == Self.catalog.schema)
    }

    @Test("the table of docs/configuration.md is the present one: sallyport config schema --markdown")
    func table() throws {
        let page = String(decoding: try Files.read(Self.repository + "/docs/configuration.md"), as: UTF8.self)
        #expect(page.hasSuffix("\n" + Self.catalog.table + "\n"))
    }

    @Test("each setting has a place in the schema, with its default and its note")
    func schema() throws {
        for setting in Self.catalog.settings {
            let found = try #require(Self.catalog.lookup(setting.path), "\(setting.path)")
            #expect(found["hint"]?["help"]?.string == setting.note, "\(setting.path)")
            #expect(found["schema"]?["description"]?.string == setting.note, "\(setting.path)")
            #expect(found["reloadKind"]?.string == setting.reload.rawValue, "\(setting.path)")
        }
        let port = Self.catalog.lookup("gateway.port")
        #expect(port?["schema"]?["default"] == 18789)
        #expect(Self.catalog.lookup("gateway.auth.token")?["hint"]?["sensitive"] == true)
        #expect(Self.catalog.lookup("gateway.host") == nil)
        let children = Self.catalog.lookup("agents")?["children"]?.array?.compactMap { $0["key"]?.string }
        #expect(children == ["defaults", "list", "entries"])
    }

    @Test(
        "longest prefix decides what a change needs",
        arguments: [
            ("gateway.port", ReloadKind.restart), ("gateway.auth.mode", .restart), ("gateway.auth.token", .hot),
            ("gateway.auth.rateLimit.windowMs", .hot), ("gateway.tls.certPath", .restart),
            ("gateway.nodes.pairing.autoApproveLocal", .hot), ("gateway.nodes.browser", .none),
            ("gateway.controlUi.allowedOrigins", .hot), ("gateway.controlUi.basePath", .restart),
            ("agents.list[0].exec.command", .hot), ("agents", .hot), ("channels.telegram.botToken", .none),
            ("gateway.whatever", .restart), ("gatewayx", .restart), ("gateway.listeners[0].port", .restart),
            ("cron.enabled", .hot), ("tools", .hot),
        ])
    func reload(path: String, kind: ReloadKind) {
        #expect(ReloadKind(of: path) == kind)
    }
}

@Suite("What follows from a changed configuration")
struct ReloadPlanTests {
    private static func plan(_ before: String, _ after: String) throws -> ReloadPlan {
        let started = try loaded(before)
        return ReloadPlan(started: started, applied: started, next: try loaded(after))
    }

    @Test("settings are applied or wait for a restart")
    func both() throws {
        let plan = try Self.plan(
            "gateway: { port: 1, trustedProxies: ['10.0.0.1'] }",
            "gateway: { port: 2, trustedProxies: ['10.0.0.2'] }, agents: { list: [{ id: 'x' }] }")
        #expect(plan.restart == ["gateway.port"])
        #expect(plan.applied == ["gateway.trustedProxies", "agents.list[0].id"])
    }

    @Test("a changed secret and a changed variable of an agent are noticed, and not shown")
    func secrets() throws {
        let plan = try Self.plan(
            "gateway: { auth: { token: 'one' } }, agents: { list: [{ id: 'x', env: { KEY: 'one' } }] }",
            "gateway: { auth: { token: 'two' } }, agents: { list: [{ id: 'x', env: { KEY: 'two' } }] }")
        #expect(plan.applied == ["gateway.auth.token", "agents.list[0].env"])
        let configuration = try loaded("gateway: { auth: { token: 'hush-hush' } }")
        #expect(!"\(configuration)".contains("hush-hush"))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hush-hush"))
    }

    @Test("what is removed counts, what is the same does not, and what is put back waits no more")
    func back() throws {
        #expect(try Self.plan("cron: { enabled: false }", "").applied == ["cron.enabled"])
        #expect(try Self.plan("gateway: { port: 18789 }", "// same\ngateway: {}").isEmpty)
        let started = try loaded("gateway: { port: 1 }")
        let moved = try loaded("gateway: { port: 2 }")
        #expect(ReloadPlan(started: started, applied: started, next: moved).restart == ["gateway.port"])
        #expect(ReloadPlan(started: started, applied: moved, next: started).isEmpty)
    }

    @Test("in mode restart nothing is applied")
    func restartMode() throws {
        let plan = try Self.plan("", "gateway: { reload: { mode: 'restart' } }, cron: { enabled: false }")
        #expect(plan.applied == ["gateway.reload.mode"] && plan.restart == ["cron.enabled"])
    }
}
