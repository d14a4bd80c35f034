/// A value of the gateway as a whole, such as a counter. Keys that begin with "store." are the store's own.
package struct MetaRecord: Equatable, Sendable {
    package var key: String
    package var value: [UInt8]
    /// How often the record has been put. Counted by the store; ignored when putting.
    package var revision: Int64

    package init(
        key: String, value: [UInt8], revision: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.revision = revision
    }
}
