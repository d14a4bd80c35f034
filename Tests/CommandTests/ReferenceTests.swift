import Files
import Testing

/// Completions, manual pages and docs/cli.md: all made of the one table.
struct ReferenceTests {
    @Test(arguments: ["bash", "zsh", "fish"])
    func aCompletionScriptIsOneOfItsShell(_ shell: String) throws {
        let sandbox = try Sandbox()
        let script = try sandbox.run("completions", shell)
        #expect(script.exitCode == 0)
        for command in try HelpTests.commands(sandbox) {
            for word in command.split(separator: " ") { #expect(script.output.contains(word), "\(command)") }
        }
        guard Self.isInstalled(shell) else { return }
        try sandbox.write("script", script.output)
        let checked = try sandbox.run(shell: "\(shell) -n script")
        #expect(checked.exitCode == 0, "\(checked.errors)")
    }

    static func isInstalled(_ program: String) -> Bool {
        ["/usr/bin/", "/bin/"].contains { Files.exists($0 + program) }
    }

    @Test(arguments: [
        ("sallyport ses", "sessions sessions_list sessions_spawn"),
        ("sallyport gateway st", "status"),
        ("sallyport gateway run --po", "--port"),
        ("sallyport sessions send --no", "--no-wait"),
        ("sallyport sessions --li", "--limit"),
        ("sallyport completions --he", "--help"),
    ])
    func bashCompletes(_ line: String, _ expected: String) throws {
        let sandbox = try Sandbox()
        let words = line.split(separator: " ").map { "'\($0)'" }
        let outcome = try sandbox.run(
            shell: """
                source <("$SALLYPORT" completions bash); COMP_WORDS=(\(words.joined(separator: " "))); \
                COMP_CWORD=\(words.count - 1); _sallyport; printf '%s\\n' "${COMPREPLY[@]}" | LC_ALL=C sort -u | xargs
                """)
        #expect(outcome.output.contains(expected), "\(outcome.output)\(outcome.errors)")
    }

    @Test(
        .enabled(if: isInstalled("fish"), "fish is not installed"),
        arguments: [
            ("sallyport gateway st", "status"), ("sallyport gateway run --po", "--port"), ("sallyport dev", "devices"),
        ])
    func fishCompletes(_ line: String, _ expected: String) throws {
        let outcome = try Sandbox().run(
            shell:
                "\"$SALLYPORT\" completions fish > script; fish --no-config -c \"source script; complete -C '\(line)'\""
        )
        #expect(outcome.output.contains(expected), "\(outcome.output)\(outcome.errors)")
    }

    @Test func aShellThatIsNotKnownIsRefused() throws {
        let outcome = try Sandbox().run("completions", "csh")
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains("bash, zsh, fish"))
    }

    @Test func everyCommandHasAPage() throws {
        let sandbox = try Sandbox()
        let written = try sandbox.run("man", "--dir", sandbox.path + "/man")
        #expect(written.exitCode == 0, "\(written.errors)")
        let commands = try HelpTests.commands(sandbox)
        #expect(Files.names(in: sandbox.path + "/man").count == commands.count + 1)
        for command in commands {
            let page = sandbox.text("man/sallyport-\(command.replacing(" ", with: "-")).1")
            #expect(page.hasPrefix(".TH SALLYPORT"), "\(command)")
            for option in try HelpTests.options(
                sandbox.run(command.split(separator: " ").map(String.init) + ["--help"]).output)
            {
                #expect(page.contains(".TP\n\\fB\\-\\-\(option.replacing("-", with: "\\-"))"), "\(command) --\(option)")
            }
        }
        #expect(try sandbox.run("man", "sessions", "send").output == sandbox.text("man/sallyport-sessions-send.1"))
        #expect(try sandbox.run("man", "sessions", "sned").exitCode == 2)
        guard Self.isInstalled("mandoc") else { return }
        let lint = try sandbox.run(shell: "mandoc -T lint -W error man/*.1")
        #expect(lint.exitCode == 0, "\(lint.output)")
    }

    /// `sallyport man --markdown > docs/cli.md` mends it.
    @Test func theReferenceInTheDocsIsThatOfTheTable() throws {
        let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))
        let docs = String(decoding: try Files.read(root + "/docs/cli.md"), as: UTF8.self)
        let made = try Sandbox().run("man", "--markdown").output
        #expect(docs == made, "run: .build/debug/sallyport man --markdown > docs/cli.md")
    }
}
