import Testing

@testable import Server

@Suite("Deciding about the next certificate")
struct CertificateRotationTests {
    private static let first = CertificateRotation.Plan(certificateSHA256: "aa", effectiveAtMs: 1000)
    private static let later = CertificateRotation.Plan(certificateSHA256: "aa", effectiveAtMs: 2000)
    private static let second = CertificateRotation.Plan(certificateSHA256: "bb", effectiveAtMs: 1000)

    struct Look: Sendable {
        let found: CertificateRotation.Plan?
        let nowMs: Int64
        let expected: CertificateRotation.Step?

        init(_ found: CertificateRotation.Plan?, _ nowMs: Int64, _ expected: CertificateRotation.Step?) {
            self.found = found
            self.nowMs = nowMs
            self.expected = expected
        }
    }

    static let walks: [[Look]] = [
        [Look(nil, 0, nil), Look(nil, 5000, nil)],
        // Announced once, switched when due.
        [Look(first, 0, .announce), Look(first, 500, nil), Look(first, 999, nil), Look(first, 1000, .switchOver)],
        // Due when it is first seen: after a restart, or with --now.
        [Look(first, 1000, .switchOver)],
        // Taken back.
        [Look(first, 0, .announce), Look(nil, 1, .withdraw), Look(nil, 2, nil), Look(first, 3, .announce)],
        // Another time, another certificate.
        [Look(first, 0, .announce), Look(later, 1, .announce), Look(later, 1000, nil), Look(later, 2000, .switchOver)],
        [Look(later, 0, .announce), Look(first, 1000, .switchOver)],
        [Look(first, 0, .announce), Look(second, 1, .announce)],
        // The clock was set back.
        [Look(first, 999, .announce), Look(first, 0, nil), Look(first, 1000, .switchOver)],
    ]

    @Test("each look leads to its step", arguments: walks)
    func walk(_ looks: [Look]) {
        var rotation = CertificateRotation()
        for look in looks { #expect(rotation.look(at: look.found, nowMs: look.nowMs) == look.expected) }
    }

    @Test("a switch that is not possible is not tried again, until the plan changes or somebody asks")
    func held() {
        var rotation = CertificateRotation()
        #expect(rotation.look(at: Self.first, nowMs: 1000) == .switchOver)
        rotation.hold()
        #expect(rotation.look(at: Self.first, nowMs: 1001) == nil)
        rotation.retry()
        #expect(rotation.look(at: Self.first, nowMs: 1002) == .switchOver)
        rotation.hold()
        #expect(rotation.look(at: Self.second, nowMs: 1003) == .switchOver)
        rotation.hold()
        #expect(rotation.look(at: nil, nowMs: 1004) == .withdraw)
    }

    @Test("after a switch nothing is to come, and nothing was taken back")
    func finished() {
        var rotation = CertificateRotation()
        #expect(rotation.look(at: Self.first, nowMs: 1000) == .switchOver)
        rotation.finish()
        #expect(rotation.look(at: nil, nowMs: 1001) == nil)
    }
}
