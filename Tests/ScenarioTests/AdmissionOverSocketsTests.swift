import Client
import Crypto
import Foundation
import JSON
import Testing
import Wire

/// Combinations of configuration, credential, device, client, headers and origin, over real sockets. What has to come
/// out is said by a dry run of the same gateway beforehand, and by rules that hold whatever a dry run says.
struct AdmissionOverSocketsTests {
    struct Setting: Sendable, CustomTestStringConvertible {
        let mode: String
        let isTLS: Bool
        /// Loopback is a trusted proxy, so what it forwards for is believed.
        let trustsProxy: Bool

        var testDescription: String { "\(mode), TLS \(isTLS), trusted proxy \(trustsProxy)" }

        var configuration: String {
            let auth =
                switch mode {
                case "token": #"token: "my-token""#
                case "password": #"password: "my-password""#
                case "trusted-proxy": #"trustedProxy: { userHeader: "X-Forwarded-User", allowLoopback: true }"#
                default: ""
                }
            return GatewayConfiguration(
                gateway: """
                    mode: "local", bind: "loopback", tls: { enabled: \(isTLS) },
                    trustedProxies: \(trustsProxy ? #"["127.0.0.1"]"# : "[]"), auth: { mode: "\(mode)", \(auth) }
                    """
            ).text
        }
    }

    static let settings: [Setting] = [
        Setting(mode: "token", isTLS: true, trustsProxy: false),
        Setting(mode: "token", isTLS: false, trustsProxy: false),
        Setting(mode: "token", isTLS: true, trustsProxy: true),
        Setting(mode: "password", isTLS: true, trustsProxy: false),
        Setting(mode: "password", isTLS: false, trustsProxy: true),
        Setting(mode: "none", isTLS: true, trustsProxy: false), Setting(mode: "none", isTLS: false, trustsProxy: true),
        Setting(mode: "trusted-proxy", isTLS: true, trustsProxy: true),
        Setting(mode: "trusted-proxy", isTLS: false, trustsProxy: true),
    ]

    /// One of every `stride` combinations, another one for each setting. It shares no factor with any dimension.
    private static let stride = 17

    static func cases(_ index: Int) -> [AdmissionCase] {
        Swift.stride(from: index, to: AdmissionCase.all.count, by: stride).map { AdmissionCase.all[$0] }
    }

    @Test("there are enough combinations, and each value of each dimension is among them")
    func coverage() {
        let all = Self.settings.indices.flatMap(Self.cases)
        #expect(all.count >= 200)
        for (index, _) in Self.settings.enumerated() {
            let cases = Self.cases(index)
            #expect(Set(cases.map(\.credential)).count == AdmissionCase.Credential.allCases.count)
            #expect(Set(cases.map(\.device)).count == AdmissionCase.Device.allCases.count)
            #expect(Set(cases.map(\.client)).count == AdmissionCase.Client.allCases.count)
            #expect(Set(cases.map(\.origin)).count == AdmissionCase.Origin.allCases.count)
            #expect(Set(cases.map(\.isForwarded)).count == 2)
        }
    }

    @Test(arguments: Array(settings.enumerated()).map { ($0.offset, $0.element) })
    func itIsAsTheDryRunAndTheInvariantsSay(index: Int, setting: Setting) async throws {
        try await scenario {
            let stage = try AdmissionStage(setting)
            var admitted = 0
            var explained = 0
            for item in Self.cases(index) {
                let expected = try stage.dryRun(item)
                let outcome = try stage.connect(item)
                let what = Comment(rawValue: "\(setting.testDescription): \(item): \(outcome)")
                if let expected {
                    explained += 1
                    #expect(outcome.isAdmitted == (expected["outcome"] == "admitted"), "\(what), expected \(expected)")
                    if outcome.isAdmitted {
                        let scopes = (expected["scopes"]?.array ?? []).compactMap(\.string)
                        #expect(Set(outcome.scopes) == Set(scopes), what)
                    } else {
                        #expect(outcome.details["code"] == expected["code"], "\(what), expected \(expected)")
                    }
                }
                Self.check(item, outcome, setting, what)
                if outcome.isAdmitted { admitted += 1 }
            }
            // A table of refusals alone, or one that nothing was expected of, would show little.
            #expect(admitted > 0 && explained > 0)
            try stage.stop()
        }
    }

    /// The invariants, from what was sent and configured alone.
    private static func check(
        _ item: AdmissionCase, _ outcome: AdmissionStage.Outcome, _ setting: Setting, _ what: Comment
    ) {
        guard outcome.isAdmitted else {
            let remedy = outcome.details["remediationHint"]?.string ?? outcome.details["recommendedNextStep"]?.string
            #expect(remedy?.isEmpty == false, what)
            #expect(outcome.details["decisionId"]?.string?.isEmpty == false, what)
            return
        }
        #expect(item.origin != .foreign, what)
        #expect(item.device != .forged, what)
        #expect(ScopeSet(item.client.scopes).covers(ScopeSet(outcome.scopes)), what)
        // In mode `none` there is no secret to be wrong; a proxy that is believed names the user by itself.
        let isOpen = setting.mode == "none" || (setting.mode == "trusted-proxy" && item.isForwarded)
        let isProven = isOpen || (item.credential == .right && setting.mode != "trusted-proxy")
        switch item.credential {
        case .wrong, .none: #expect(isOpen, what)
        case .deviceToken: #expect(isOpen || item.device == .paired, what)
        case .right: #expect(isProven, what)
        case .enrolment: #expect(isOpen || item.device == .paired || item.device == .new, what)
        }
        let isDirect = !item.isForwarded && !setting.trustsProxy
        if item.device == .none {
            // Without a device: the rows that keep scopes, by name; everybody else has none.
            let keeps = isProven && isDirect && item.origin == .none && [.cli, .backend].contains(item.client)
            #expect(outcome.scopes.isEmpty || keeps, what)
        }
        if item.device == .new, item.credential != .enrolment {
            // Not paired by anybody: only on a direct local connection, or as the Control UI of a user who needs no secret.
            #expect((isProven && isDirect) || (isOpen && item.client == .controlUI), what)
        }
    }
}
