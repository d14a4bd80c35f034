/// A row of the catalogue.
package struct ErrorEntry: Equatable, Sendable {
    package let code: String
    package let family: ErrorFamily
    package let text: ErrorText

    package init(_ error: some Catalogued) {
        code = error.rawValue
        family = type(of: error).family
        text = error.text
    }
}
