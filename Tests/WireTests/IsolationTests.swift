import JSON
import Testing
import Wire

@Suite("Isolation in the order of a worker")
struct IsolationTests {
    @Test("what a gateway orders is what a worker reads", arguments: Isolation.Kind.allCases)
    func roundTrip(_ kind: Isolation.Kind) throws {
        var isolation = Isolation(kind)
        isolation.user = Isolation.User(uid: 4_294_967_294, gid: 7, name: "agent")
        isolation.inheritedVariables = ["PATH"]
        isolation.workingDirectory = "/srv"
        isolation.umask = 0o77
        isolation.limits = [.nofile: 64, .as: 1 << 40]
        isolation.binds = [.init(path: "/a", isWritable: true), .init(path: "/b", isWritable: false)]
        isolation.hidden = ["/c"]
        isolation.bubblewrap = "/usr/bin/bwrap"
        isolation.container = .init(engine: "/usr/bin/docker", image: "i", network: "host", executable: "/s")
        #expect(Isolation(try JSONParser.parse(isolation.json.serialized())) == isolation)
    }

    @Test(
        "a worker that does not understand how to confine a command has no order",
        arguments: [
            #"{}"#, #"{"type":"jail"}"#, #"{"type":"uid"}"#, #"{"type":"bwrap"}"#, #"{"type":"container"}"#,
            #"{"type":"uid","user":{"uid":-1,"gid":1}}"#, #"{"type":"uid","user":{"uid":"0","gid":1}}"#,
            #"{"type":"none","rlimits":{"memory":1}}"#, #"{"type":"none","binds":[{"path":"/"}]}"#,
        ])
    func refused(_ text: String) throws {
        #expect(Isolation(try JSONParser.parse(Array(text.utf8))) == nil)
    }
}
