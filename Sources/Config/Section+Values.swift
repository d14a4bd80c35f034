internal import JSON

extension Section {
    func integer(
        _ name: String, default fallback: Int, in range: ClosedRange<Int>, variable: Variables.Name? = nil
    ) -> Int {
        read(name, as: .integer(range), variable: variable, default: fallback, show: { .integer(Int64($0)) }) {
            raw throws(Refusal) in
            try raw.integer(in: range)
        }
    }

    func optionalInteger(_ name: String, in range: ClosedRange<Int>) -> Int? {
        read(name, as: .integer(range), default: nil, show: { $0.map { .integer(Int64($0)) } ?? .null }) {
            raw throws(Refusal) in
            try raw.integer(in: range)
        }
    }

    func bool(_ name: String, default fallback: Bool, variable: Variables.Name? = nil) -> Bool {
        read(name, as: .boolean, variable: variable, default: fallback, show: { .bool($0) }) { raw throws(Refusal) in
            try raw.bool()
        }
    }

    func optionalBool(_ name: String) -> Bool? {
        read(name, as: .boolean, default: nil, show: { $0.map { .bool($0) } ?? .null }) { raw throws(Refusal) in
            try raw.bool()
        }
    }

    func string(_ name: String, default fallback: String) -> String {
        read(name, as: .string, default: fallback, show: { .string($0) }) { raw throws(Refusal) in try raw.string() }
    }

    func optionalString(_ name: String, default fallback: String? = nil) -> String? {
        read(name, as: .string, default: fallback, show: Self.show) { raw throws(Refusal) in try raw.string() }
    }

    /// A file path; a leading `~/` becomes the home directory.
    func optionalPath(_ name: String, default fallback: String? = nil) -> String? {
        read(name, as: .string, default: fallback, show: Self.show) { raw throws(Refusal) in
            PathText.expandingHome(try raw.string(), home: context.variables.home)
        }
    }

    func strings(
        _ name: String, default fallback: [String] = [], allowed: String = "strings",
        check: (String) -> Bool = { _ in true }
    ) -> [String] {
        read(name, as: .list(.string), default: fallback, show: { .array($0.map { .string($0) }) }) {
            raw throws(Refusal) in
            try raw.strings(allowed: allowed, check: check)
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        read(name, as: .choice(Choice.allCases.map(\.rawValue)), default: fallback, show: { .string($0.rawValue) }) {
            raw throws(Refusal) in
            try raw.choice(Choice.self)
        }
    }

    /// A time that is written as a whole number of `unit`.
    func duration(
        _ name: String, unit: Duration, default fallback: Duration, in range: ClosedRange<Int>,
        variable: Variables.Name? = nil
    ) -> Duration {
        let show = { (value: Duration) in JSON.integer(Int64((value / unit).rounded())) }
        return read(name, as: .integer(range), variable: variable, default: fallback, show: show) {
            raw throws(Refusal) in
            unit * (try raw.integer(in: range))
        }
    }

    /// A time of which zero means that there is no limit.
    func limit(
        _ name: String, unit: Duration, default fallback: Duration?, in range: ClosedRange<Int>
    ) -> Duration? {
        let value = duration(name, unit: unit, default: fallback ?? .zero, in: range)
        return value == .zero ? nil : value
    }

    /// An object of strings; the values are not shown, since keys of model providers live here.
    func environment(_ name: String) -> [String: String] {
        let hide = { (block: [String: String]) in
            JSON.object(JSONObject(block.keys.sorted().map { ($0, "***") }))
        }
        let reveal = { (block: [String: String]) in
            JSON.object(JSONObject(block.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        return read(name, as: .map(.string), default: [:], show: hide, identity: reveal) { raw throws(Refusal) in
            let allowed = "an object of strings with names like MY_NAME"
            guard let members = raw.node.members else { throw Refusal(allowed: allowed) }
            var block: [String: String] = [:]
            for member in members {
                guard Self.isVariableName(member.name) else {
                    let seen = "the name \(JSON.string(member.name))"
                    throw Refusal(allowed: allowed, seen: seen, location: member.keyLocation)
                }
                guard let value = member.value.string, !value.utf8.contains(0) else {
                    let seen = "\(Seen.kind(of: member.value.json)) for \(member.name)"
                    throw Refusal(allowed: allowed, seen: seen, location: member.value.location)
                }
                block[member.name] = value
            }
            return block
        }
    }

    /// An object of lists of scopes, each under a user's login.
    func scopesByLogin(_ name: String) -> [String: [String]] {
        let show = { (lists: [String: [String]]) in
            JSON.object(
                JSONObject(lists.sorted { $0.key < $1.key }.map { ($0, .array($1.map { .string($0) })) }))
        }
        return read(name, as: .map(.list(.string)), default: [:], show: show) { raw throws(Refusal) in
            let allowed = "an object of lists of scopes, such as { \"ana@example.com\": [\"operator.read\"] }"
            guard let members = raw.node.members else { throw Refusal(allowed: allowed) }
            var lists: [String: [String]] = [:]
            for member in members {
                let login = RawSetting.trim(member.name)
                guard !login.isEmpty else {
                    throw Refusal(allowed: allowed, seen: "an empty login", location: member.keyLocation)
                }
                guard let elements = member.value.elements else {
                    let seen = "\(Seen.describe(member.value.json)) for \(login)"
                    throw Refusal(allowed: allowed, seen: seen, location: member.value.location)
                }
                for element in elements {
                    guard let scope = element.string, RawSetting.isScope(scope) else {
                        let seen = "\(Seen.describe(element.json)) for \(login)"
                        throw Refusal(allowed: allowed, seen: seen, location: element.location)
                    }
                    lists[login, default: []].append(scope)
                }
            }
            return lists
        }
    }

    private static func show(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default:
                false
            }
        }
    }
}
