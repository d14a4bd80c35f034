/// Why bytes are no TZif file that we use.
package enum TZifError: Error, Equatable, Sendable, CustomStringConvertible {
    case noTZif
    case truncated
    case inconsistent(String)
    /// The `right/` files: their seconds are not those of the system's clock.
    case leapSeconds
    case footer(String)

    package var description: String {
        switch self {
        case .noTZif: "it is no TZif file"
        case .truncated: "it is cut off"
        case .inconsistent(let what): "it contradicts itself: \(what)"
        case .leapSeconds: "it counts leap seconds: use the zone without \"right/\""
        case .footer(let text): "its rule \"\(text)\" is not a POSIX time zone"
        }
    }
}

extension TimeZoneRules {
    /// Counts in the header, in the order in which they stand there (RFC 8536, section 3.1).
    private struct Header {
        let version: UInt8
        let isUTCount, isStandardCount, leapCount, timeCount, typeCount, characterCount: Int

        static let size = 44

        func blockSize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4)
                + isStandardCount + isUTCount
        }
    }

    /// Larger than any real zone (the fattest has some 3.6 KB).
    package static let maxFileBytes = 64 * 1024

    /// Reads a TZif file: the block with 64-bit times and the footer where there are any.
    package init(tzif bytes: [UInt8]) throws(TZifError) {
        guard bytes.count <= Self.maxFileBytes else { throw .inconsistent("more than \(Self.maxFileBytes) bytes") }
        var header = try Self.header(bytes, at: 0)
        var start = Header.size
        var timeSize = 4
        if header.version >= 2 {
            start += header.blockSize(timeSize: 4)
            header = try Self.header(bytes, at: start)
            start += Header.size
            timeSize = 8
        }
        let end = start + header.blockSize(timeSize: timeSize)
        guard end <= bytes.count else { throw .truncated }
        guard header.leapCount == 0 else { throw .leapSeconds }
        guard header.typeCount > 0 else { throw .inconsistent("no type of local time") }
        let indexes = start + header.timeCount * timeSize
        let types = indexes + header.timeCount
        var typeOffsets: [Int32] = []
        for type in 0..<header.typeCount {
            let offset = Int32(truncatingIfNeeded: Self.integer(bytes, at: types + type * 6, size: 4))
            guard abs(Int64(offset)) < Self.maxOffset else { throw .inconsistent("an offset of \(offset) seconds") }
            typeOffsets.append(offset)
        }
        var times: [Int64] = []
        var offsets: [Int32] = []
        for index in 0..<header.timeCount {
            let time = Self.integer(bytes, at: start + index * timeSize, size: timeSize)
            guard times.last.map({ $0 < time }) ?? true else { throw .inconsistent("its times do not ascend") }
            let type = Int(bytes[indexes + index])
            guard type < typeOffsets.count else { throw .inconsistent("type \(type) of \(typeOffsets.count)") }
            times.append(time)
            offsets.append(typeOffsets[type])
        }
        self.init(
            times: times, offsets: offsets, initialOffset: Int(typeOffsets[0]),
            footer: header.version >= 2 ? try Self.footer(bytes, at: end) : nil)
    }

    private static func header(_ bytes: [UInt8], at start: Int) throws(TZifError) -> Header {
        guard bytes.dropFirst(start).prefix(4).elementsEqual("TZif".utf8) else {
            throw bytes.count < start + 4 ? .truncated : .noTZif
        }
        guard bytes.count >= start + Header.size else { throw .truncated }
        let version = bytes[start + 4]
        guard version == 0 || (0x32...0x39).contains(version) else { throw .inconsistent("version \(version)") }
        var counts: [Int] = []
        for place in 0..<6 {
            let count = integer(bytes, at: start + 20 + place * 4, size: 4)
            guard (0...Int64(maxFileBytes)).contains(count) else { throw .inconsistent("a count of \(count)") }
            counts.append(Int(count))
        }
        return Header(
            version: version == 0 ? 1 : version - 0x30, isUTCount: counts[0], isStandardCount: counts[1],
            leapCount: counts[2], timeCount: counts[3], typeCount: counts[4], characterCount: counts[5])
    }

    /// Big-endian and signed.
    private static func integer(_ bytes: [UInt8], at start: Int, size: Int) -> Int64 {
        var value: UInt64 = bytes[start] & 0x80 == 0 ? 0 : .max
        for byte in bytes[start..<start + size] { value = value << 8 | UInt64(byte) }
        return Int64(bitPattern: value)
    }

    private static func footer(_ bytes: [UInt8], at start: Int) throws(TZifError) -> POSIXTimeZone? {
        guard start < bytes.count, bytes[start] == 0x0A,
            let end = bytes[(start + 1)...].firstIndex(of: 0x0A)
        else { throw .truncated }
        guard end > start + 1 else { return nil }
        let text = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
        guard let rules = POSIXTimeZone(text) else { throw .footer(text) }
        return rules
    }
}
