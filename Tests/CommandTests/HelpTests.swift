import Testing

/// The command table as a user meets it: help, slips, and words that are too many.
struct HelpTests {
    /// As `sallyport --help` lists them: all that a newcomer can find.
    static func commands(_ sandbox: Sandbox) throws -> [String] {
        try sandbox.run("--help").output.split(separator: "\n").filter { $0.hasPrefix("  ") }.compactMap { line in
            line.dropFirst(2).firstRange(of: "  ").map { String(line.dropFirst(2)[..<$0.lowerBound]) }
        }
    }

    /// The names of the options in a command's help, without dashes.
    static func options(_ help: String) -> [String] {
        help.split(separator: "\n").filter { $0.hasPrefix("  --") }.compactMap { line in
            line.dropFirst(4).split(separator: " ").first.map(String.init)
        }
    }

    @Test func everyCommandExplainsItself() throws {
        let sandbox = try Sandbox()
        let commands = try Self.commands(sandbox)
        #expect(commands.count >= 11)
        for name in commands {
            let words = name.split(separator: " ").map(String.init)
            let help = try sandbox.run(words + ["--help"])
            #expect(help.exitCode == 0, "\(name)")
            #expect(help.output.hasPrefix("usage: sallyport \(name)"), "\(help.output)")
            #expect(help.errors.isEmpty, "\(name)")
            #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(name)")
            #expect(try sandbox.run(words + ["-h"]).output == help.output)
            #expect(try sandbox.run(["help"] + words).output == help.output)
        }
    }

    @Test func aMisspeltOptionIsRefusedWithTheRightOne() throws {
        let sandbox = try Sandbox()
        for name in try Self.commands(sandbox) {
            let words = name.split(separator: " ").map(String.init)
            let options = Self.options(try sandbox.run(words + ["--help"]).output)
            for option in options where option.count > 4 {
                let refused = try sandbox.run(words + ["--\(option.dropFirst())"])
                #expect(refused.exitCode == 2, "\(name) --\(option)")
                #expect(refused.errors.contains("hint: did you mean --\(option)?"), "\(refused.errors)")
                #expect(refused.output.isEmpty)
            }
            let unknown = try sandbox.run(words + ["--xyzzyxyzzy"])
            #expect(unknown.exitCode == 2)
            #expect(unknown.errors.contains("\(name) has no option --xyzzyxyzzy"), "\(unknown.errors)")
            #expect(unknown.errors.contains("see sallyport \(name) --help"), "\(unknown.errors)")
        }
    }

    @Test(arguments: [
        ("gatway run", "unknown command: gatway run", "sallyport gateway run?"),
        ("gateway rnu", "unknown command: gateway rnu", "sallyport gateway run?"),
        ("sessions lst", "unknown command: sessions lst", "sallyport sessions list?"),
        ("sesions_spawn -- x", "unknown command: sesions_spawn", "sallyport sessions_spawn?"),
        ("devices aprove 1234", "unknown command: devices aprove", "sallyport devices approve?"),
        ("devices xyzzyx", "unknown command: devices xyzzyx", "sallyport devices reject"),
        ("tls", "tls needs another word", "sallyport tls fingerprint"),
        ("frobnicate all", "unknown command: frobnicate all", "sallyport --help lists all commands"),
        ("--json", "a command comes before --json", "sallyport --help lists all commands"),
        ("sessions list extra", "sessions list takes no operands: extra", "see sallyport sessions list --help"),
        ("gateway run -p 1", "gateway run has no option -p", "did you mean --port?"),
        ("gateway run --port", "--port needs a value", ""),
        ("gateway run --no-tls=no", "--no-tls takes no value", ""),
        ("sessions list --limit 0", "--limit must be a number from 1 to 10000", ""),
        ("sessions list --timeout soon", "--timeout must be a number", ""),
        ("sessions kill", "sessions kill needs one session id", "sallyport sessions list"),
        ("devices approve", "this needs one request id", "sallyport devices list"),
        ("devices remove a b", "this needs one device id", "sallyport devices list"),
        ("sessions_spawn --agent lines", "sessions_spawn needs a task", "sallyport sessions_spawn --agent ID"),
        ("sessions_spawn --cleanup never -- x", "--cleanup must be keep or delete", ""),
        ("sessions list --url wss://127.0.0.1:1 --token x --tls-fingerprint no", "64 hexadecimal digits", ""),
    ])
    func aWrongWordIsAUsageErrorThatSaysWhatIsMeant(_ line: String, _ message: String, _ hint: String) throws {
        let outcome = try Sandbox().run(line.split(separator: " ").map(String.init))
        #expect(outcome.exitCode == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("sallyport: error: "), "\(outcome.errors)")
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(hint.isEmpty || outcome.errors.contains(hint), "\(outcome.errors)")
    }

    @Test func aGroupListsItsCommands() throws {
        let sandbox = try Sandbox()
        let help = try sandbox.run("sessions", "--help")
        #expect(help.exitCode == 0)
        #expect(help.output.contains("  sessions list  "))
        #expect(help.output.contains("  sessions kill  "))
        #expect(help.output.contains("sallyport sessions alone is short for sallyport sessions list."))
        #expect(try sandbox.run("help", "sessions").output == help.output)
    }

    @Test func withoutACommandTheOverviewIsAComplaint() throws {
        let sandbox = try Sandbox()
        let nothing = try sandbox.run()
        #expect(nothing.exitCode == 2)
        #expect(nothing.output.isEmpty)
        let help = try sandbox.run("--help")
        #expect(help.exitCode == 0)
        #expect(help.output == nothing.errors)
        #expect(try sandbox.run("help").output == help.output)
        #expect(try sandbox.run("--version").output == sandbox.run("version").output)
    }

    @Test func aReaderThatStopsReadingBreaksNothing() throws {
        let outcome = try Sandbox().run(shell: #""$SALLYPORT" --help | head -1"#)
        #expect(outcome.output == "usage: sallyport COMMAND [options]\n")
        #expect(outcome.errors.isEmpty)
    }
}
