/// A device that may not come back, derived ones included.
package struct RevocationRecord: Equatable, Sendable {
    package var deviceId: String
    package var reason: String
    package var atMs: Int64
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        deviceId: String, reason: String, atMs: Int64, revision: Int64 = 0
    ) {
        self.deviceId = deviceId
        self.reason = reason
        self.atMs = atMs
        self.revision = revision
    }
}
