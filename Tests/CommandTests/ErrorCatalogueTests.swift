import Files
import Foundation
import JSON
import Testing

/// The catalogue as everybody reads it: `explain error`, docs/errors.md, and what refusals name.
struct ErrorCatalogueTests {
    private struct Entry {
        let code: String
        let family: String
        let texts: [String]
        var remedy: String { texts[2] }

        init(_ json: JSON) throws {
            code = try #require(json["code"]?.string)
            family = try #require(json["family"]?.string)
            texts = ["sentence", "rule", "remedy"].map { json[$0]?.string ?? "" }
        }
    }

    private static let root = Files.parent(of: Files.parent(of: Files.parent(of: #filePath)))

    private static func entries(_ sandbox: Sandbox) throws -> [Entry] {
        let outcome = try sandbox.run("explain", "error", "--json")
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        return try (outcome.json()["errors"]?.array ?? []).map(Entry.init)
    }

    /// All codes there are.
    static func codes(_ sandbox: Sandbox) throws -> Set<String> { Set(try entries(sandbox).map(\.code)) }

    @Test func eachCodeIsThereOnceWithItsSentenceRuleAndRemedy() throws {
        let entries = try Self.entries(Sandbox())
        #expect(entries.count > 200)
        #expect(Set(entries.map(\.family)).count == 16)
        for (code, all) in Dictionary(grouping: entries, by: \.code) { #expect(all.count == 1, "\(code)") }
        for entry in entries {
            #expect(!entry.code.isEmpty)
            for text in entry.texts {
                #expect(text.utf8.count > 3, "\(entry.code)")
                #expect(!text.contains("\n") && !text.contains("  "), "\(entry.code): \(text)")
            }
        }
    }

    /// Commands are those of the table, and their words are not a slip.
    @Test func whatRemediesNameExists() throws {
        let sandbox = try Sandbox()
        let known = try Set(HelpTests.commands(sandbox))
        var (commands, keys) = (0, 0)
        let schema = try sandbox.run("config", "schema").json()
        for entry in try Self.entries(sandbox) {
            for match in entry.remedy.matches(of: /sallyport ([a-z_]+)(?: ([a-z]+))?/) {
                let first = String(match.output.1)
                let both = match.output.2.map { "\(first) \($0)" }
                commands += 1
                #expect(known.contains(first) || known.contains(both ?? ""), "\(entry.code): \(entry.remedy)")
            }
            let families = /\b(?:gateway|agents|acp|session|tools|cron|messages|logging)(?:\.[a-z][A-Za-z_]*(?:\[\])?)+/
            for match in entry.remedy.matches(of: families) {
                let key = String(match.output)
                guard !Self.isMethod(key) else { continue }
                keys += 1
                #expect(Self.isKey(key, in: schema), "\(entry.code): \(key)")
            }
        }
        #expect(commands > 30)
        #expect(keys > 20)
    }

    private static let methods: String =
        (try? Files.read(root + "/Sources/Wire/Method.swift")).map { String(decoding: $0, as: UTF8.self) } ?? ""

    private static func isMethod(_ name: String) -> Bool { methods.contains("\"\(name)\"") }

    /// Walks the schema along a key.
    private static func isKey(_ key: String, in schema: JSON) -> Bool {
        var places = [schema]
        for part in key.split(separator: ".") {
            let name = String(part.replacing("[]", with: ""))
            places = places.flatMap { alternatives($0["properties"]?[name]) }
            if part.hasSuffix("[]") { places = places.flatMap { alternatives($0["items"]) } }
        }
        return !places.isEmpty
    }

    private static func alternatives(_ schema: JSON?) -> [JSON] {
        guard let schema else { return [] }
        return schema["anyOf"]?.array?.flatMap { alternatives($0) } ?? [schema]
    }

    /// `sallyport explain error --markdown > docs/errors.md` mends it.
    @Test func theDocumentationIsThatOfTheCatalogue() throws {
        let docs = String(decoding: try Files.read(Self.root + "/docs/errors.md"), as: UTF8.self)
        let made = try Sandbox().run("explain", "error", "--markdown").output
        #expect(docs == made, "run: .build/debug/sallyport explain error --markdown > docs/errors.md")
    }

    @Test(arguments: [
        ("PAIRING_REQUIRED", "PAIRING_REQUIRED", "sallyport devices approve"),
        ("pairing_required", "PAIRING_REQUIRED", "sallyport devices approve"),
        ("slow consumer", "slow consumer", "policy.maxBufferedBytes"),
        ("client invalidated: run-ended", "client invalidated", "new token"),
        ("trusted_proxy_missing_header_x-user", "trusted_proxy_missing_header", "gateway.auth.trustedProxy"),
        ("jti-conflict", "jti-conflict", "UUID"),
    ])
    func oneIsExplained(_ asked: String, _ code: String, _ remedy: String) throws {
        let sandbox = try Sandbox()
        let words = asked.split(separator: " ").map(String.init)
        let found = try sandbox.run(["explain", "error", "--json"] + words).json()
        #expect(found["code"]?.string == code)
        #expect(found["remedy"]?.string?.contains(remedy) == true, "\(found)")
        #expect(try sandbox.run(["explain", "error"] + words).output.hasPrefix("\(code): "))
    }

    @Test func aCodeThatIsNotKnownIsRefusedWithTheNearest() throws {
        let outcome = try Sandbox().run("explain", "error", "PARING_REQUIRED")
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains("did you mean: sallyport explain error PAIRING_REQUIRED?"), "\(outcome.errors)")
    }

    /// A case that nothing names any more would stay in the documentation for ever.
    @Test func eachFailureOfTheCommandLineIsNamedSomewhere() throws {
        let sources = Self.root + "/Sources/sallyport"
        let rules = String(decoding: try Files.read(sources + "/CommandRule.swift"), as: UTF8.self)
        var named: Set<Substring> = []
        let files = FileManager.default.enumerator(atPath: sources)
        for case let name as String in files ?? FileManager.DirectoryEnumerator() {
            guard name.hasSuffix(".swift"), !name.contains("CommandRule") else { continue }
            let text = String(decoding: try Files.read("\(sources)/\(name)"), as: UTF8.self)
            named.formUnion(text.matches(of: /\.([a-zA-Z]+)/).map(\.output.1))
        }
        let cases = rules.matches(of: /case ([a-zA-Z]+) = "cli-/).map(\.output.1)
        #expect(cases.count > 60)
        for one in cases { #expect(named.contains(one), "\(one) is in the catalogue, and nothing fails by it") }
    }

    /// Whoever refuses something names a case of an enum that the catalogue has, and the compiler sees to the case.
    @Test func noCodeIsWrittenBesideTheCatalogue() throws {
        // Those which define what goes out.
        let definitions = ["DetailsCode.swift", "GatewayError.swift", "GatewayClose.swift", "ConnectRefusal.swift"]
        let free = [
            /"code", *(?:\.string\()?"[A-Z_]+"/, /GatewayClose\([0-9]/, /Refusal\(\s*rule: "/,
            /SpawnRefusal\([^)]*rule: "/,
            /Kind\(rule: "/, /StartFailure\(\s*[^.\s]/, /[a-z]Rule\(rawValue:/, /Finding\(\s*"/,
            // A failure of the command line that names no case.
            /CommandFailure\(\s*(?:nil|")/,
        ]
        let files = FileManager.default.enumerator(atPath: Self.root + "/Sources")
        var seen = 0
        for case let name as String in files ?? FileManager.DirectoryEnumerator() where name.hasSuffix(".swift") {
            guard !definitions.contains(where: { name.hasSuffix($0) }) else { continue }
            seen += 1
            let text = String(decoding: try Files.read("\(Self.root)/Sources/\(name)"), as: UTF8.self)
            for pattern in free {
                for match in text.matches(of: pattern) {
                    #expect(Bool(false), "\(name): \(match.output) stands in no catalogue")
                }
            }
        }
        #expect(seen > 500)
    }
}
