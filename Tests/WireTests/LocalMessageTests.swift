import JSON
import Testing
import Wire

@Suite("What is said of local runs")
struct LocalMessageTests {
    @Test(
        "each message is one line, and read back as it was",
        arguments: [
            LocalMessage.ready, .output(stream: "stdout", text: "two\nlines \u{1F980}\u{0}"),
            .end(JSONObject([("status", "error"), ("exitCode", 3), ("text", "\n")])),
        ])
    func lines(_ message: LocalMessage) throws {
        let line = message.line
        #expect(line.count { $0 == UInt8(ascii: "\n") } == 1 && line.last == UInt8(ascii: "\n"))
        #expect(LocalMessage(Array(line.dropLast())) == message)
    }

    @Test(
        "anything else is none",
        arguments: ["", "{}", "[]", "{\"ready\":false}", "{\"stream\":\"stdout\"}", "hello"])
    func others(_ text: String) {
        #expect(LocalMessage(Array(text.utf8)) == nil)
    }

    @Test("the longest result fits into a line")
    func longest() {
        let text = String(repeating: "\u{1}", count: 100 * 1024)
        #expect(LocalMessage.end(JSONObject([("text", .string(text))])).line.count < LocalMessage.maxBytes)
    }

    @Test("the orders of a local run are no worker's, and the other way round")
    func orders() {
        let local = LocalBootstrap(
            runID: "r", sessionKey: "agent:a:subagent:r", gatewayID: "g", directory: "/d", hidden: ["/h"],
            work: ["task": "x"])
        #expect(LocalBootstrap(local.json) == local)
        #expect(WorkerBootstrap(local.json) == nil)
        #expect(LocalBootstrap(["runId": "r", "directory": "/d"]) == nil)
    }
}
