import Config
import Foundation
import JSON
import Testing

/// Every key of the configuration that a message names is one that the configuration has.
struct NamedKeysTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A document with this key and nothing else, of which an unknown key would be told.
    private static func document(_ key: String) -> JSON {
        let (name, rest) =
            key.firstIndex(of: ".").map { (String(key[..<$0]), String(key[key.index(after: $0)...])) } ?? (key, nil)
        let value = rest.map { document($0) } ?? .null
        let isList = name.hasSuffix("[]")
        let member = isList ? String(name.dropLast(2)) : name
        return .object(JSONObject([(member, isList ? .array([value]) : value)]))
    }

    private static func isUnknown(_ key: String) -> Bool {
        let input = ConfigInput(
            files: [ConfigInput.File(path: "/c/openclaw.json", bytes: document(key).serialized())], environment: [:],
            flags: [:])
        return ConfigLoader.load(input).problems.contains { $0.message.hasPrefix("unknown key") }
    }

    /// What stands in quotes, without what is put in by `\\(…)`.
    private static func literals(_ line: Substring) -> String {
        var (text, depth, isInside, wasBackslash) = ("", 0, false, false)
        for character in line {
            switch character {
            case "(" where wasBackslash && isInside, "(" where depth > 0: depth += 1
            case ")" where depth > 0: depth -= 1
            case "\"" where depth == 0 && !wasBackslash:
                isInside.toggle()
                text += " "
            default: if isInside, depth == 0 { text.append(character) }
            }
            wasBackslash = character == "\\" && !wasBackslash
        }
        return text
    }

    /// Names of files.
    private static let endings = ["json", "lock", "log", "md", "pem", "pid", "sock"]

    @Test func whatMessagesNameExists() throws {
        let found = FileManager.default.enumerator(
            at: Self.root.appending(path: "Sources"), includingPropertiesForKeys: nil)
        // `sessions.list` is no key but a method, and `session.message` an event.
        let named = try ["Method", "EventName"].map { name in
            try String(contentsOf: Self.root.appending(path: "Sources/Wire/\(name).swift"), encoding: .utf8)
        }.joined()
        let methods = Set(named.matches(of: /"([a-z]+(?:\.[A-Za-z]+)+)"/).map { String($0.output.1) })
        var keys: [String: String] = [:]
        for case let file as URL in found ?? FileManager.DirectoryEnumerator() where file.path.hasSuffix(".swift") {
            // Advice about keys that do not exist.
            if file.lastPathComponent == "KeyAdvice.swift" { continue }
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                guard !line.drop(while: \.isWhitespace).hasPrefix("//") else { continue }
                let families =
                    /\b(?:gateway|agents|acp|session|security|tools|cron|messages|logging)(?:\.[a-z][A-Za-z]*(?:\[\])?)+/
                for match in Self.literals(line).matches(of: families) {
                    let key = String(match.output)
                    if !methods.contains(key), !Self.endings.contains(where: { key.hasSuffix(".\($0)") }) {
                        keys[key] = file.lastPathComponent
                    }
                }
            }
        }
        #expect(keys.count > 60)
        for (key, file) in keys.sorted(by: { $0.key < $1.key }) {
            #expect(!Self.isUnknown(key), "\(file): \(key)")
        }
    }
}
