import Config
import JSON
import Testing

/// Loads one main file, written so that its text starts on line 1.
func load(
    _ text: String?, gateway: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:],
    others: [String: String] = [:]
) -> ConfigResult {
    var files: [ConfigInput.File] = []
    if let text { files.append(.init(path: "/c/openclaw.json", bytes: Array(text.utf8))) }
    if let gateway { files.append(.init(path: "/c/gateway.json", bytes: Array(gateway.utf8))) }
    let input = ConfigInput(files: files, environment: environment, flags: flags)
    return ConfigLoader.load(input) { others[$0].map { Array($0.utf8) } }
}

/// The same for a text that has to load without an error; `mode` is added.
func loaded(
    _ members: String, environment: [String: String] = [:], flags: [String: String] = [:],
    others: [String: String] = [:],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws -> Configuration {
    let result = load(
        "{\(members)}", gateway: "{gateway:{mode:'local'}}", environment: environment, flags: flags, others: others)
    #expect(result.errors == [], sourceLocation: sourceLocation)
    return try #require(result.configuration, sourceLocation: sourceLocation)
}

/// The problems of a text to which `mode` is added.
func problems(
    _ members: String, environment: [String: String] = [:], flags: [String: String] = [:],
    others: [String: String] = [:]
) -> [ConfigProblem] {
    load(
        "{\(members)}", gateway: "{gateway:{mode:'local'}}", environment: environment, flags: flags, others: others
    ).problems
}

extension ConfigProblem {
    var place: String { location.map { "\($0.line):\($0.column)" } ?? "" }
}
