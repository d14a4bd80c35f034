import Sessions
import Testing

@Suite("Names of attachments")
struct SpawnAttachmentsTests {
    @Test(
        "what names a file in any directory and nothing else",
        arguments: [
            ("a", true), ("notes.txt", true), ("a b", true), ("\u{E4}.png", true), ("a..b", true),
            (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false), ("", false),
            (".", false), ("..", false), (".profile", false), ("../x", false), ("a/b", false), ("/etc/passwd", false),
            ("a\\b", false), ("-rf", false), ("C:x", false), ("a\0", false), ("a\n", false), ("a\u{7F}", false),
            ("a\u{202E}gpj.exe", false), ("a\u{200B}", false), ("*", false), ("a?", false), ("a|b", false),
        ])
    func names(_ name: String, _ isSafe: Bool) {
        #expect(SpawnAttachments.isSafeName(name) == isSafe)
    }

    @Test(
        "a mount path is a hint of plain letters without a way up",
        arguments: [
            ("/mnt/files", true), ("files", true), ("a:b", true), ("a..b", true), ("", false), ("..", false),
            ("/a/../b", false), ("a b", false), ("a$b", false), ("\u{E4}", false),
            (String(repeating: "a", count: 512), true), (String(repeating: "a", count: 513), false),
        ])
    func mountPaths(_ path: String, _ isGood: Bool) {
        #expect(SpawnAttachments.isMountPath(path) == isGood)
    }
}
