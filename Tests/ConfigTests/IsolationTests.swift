import Config
import Testing

@Suite("How agents are kept apart")
struct IsolationTests {
    private func isolation(_ members: String, _ id: String = "a") throws -> IsolationSettings {
        try #require(try loaded(members, environment: ["HOME": "/home/u"]).agent(id)).isolation
    }

    @Test("nothing is isolated unless it says so")
    func defaults() throws {
        #expect(try isolation("agents:{list:[{id:'a'}]}").kind == .none)
        #expect(try isolation("", "main").kind == .none)
    }

    @Test("the defaults hold for all agents, and an agent's own comes first", arguments: ["uid", "bwrap"])
    func inherited(_ kind: String) throws {
        let agents = """
            agents:{defaults:{isolation:{type:'\(kind)',user:'worker',umask:'077'}},
              list:[{id:'a'},{id:'b',isolation:'none'},{id:'c',isolation:'\(kind)'}]}
            """
        #expect(try isolation(agents).kind.rawValue == kind)
        #expect(try isolation(agents).user == "worker")
        #expect(try isolation(agents).path == "agents.defaults.isolation")
        #expect(try isolation(agents, "b").kind == .none)
        #expect(try isolation(agents, "b").user == nil)
        // The same word as that of the defaults means the same.
        #expect(try isolation(agents, "c").umask == 0o77)
    }

    @Test("every option of the object form is read")
    func options() throws {
        let found = try isolation(
            """
            agents:{list:[{id:'a',isolation:{type:'bwrap',user:1234,gid:99,env:['PATH','LANG'],cwd:'~/work',
              umask:'0027',rlimits:{as:1000000000,nofile:64,nproc:10,cpu:60,fsize:5},
              binds:['/srv/models','/srv/out:rw','~/data:ro'],hide:['/srv/secret'],engine:'podman',
              network:'none',executable:'/usr/bin/sallyport',image:'agent:1'}}]}
            """)
        #expect(found.kind == .bwrap)
        #expect(found.user == "1234")
        #expect(found.gid == 99)
        #expect(found.inheritedVariables == ["PATH", "LANG"])
        #expect(found.cwd == "/home/u/work")
        #expect(found.umask == 0o27)
        #expect(found.limits == ["as": 1_000_000_000, "nofile": 64, "nproc": 10, "cpu": 60, "fsize": 5])
        #expect(found.binds.map(\.path) == ["/srv/models", "/srv/out", "/home/u/data"])
        #expect(found.binds.map(\.isWritable) == [false, true, false])
        #expect(found.hidden == ["/srv/secret"])
        #expect(found.engine == .podman)
        #expect(found.network == "none")
        #expect(found.executable == "/usr/bin/sallyport")
        #expect(found.image == "agent:1")
        #expect(found.path == "agents.list[0].isolation")
    }

    @Test(
        "what cannot be meant is an error that names the key and what it takes",
        arguments: [
            ("'chroot'", "\"none\", \"uid\", \"bwrap\", \"container\""),
            ("'bwarp'", "bwrap"),
            ("{type:'jail'}", "one of"),
            ("{type:'uid',umask:77}", "octal"),
            ("{type:'uid',umask:'099'}", "octal"),
            ("{type:'uid',user:''}", "user"),
            ("{type:'bwrap',binds:['relative']}", "absolute paths"),
            ("{type:'container',image:'i',binds:['/a:b']}", "colon"),
            ("'container'", "names no image"),
            ("{type:'container'}", "names no image"),
            ("{type:'uid',rlimits:{nofile:-1}}", "nofile"),
            ("{type:'uid',env:['A=B']}", "environment variables"),
        ])
    func refused(_ value: String, _ words: String) throws {
        let found = problems("agents:{list:[{id:'a',isolation:\(value)}]}")
        let first = try #require(found.first { "\($0)".contains("agents.list[0].isolation") }, "\(found)")
        #expect("\(first)".contains(words), "\(first)")
    }

    @Test("an unknown option is warned of, with the one that is meant")
    func unknown() throws {
        let found = problems("agents:{list:[{id:'a',isolation:{type:'uid',users:'x'}}]}")
        #expect(found.contains { "\($0)".contains("agents.list[0].isolation.user?") }, "\(found)")
    }
}
