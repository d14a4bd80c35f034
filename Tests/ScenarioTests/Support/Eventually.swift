import Glibc

/// Asks until there is an answer, every few milliseconds.
///
/// - Parameter within: for a machine under load; a condition that holds is seen at once.
func eventually<Value>(
    _ what: String, within: Duration = .seconds(20), file: String = #fileID, line: Int = #line,
    _ condition: () throws -> Value?
) throws -> Value {
    let deadline = ContinuousClock.now + within
    while true {
        if let value = try condition() { return value }
        guard ContinuousClock.now < deadline else {
            throw Unexpected("\(file):\(line): not within \(within): \(what)")
        }
        _ = poll(nil, 0, 10)
    }
}

func eventually(
    _ what: String, within: Duration = .seconds(20), file: String = #fileID, line: Int = #line,
    holds condition: () throws -> Bool
) throws {
    let _: Bool = try eventually(what, within: within, file: file, line: line) { try condition() ? true : nil }
}
