/// Where fresh ids come from. Given by the caller: the core has no randomness of its own, so a run can be replayed.
package struct Identifiers: Sendable {
    /// A version 4 UUID.
    package let uuid: @Sendable () -> String
    /// 32 random bytes in base64url.
    package let token: @Sendable () -> String

    package init(uuid: @escaping @Sendable () -> String, token: @escaping @Sendable () -> String) {
        self.uuid = uuid
        self.token = token
    }
}
