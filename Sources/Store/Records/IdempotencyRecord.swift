/// What a request with an idempotency key was answered.
package struct IdempotencyRecord: Equatable, Sendable {
    /// The method family, such as "spawn".
    package var scope: String
    package var key: String
    package var value: [UInt8]
    package var createdAtMs: Int64
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        scope: String, key: String, value: [UInt8], createdAtMs: Int64, revision: Int64 = 0
    ) {
        self.scope = scope
        self.key = key
        self.value = value
        self.createdAtMs = createdAtMs
        self.revision = revision
    }
}
