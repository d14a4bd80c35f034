import Files
import JSON
import Testing

/// An editor that speaks the Agent Client Protocol with `sallyport acp`.
struct ACPBridgeTests {
    private static let configuration = """
        {
          gateway: { mode: "local", tls: { enabled: true } },
          agents: { list: [{ id: "main", default: true,
            exec: { command: ["sh", "-c", "cat > /dev/null; echo said; case '{task}' in *wait*) sleep 60;; *bad*) exit 3;; esac"] } }] },
        }
        """

    /// Types lines, each after the answer to the one before; `{S}` is the session of the first `session/new`.
    private static func talk(_ sandbox: Sandbox, _ lines: [String], options: String = "") throws -> [JSON] {
        try sandbox.write("lines", lines.joined(separator: "\n") + "\n")
        let outcome = try sandbox.run(
            shell: """
                coproc B { "$SALLYPORT" acp \(options); }; session=
                while IFS= read -r line; do
                    printf '%s\\n' "${line//\\{S\\}/$session}" >&"${B[1]}"
                    case $line in *'"id"'*) ;; *) continue ;; esac
                    while IFS= read -r -t 20 answer <&"${B[0]}"; do
                        printf '%s\\n' "$answer"
                        case $answer in *'"sessionId":"'*'}}') [ -n "$session" ] || { session=${answer##*'"sessionId":"'}; session=${session%%'"'*}; } ;; esac
                        case $answer in *'"id":'*) break ;; esac
                        case "$line$answer" in *wait*said*) printf '{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"%s"}}\\n' "$session" >&"${B[1]}" ;; esac
                    done
                done < lines
                """)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
    }

    private static func line(_ id: Int, _ method: String, _ params: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }

    private static func prompt(_ id: Int, _ text: String) -> String {
        line(id, "session/prompt", #"{"sessionId":"{S}","prompt":[{"type":"text","text":"\#(text)"}]}"#)
    }

    @Test func aLineThatIsTooLongIsRefusedAndTheNextOneAnswered() throws {
        let sandbox = try Sandbox()
        let outcome = try sandbox.run(
            shell: """
                { head -c 9000000 /dev/zero | tr '\\0' x; echo; echo '\(Self.line(1, "initialize", #"{"protocolVersion":1}"#))'; } |
                    "$SALLYPORT" acp --url wss://127.0.0.1:1 --token x
                """)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let answers = try outcome.output.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
        #expect(answers.map { $0["error"]?["message"]?.string } == ["Invalid Request: the line is too long", nil])
        #expect(answers.last?["id"]?.integer == 1)
    }

    @Test func anEditorPromptsCancelsAndLoads() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let answers = try Self.talk(
            sandbox,
            [
                Self.line(1, "initialize", #"{"protocolVersion":1}"#),
                Self.line(2, "session/new", #"{"cwd":"/tmp","mcpServers":[]}"#), Self.prompt(3, "hello"),
                Self.prompt(4, "wait for me"), Self.prompt(5, "this is bad"),
                Self.line(6, "session/load", #"{"sessionId":"{S}","cwd":"/tmp","mcpServers":[]}"#),
                Self.line(7, "no/such", "{}"), Self.line(8, "session/prompt", #"{"sessionId":"x","prompt":[]}"#),
            ])
        func answer(_ id: Int64) -> JSON { answers.first { $0["id"]?.integer == id } ?? .null }
        #expect(answer(1)["result"]?["agentCapabilities"]?["loadSession"]?.bool == true)
        #expect(answer(2)["result"]?["sessionId"]?.string?.utf8.count == 36)
        #expect(answer(3)["result"]?["stopReason"]?.string == "end_turn", "\(answers)")
        #expect(answer(4)["result"]?["stopReason"]?.string == "cancelled", "\(answers)")
        #expect(answer(5)["error"]?["message"]?.string?.isEmpty == false, "\(answers)")
        #expect(answer(6)["result"]?.object != nil, "\(answers)")
        #expect(answer(7)["error"]?["code"]?.integer == -32601)
        #expect(answer(8)["error"]?["code"]?.integer == -32002)
        let updates = answers.compactMap { $0["params"]?["update"] }
        let said = updates.filter { $0["sessionUpdate"]?.string == "agent_message_chunk" }
        #expect(said.first?["content"]?["text"]?.string == "said\n", "\(answers)")
        // Of what was prompted, the editor's directory included.
        let asked = updates.filter { $0["sessionUpdate"]?.string == "user_message_chunk" }
        #expect(asked.count == 3)
        #expect(asked.first?["content"]?["text"]?.string == "[Working directory: /tmp]\n\nhello")
        try gateway.stop()
    }

    @Test func aSessionThatIsNotThereIsRefusedWhereItMustBe() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let new = Self.line(1, "session/new", #"{"cwd":"/tmp","mcpServers":[]}"#)
        let refused = try Self.talk(sandbox, [new], options: "--session agent:main:nowhere --require-existing")
        #expect(refused.first?["error"]?["message"]?.string?.contains("nowhere") == true, "\(refused)")
        let main = try Self.talk(sandbox, [new, Self.prompt(2, "hi")], options: "--session main --no-prefix-cwd")
        #expect(main.last?["result"]?["stopReason"]?.string == "end_turn", "\(main)")
        #expect(try sandbox.run("sessions", "history", "main").output.contains("  user: hi\n"))
        try gateway.stop()
        let gone = try Self.talk(sandbox, [new, Self.prompt(2, "hi")])
        #expect(gone.last?["error"]?["message"]?.string?.contains("sallyport gateway run") == true, "\(gone)")
    }
}
