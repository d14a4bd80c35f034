/// Agents of the Agent Client Protocol that are a few lines for bash.
enum ACPScript {
    /// Asks for a permission at each prompt, and says which option was chosen.
    static let asking = script(
        prompt: #"""
            prompt=$id
            say '{"jsonrpc":"2.0","id":"permission","method":"session/request_permission","params":{"sessionId":"s",
            "toolCall":{"toolCallId":"t","kind":"execute","title":"rm -r x"},"options":[
            {"optionId":"yes","name":"Yes","kind":"allow_once"},{"optionId":"no","name":"No","kind":"reject_once"}]}}'
            """#,
        rest: #"""
            *'"permission"'*)
                [[ $line == *'"yes"'* ]] && answer=yes || answer=no
                tell $answer
                reply "$prompt" '{"stopReason":"end_turn"}' ;;
            """#)

    /// Says its process's number at each prompt.
    static let numbered = script(prompt: #"tell $$; reply "$id" '{"stopReason":"end_turn"}'"#)

    private static func script(prompt: String, rest: String = "") -> String {
        #"""
        say() { tr -d '\n' <<< "$1"; echo; }
        reply() { say "{\"jsonrpc\":\"2.0\",\"id\":$1,\"result\":$2}"; }
        tell() {
            say '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{
            "sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"'"$1"'"}}}}'
        }
        while IFS= read -r line; do
            [[ $line =~ \"id\":([^,}]+) ]] && id=${BASH_REMATCH[1]}
            case $line in
            *'"initialize"'*) reply "$id" '{"protocolVersion":1,"agentCapabilities":{}}' ;;
            *'"session/new"'*) reply "$id" '{"sessionId":"s"}' ;;
            *'"session/prompt"'*)

        """# + prompt + " ;;\n" + rest + "\n    esac\ndone\n"
    }
}
