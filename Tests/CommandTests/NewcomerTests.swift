import Files
import Foundation
import JSON
import Testing

/// Somebody who has never seen this, at a terminal: from nothing to a service, a second device, a spawn, another
/// certificate, and a configuration that is broken and mended. Each step does what the one before has said.
struct NewcomerTests {
    private static func configuration(port: Int, bind: String = "loopback") -> String {
        """
        {
          gateway: { mode: "local", port: \(port), bind: "\(bind)", tls: { enabled: true },
            nodes: { pairing: { autoApproveLocal: false } } },
          agents: { list: [{ id: "helper", default: true, exec: { command: ["sh", "-c", "{task}"], stdin: "none" } }] },
        }
        """
    }

    /// The command that a hint names, as it can be typed.
    private static func hinted(_ shown: String, _ name: String) throws -> String {
        let hint = try #require(
            shown.split(separator: "\n").first { $0.contains("hint: ") && $0.contains(name) }, "\(shown)")
        let words = hint.split(separator: " ").map(String.init)
        return words[try #require(words.firstIndex(of: "sallyport"))...].joined(separator: " ")
    }

    @Test func fromNothingToEverything() throws {
        let sandbox = try Sandbox()
        let port = try TCPSockets.freePort()
        let terminal = try PseudoTerminal()
        let home = sandbox.path + "/home"
        try Files.makeDirectory(home)
        try Files.makeDirectory(sandbox.path + "/bin")
        #expect(unsafe symlink(Program.path, sandbox.path + "/bin/sallyport") == 0)
        let environment = [
            "HOME": home, "PATH": sandbox.path + "/bin:/usr/bin:/bin", "TERM": "xterm", "NO_COLOR": "1",
            "LANG": "C.UTF-8",
        ]
        @discardableResult
        func type(_ line: String, _ expected: Int32 = 0, _ texts: String...) throws -> String {
            let (code, shown) = try terminal.type(line, environment: environment)
            #expect(code == expected, "\(terminal.transcript)")
            for text in texts { #expect(shown.contains(text), "\(line) does not show \(text):\n\(shown)") }
            // Whoever is refused is told what to do.
            if expected != 0 { #expect(shown.contains("hint: ") || shown.contains("fix: "), "\(shown)") }
            return shown
        }
        defer { _ = try? terminal.type("sallyport gateway stop --wait 5s --force", environment: environment) }

        // Nothing is there.
        let nothing = try type("sallyport gateway status", 1, "no gateway is running on \(home)/.sallyport")
        #expect(try Self.hinted(nothing, "gateway run") == "sallyport gateway run")
        try type("sallyport gatway start", 2, "did you mean: sallyport gateway start?")
        try Files.makeDirectory(home + "/.sallyport")
        func configure(_ text: String) throws {
            try Files.writeAtomically(home + "/.sallyport/openclaw.json", Array(text.utf8))
        }
        try configure(Self.configuration(port: port))
        try type("sallyport gateway start --background", 0, "Gateway: started (process ", "at wss://127.0.0.1:\(port)")
        try type("sallyport gateway status", 0, "Service:   supervised in the background", "Pin:       sha256:")
        try type("sallyport doctor", 0, "0 errors")

        // A second device, which is not let in before its owner says so.
        func pin() throws -> String {
            let shown = try type("sallyport tls fingerprint --json")
            let hex = try JSONParser.parse(Array(shown.utf8))["certificateSHA256"]?.string
            return "sha256:\(try #require(hex))"
        }
        let token = try type("cat ~/.sallyport/gateway/token").split(separator: "\n").first ?? ""
        func other(_ pin: String) -> String {
            "sallyport sessions list --state-dir ~/tablet --url wss://127.0.0.1:\(port) --token \(token) "
                + "--tls-fingerprint \(pin)"
        }
        let first = try pin()
        let refused = try type(other(first), 1, "pairing required")
        try type("sallyport devices list", 0, "Waiting for approval (sallyport devices approve REQUEST-ID):")
        try type(try Self.hinted(refused, "devices approve"), 0, "Approved")
        try type(other(first), 0, "SESSION ID")

        // Here it is asked for as well: the configuration says that nobody is paired by being local.
        let own = try type("sallyport sessions_spawn --agent helper -- 'true'", 1, "pairing required")
        try type(try Self.hinted(own, "devices approve"), 0, "Approved")

        // Work.
        let spawned = try type(
            "sallyport sessions_spawn --agent helper -- 'echo hello from $((6 * 7)); sleep 0.2'", 0,
            "Spawning agent 'helper' with runtime 'subagent'...", "Agent spawned successfully in session ",
            "hello from 42",
            "Task completed. Exit code: 0")
        #expect(spawned.contains("\r\u{1B}[K"), "progress stands in one line: \(spawned)")
        try type("sallyport sessions list", 0, "spawned", "helper", "done")
        try type("sallyport sessions send main -- 'echo and again'", 0, "and again")

        // Another certificate: whoever pins the old one is told.
        try type("sallyport tls rotate --now")
        let second = try Sandbox.eventually("another certificate") { () -> String? in
            let now = try pin()
            return now == first ? nil : now
        }
        try type(other(first), 1, "expected \(first.dropFirst(7))", "hint: ")
        try type(other(second), 0, "SESSION ID")

        // A slip, and its mending: what runs goes on.
        try configure(Self.configuration(port: port, bind: "0.0.0.0"))
        try type(
            "sallyport gateway restart", 78, "openclaw.json:2:", "gateway.bind must be", "hint: write bind: \"lan\"")
        try type("sallyport doctor", 78, "error    configuration: ", "fix: write bind: \"lan\"")
        try type("sallyport gateway health", 0, "Healthy")
        try configure(Self.configuration(port: port))
        try type("sallyport gateway restart", 0, "Gateway: restarted (process ")
        try type(other(second), 0, "SESSION ID")
        try type("sallyport logs --tail 20", 0, "[gateway] INFO [", "Gateway started on port \(port)")
        try type("sallyport gateway stop", 0, "Gateway: stopped")

        // With NO_COLOR nothing but the line of progress steers the terminal, and lines are not endless.
        let steering = terminal.transcript.replacing("\r\u{1B}[K", with: "")
        #expect(!steering.contains("\u{1B}"), "\(steering)")
    }

    @Test func colourIsForTerminalsThatWantIt() throws {
        let sandbox = try Sandbox()
        let terminal = try PseudoTerminal()
        let plain = ["HOME": sandbox.path, "PATH": "/usr/bin:/bin", "TERM": "xterm"]
        let line = "'\(Program.path)' gateway status"
        #expect(try terminal.type(line, environment: plain).shown.contains("\u{1B}[31merror:\u{1B}[0m"))
        for more in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
            let shown = try terminal.type(line, environment: plain.merging(more) { $1 }).shown
            #expect(!shown.contains("\u{1B}"), "\(shown)")
        }
        #expect(!(try terminal.type(line + " 2>&1 | cat", environment: plain).shown.contains("\u{1B}")))
    }
}
