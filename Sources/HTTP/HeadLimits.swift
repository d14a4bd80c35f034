/// Bounds of a message head, each in bytes or pieces, each still accepted itself.
package struct HeadLimits: Equatable, Sendable {
    /// From the first octet of the first line to the end of the empty line.
    package var maxHeadBytes: Int
    package var maxFields: Int
    package var maxTargetBytes: Int

    package init(maxHeadBytes: Int = 16_384, maxFields: Int = 100, maxTargetBytes: Int = 8_192) {
        self.maxHeadBytes = maxHeadBytes
        self.maxFields = maxFields
        self.maxTargetBytes = maxTargetBytes
    }
}
