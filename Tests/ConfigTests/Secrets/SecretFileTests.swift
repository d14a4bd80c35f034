import Testing

@testable import Config

@Suite("Secrets of files: source file")
struct SecretFileTests {
    private static let secrets = #"{ "gateway": { "a/b~c": "s3cret\n", "list": ["zero", "one"], "number": 7 } }"#

    private static func load(
        _ provider: String, id: String, named name: String = "filemain", _ contents: String = secrets
    ) -> (result: ConfigResult, read: [String]) {
        let text =
            "{ gateway: { mode: 'local', auth: { token: { source: 'file', provider: '\(name)', id: '\(id)' } } },"
            + " secrets: { providers: { filemain: { source: 'file', \(provider) } } } }"
        let file = ConfigInput.File(path: "/c/openclaw.json", bytes: Array(text.utf8))
        var read: [String] = []
        let result = ConfigLoader.load(
            ConfigInput(files: [file], environment: ["HOME": "/home/u"], flags: [:]),
            readFile: { path in
                read.append(path)
                return path.hasSuffix("missing") ? nil : Array(contents.utf8)
            })
        return (result, read)
    }

    private static func token(_ loaded: (result: ConfigResult, read: [String])) -> Secret? {
        loaded.result.configuration?.gateway.auth.token
    }

    @Test(
        "ids are JSON pointers (RFC 6901)",
        arguments: [("/gateway/a~1b~0c", "s3cret"), ("/gateway/list/1", "one")])
    func pointers(_ id: String, _ value: String) {
        let loaded = Self.load("path: 'secrets.json'", id: id)
        #expect(Self.token(loaded) == Secret(value), "\(loaded.result.problems)")
        #expect(loaded.read == ["/c/secrets.json"])
    }

    @Test("the path may begin at home; one secret may be the whole file")
    func single() {
        let loaded = Self.load("path: '~/token', mode: 'singleValue'", id: "value", "s3cret\n")
        #expect(Self.token(loaded) == Secret("s3cret"))
        #expect(loaded.read == ["/home/u/token"])
    }

    @Test("a reference whose provider has no file names the file itself")
    func withoutProvider() {
        for (provider, name) in [("path: 'secrets.json'", "another"), ("mode: 'json'", "filemain")] {
            let loaded = Self.load(provider, id: "/run/token", named: name, "s3cret")
            #expect(Self.token(loaded) == Secret("s3cret"), "\(loaded.result.problems)")
            #expect(loaded.read == ["/run/token"])
        }
    }

    @Test(
        "what cannot be resolved is an error without a word of the file",
        arguments: [
            ("path: 's'", "/gateway/none", "has no text at this id"),
            ("path: 's'", "/gateway/number", "has no text at this id"),
            ("path: 's'", "/gateway/list/01", "has no text at this id"),
            ("path: 's'", "/gateway/list/2", "has no text at this id"),
            ("path: 's'", "gateway", "is asked by JSON pointers"),
            ("path: 's', mode: 'singleValue'", "/gateway", "has one secret only"),
            ("path: 'missing'", "/gateway", "missing cannot"),
        ])
    func refused(_ provider: String, _ id: String, _ reason: String) throws {
        let result = Self.load(provider, id: id).result
        let problem = try #require(result.errors.first)
        #expect(result.configuration == nil && result.errors.count == 1)
        #expect(problem.rule == .secretFile && problem.path == "gateway.auth.token")
        #expect(problem.message.contains(reason), "\(problem)")
        #expect(!"\(result.problems)".contains("s3cret"))
    }

    @Test("a file that is no JSON says how to have it read whole", arguments: ["s3cret", "[1]", ""])
    func noJSON(_ contents: String) throws {
        let problem = try #require(Self.load("path: 's'", id: "/x", contents).result.errors.first)
        #expect(problem.message.contains("is no JSON object"))
        #expect(problem.remedy?.contains("singleValue") == true)
        #expect(!"\(problem)".contains("s3cret"))
    }
}
