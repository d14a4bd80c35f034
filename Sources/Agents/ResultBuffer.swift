/// The last part of what a command wrote, bounded: the text that stays of a run.
package struct ResultBuffer: Equatable, Sendable {
    /// The cap on frozen result texts.
    package static let defaultLimit = 100 * 1024

    package let limit: Int
    /// How much was appended in all.
    package private(set) var totalBytes: Int64 = 0
    private var storage: [UInt8] = []

    package init(limit: Int = Self.defaultLimit) {
        self.limit = max(limit, 0)
    }

    package var isTruncated: Bool { totalBytes > Int64(limit) }

    /// Takes valid UTF-8, as ``UTF8Chunker`` makes it.
    package mutating func append(_ bytes: [UInt8]) {
        let (total, overflow) = totalBytes.addingReportingOverflow(Int64(bytes.count))
        totalBytes = overflow ? .max : total
        if bytes.count >= limit {
            storage = Array(bytes.suffix(limit))
            return
        }
        storage.append(contentsOf: bytes)
        // Trimmed only when twice too long, so that a flood of small writes moves each byte about once.
        if storage.count > 2 * limit { storage.removeFirst(storage.count - limit) }
    }

    /// At most ``limit`` bytes, beginning at a scalar.
    package var bytes: [UInt8] {
        let kept = storage.suffix(limit)
        guard isTruncated else { return Array(kept) }
        return Array(kept.drop(while: UTF8.isContinuation))
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
}
