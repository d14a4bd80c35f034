/// Codes of errors. Every case has its text, which the compiler sees to; whoever refuses something names a case.
package protocol Catalogued: CaseIterable, RawRepresentable, Sendable where RawValue == String {
    static var family: ErrorFamily { get }
    var text: ErrorText { get }
    /// In their order.
    static var entries: [ErrorEntry] { get }
}

extension Catalogued {
    package static var entries: [ErrorEntry] { allCases.map { ErrorEntry($0) } }
}
