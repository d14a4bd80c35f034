import Config
import Testing

@Suite(".env files")
struct DotEnvironmentTests {
    @Test("are read as shells write them")
    func parse() {
        let text = """
            # a comment
            PLAIN=value
            export EXPORTED = spaced out # and a comment
            HASH=a#b
            DOUBLE="line\\nend \\"quoted\\"" # x
            SINGLE='as $it \\n is'
            EMPTY=
            not a line
            1BAD=x
            WINDOWS=yes\r
            OPEN="never
            """
        let found = DotEnvironment.parse(Array(text.utf8))
        #expect(found.map(\.name) == ["PLAIN", "EXPORTED", "HASH", "DOUBLE", "SINGLE", "EMPTY", "WINDOWS", "OPEN"])
        #expect(
            found.map(\.value) == [
                "value", "spaced out", "a#b", "line\nend \"quoted\"", "as $it \\n is", "", "yes", "\"never",
            ])
    }

    @Test("never overwrite what is set, and the first wins")
    func precedence() {
        let merged = DotEnvironment.merged(
            ["A": "process", "EMPTY": ""],
            [(Array("A=1\nB=1\nEMPTY=1".utf8), false), (Array("B=2\nC=2".utf8), true)])
        #expect(merged == ["A": "process", "B": "1", "C": "2", "EMPTY": "1"])
    }

    @Test("of a directory where anybody may write say nothing of where the gateway is")
    func steering() {
        let text = Array(
            """
            OPENCLAW_STATE_DIR=/x
            OPENCLAW_GATEWAY_URL=wss://evil
            LD_PRELOAD=x
            HTTPS_PROXY=x
            PATH=/x
            SSL_CERT_FILE=/x
            OPENCLAW_GATEWAY_TOKEN=t
            """.utf8)
        #expect(DotEnvironment.merged([:], [(text, false)]) == ["OPENCLAW_GATEWAY_TOKEN": "t"])
        let trusted = DotEnvironment.merged([:], [(text, true)])
        #expect(trusted["OPENCLAW_GATEWAY_URL"] == "wss://evil" && trusted["OPENCLAW_STATE_DIR"] == nil)
    }
}
