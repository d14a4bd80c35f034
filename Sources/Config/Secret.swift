/// A token or password. It shows itself as `***` wherever it is printed.
///
/// Equality is for noticing a changed configuration; what a peer sends is compared in constant time elsewhere.
package struct Secret: Equatable, Sendable {
    package let value: String

    package init(_ value: String) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [] as [Mirror.Child]) }
}
