import Config
import Testing

@Suite("Where configuration files are")
struct ConfigLocationsTests {
    private func resolve(
        _ existing: Set<String> = [], stateDirectory: String? = nil, configFile: String? = nil,
        environment: [String: String] = ["HOME": "/home/u"]
    ) throws -> ConfigLocations {
        try ConfigLocations.resolve(
            stateDirectory: stateDirectory, configFile: configFile, environment: environment
        ) { existing.contains($0) }
    }

    @Test("the state directory: flag, SALLYPORT variable, OPENCLAW variable, home")
    func stateDirectory() throws {
        var environment = ["HOME": "/home/u"]
        #expect(try resolve(environment: environment).stateDirectory == "/home/u/.sallyport")
        environment["OPENCLAW_STATE_DIR"] = "~/open"
        #expect(try resolve(environment: environment).stateDirectory == "/home/u/open")
        environment["SALLYPORT_STATE_DIR"] = "/var/lib/sallyport/"
        #expect(try resolve(environment: environment).stateDirectory == "/var/lib/sallyport")
        #expect(try resolve(stateDirectory: "/flag", environment: environment).stateDirectory == "/flag")
        environment["SALLYPORT_STATE_DIR"] = ""
        #expect(try resolve(environment: environment).stateDirectory == "/home/u/open")
        #expect(try resolve(environment: ["HOME": "/h", "OPENCLAW_HOME": "/o"]).stateDirectory == "/o/.sallyport")
    }

    @Test("without any home the state directory has to be named")
    func noHome() throws {
        #expect(throws: ConfigLocations.Failure.noHomeDirectory) { try resolve(environment: [:]) }
        let named = try resolve(stateDirectory: "/s", environment: [:])
        #expect(named.configFile == nil)
        #expect(named.defaultConfigFile == "/s/openclaw.json")
    }

    @Test("the main file: own directory before OpenClaw's, which is only read")
    func mainFile() throws {
        let own = "/home/u/.sallyport/openclaw.json"
        let second = "/home/u/.sallyport/sallyport.json"
        let upstream = "/home/u/.openclaw/openclaw.json"
        #expect(try resolve([own, second, upstream]).configFile == own)
        #expect(try resolve([second, upstream]).configFile == second)
        #expect(try !resolve([second, upstream]).isReadOnly)
        let foreign = try resolve([upstream])
        #expect(foreign.configFile == upstream)
        #expect(foreign.isReadOnly && !foreign.isExplicit)
        #expect(try resolve().configFile == nil)
        #expect(try !resolve().isReadOnly)
        #expect(try !resolve([upstream], stateDirectory: "/home/u/.openclaw").isReadOnly)
    }

    @Test("a named file is used whether it exists or not")
    func explicit() throws {
        let named = try resolve(["/home/u/.sallyport/openclaw.json"], configFile: "/etc/x/s.json")
        #expect(named.configFile == "/etc/x/s.json")
        #expect(named.isExplicit && !named.isReadOnly)
        let environment = ["HOME": "/home/u", "OPENCLAW_CONFIG_PATH": "~/c.json"]
        #expect(try resolve(environment: environment).configFile == "/home/u/c.json")
        #expect(try resolve(configFile: "/f", environment: environment).configFile == "/f")
    }

    @Test("gateway.json: home lowest, then the state directory, then beside the main file")
    func supplements() throws {
        let home = "/home/u/.config/openclaw/gateway.json"
        let state = "/home/u/.sallyport/gateway.json"
        let beside = "/etc/x/gateway.json"
        let all = try resolve([home, state, beside], configFile: "/etc/x/s.json")
        #expect(all.supplements == [home, state, beside])
        #expect(all.files == ["/etc/x/s.json", home, state, beside])
        #expect(try resolve([home, state]).supplements == [home, state])
        #expect(try resolve([state, "/home/u/.sallyport/openclaw.json"]).supplements == [state])
        #expect(try resolve([beside], configFile: "/etc/x/s.json").supplements == [beside])
        #expect(try resolve([beside], configFile: "/etc/x/gateway.json").supplements == [])
        let besideHome = try resolve([home, state], configFile: "/home/u/.config/openclaw/openclaw.json")
        #expect(besideHome.supplements == [state, home])
        #expect(try resolve([]).supplements == [])
    }
}

@Suite("Profiles")
struct ProfileTests {
    private static func resolve(
        _ profile: String, existing: Set<String> = []
    ) throws -> ConfigLocations {
        try ConfigLocations.resolve(
            environment: ["HOME": "/h", "OPENCLAW_PROFILE": profile], exists: { existing.contains($0) })
    }

    @Test("have a state directory of their own, and OpenClaw's of the same name")
    func directories() throws {
        #expect(try Self.resolve("work").stateDirectory == "/h/.sallyport-work")
        #expect(try Self.resolve("default").stateDirectory == "/h/.sallyport")
        let theirs = try Self.resolve(
            "work", existing: ["/h/.openclaw-work/openclaw.json", "/h/.openclaw/openclaw.json"])
        #expect(theirs.configFile == "/h/.openclaw-work/openclaw.json" && theirs.isReadOnly)
    }

    @Test("a named state directory counts more")
    func named() throws {
        let locations = try ConfigLocations.resolve(
            stateDirectory: "/s", environment: ["HOME": "/h", "SALLYPORT_PROFILE": "work"], exists: { _ in false })
        #expect(locations.stateDirectory == "/s")
    }

    @Test("a name is no path", arguments: ["../x", "a/b", "", " ", "a b", String(repeating: "a", count: 65)])
    func names(name: String) throws {
        if name.isEmpty {
            #expect(try Self.resolve(name).stateDirectory == "/h/.sallyport")
        } else {
            #expect(throws: ConfigLocations.Failure.profile(name)) { try Self.resolve(name) }
        }
    }
}
