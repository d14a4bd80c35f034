/// `security.devicePairing.*`.
package struct SecuritySettings: Equatable, Sendable {
    package let requireForExternal: Bool
    package let skipForLoopback: Bool
}
