internal import JSON

/// JSON is JSON5; what is read can be written and read again; errors point into the document.
enum JSON5Target {
    static func check(_ input: [UInt8]) {
        let strict = try? JSONParser.parse(input.span)
        do throws(JSONError) {
            let value = try JSONParser.parse(input.span, dialect: .json5)
            if let strict { require(isSame(strict, value), "another value than in JSON") }
            let located = try JSONParser.parseWithSource(input.span, dialect: .json5)
            require(isSame(located.0, value), "another value with its source")
            checkRoundTrip(value)
        } catch {
            require(strict == nil, "JSON, but no JSON5: \(error)")
            require((0...input.count).contains(error.offset), "an error at \(error.offset) of \(input.count)")
            require(error.line >= 1 && error.column >= 1, "an error at \(error.line):\(error.column)")
            _ = error.description
        }
    }

    private static func checkRoundTrip(_ value: JSON) {
        guard isFinite(value) else { return }
        let written = value.serialized()
        guard let again = try? JSONParser.parse(written.span) else { found("written, but no JSON") }
        require(isSame(again, value), "another value after writing")
        require(again.serialized() == written, "written differently the second time")
        guard let pretty = try? JSONParser.parse(value.prettyPrinted()) else {
            found("printed, but no JSON")
        }
        require(isSame(pretty, value), "another value after printing")
    }

    /// JSON has no numbers for JSON5's `Infinity` and `NaN`.
    private static func isFinite(_ value: JSON) -> Bool {
        switch value {
        case .double(let number): number.isFinite
        case .array(let elements): elements.allSatisfy(isFinite)
        case .object(let object): object.members.allSatisfy { isFinite($0.value) }
        default: true
        }
    }

    private static func isSame(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            return left.utf8.elementsEqual(right.utf8)
        case (.double(let left), .double(let right)):
            return left.bitPattern == right.bitPattern || (left.isNaN && right.isNaN)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy(isSame)
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && zip(left.members, right.members).allSatisfy { first, second in
                    first.name.utf8.elementsEqual(second.name.utf8) && isSame(first.value, second.value)
                }
        default:
            return left == right
        }
    }
}
