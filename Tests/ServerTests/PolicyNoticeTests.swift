import Config
import Testing

@testable import Server

@Suite("What a policy key widens is said at the start")
struct PolicyNoticeTests {
    private static func notices(_ gateway: String, _ more: String = "") throws -> [PolicyNotice] {
        let text = "{ gateway: { mode: 'local',\n \(gateway) },\n \(more) }"
        let input = ConfigInput(
            files: [.init(path: "/c/openclaw.json", bytes: Array(text.utf8))], environment: [:], flags: [:])
        let result = ConfigLoader.load(input) { _ in nil }
        return PolicyNotice.notices(try #require(result.configuration, "\(result.problems)"))
    }

    @Test("nothing is said of the defaults, written down or not")
    func defaults() throws {
        #expect(try Self.notices("auth: { token: 't' }") == [])
        #expect(
            try Self.notices(
                """
                auth: { mode: 'token', token: 't', allowTailscale: false, onRotate: 'close' },
                pairing: { loopbackExempt: false, internalSpawnBypass: true }, security: { enforcePairing: true },
                controlUi: { allowInsecureAuth: false, dangerouslyDisableDeviceAuth: false,
                  dangerouslyAllowHostHeaderOriginFallback: false }
                """, "security: { devicePairing: { requireForExternal: true, skipForLoopback: false } }") == [])
    }

    @Test(
        "each key has one line, with its value, what it does, and where it stands",
        arguments: [
            ("auth: { mode: 'none' }", "", "gateway.auth.mode: \"none\" widens", true),
            ("auth: { token: 't', allowTailscale: true }", "", "gateway.auth.allowTailscale: true widens", false),
            (
                "auth: { token: 't' }, tailscale: { mode: 'serve' }", "", "gateway.tailscale.mode: \"serve\" widens",
                false
            ),
            ("auth: { token: 't', onRotate: 'continue' }", "", "gateway.auth.onRotate: \"continue\" widens", false),
            ("pairing: { loopbackExempt: true }", "", "gateway.pairing.loopbackExempt: true widens", false),
            (
                "pairing: { internalSpawnBypass: false }", "", "gateway.pairing.internalSpawnBypass: false narrows",
                false
            ),
            ("security: { enforcePairing: false }", "", "gateway.security.enforcePairing: false widens", true),
            ("controlUi: { allowInsecureAuth: true }", "", "gateway.controlUi.allowInsecureAuth: true widens", true),
            (
                "controlUi: { dangerouslyDisableDeviceAuth: true }", "",
                "gateway.controlUi.dangerouslyDisableDeviceAuth: true widens", true
            ),
            (
                "controlUi: { dangerouslyAllowHostHeaderOriginFallback: true }", "",
                "gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback: true widens", true
            ),
            (
                "auth: { token: 't' }", "security: { devicePairing: { requireForExternal: false } }",
                "security.devicePairing.requireForExternal: false widens", true
            ),
            (
                "auth: { token: 't' }", "security: { devicePairing: { skipForLoopback: true } }",
                "security.devicePairing.skipForLoopback: true widens", false
            ),
        ])
    func each(gateway: String, more: String, begins: String, isWarning: Bool) throws {
        let notices = try Self.notices(gateway, more)
        try #require(notices.count == 1, "\(notices)")
        let notice = notices[0]
        #expect(notice.text.hasPrefix(begins + ": "), "\(notice.text)")
        #expect(begins.hasPrefix(notice.key + ": "))
        #expect((notice.weight == .warning) == isWarning)
        let line = more.isEmpty ? 2 : 3
        #expect(notice.text.hasSuffix(" (/c/openclaw.json:\(line))"), "\(notice.text)")
    }

    @Test("a variable is named where a variable set it")
    func variable() throws {
        let input = ConfigInput(
            files: [.init(path: "/c/openclaw.json", bytes: Array("{ gateway: { mode: 'local' } }".utf8))],
            environment: ["OPENCLAW_INTERNAL_SPAWN_BYPASS": "false"], flags: [:])
        let configuration = try #require(ConfigLoader.load(input) { _ in nil }.configuration)
        let notices = PolicyNotice.notices(configuration)
        #expect(notices.count == 1)
        #expect(notices.first?.text.hasSuffix(" (environment OPENCLAW_INTERNAL_SPAWN_BYPASS)") == true, "\(notices)")
    }
}
