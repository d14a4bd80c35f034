/// Walks over JSON text (RFC 8259) without building anything, checking its grammar on the way.
///
/// Used on every message, so it works on borrowed bytes, allocates nothing and is bounded by `maxDepth`.
/// String contents are taken as valid UTF-8: the WebSocket layer has checked them.
struct JSONSkipper {
    static let maxDepth = 64

    /// Index of the first byte that is not white space.
    static func skipSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return index
            }
        }
        return index
    }

    /// Index after the string whose opening quote is at `start`; nil when it is no well-formed string.
    static func skipString(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else { return nil }
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { return index + 1 }
            if byte < 0x20 { return nil }
            if byte != UInt8(ascii: "\\") {
                index += 1
                continue
            }
            guard index + 1 < bytes.count else { return nil }
            switch bytes[index + 1] {
            case UInt8(ascii: "u"):
                guard index + 6 <= bytes.count else { return nil }
                for offset in 2..<6 where !isHexDigit(bytes[index + offset]) { return nil }
                index += 6
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                index += 2
            default:
                return nil
            }
        }
        return nil
    }

    /// Index after the value that starts at `start` (no white space before it); nil when it is not well formed.
    static func skipValue(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        // One bit per open container, 1 for an object: depth is bounded, so a word is enough.
        var isObject: UInt64 = 0
        var depth = 0
        var index = start
        while true {
            guard index < bytes.count else { return nil }
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < maxDepth else { return nil }
                let opensObject = bytes[index] == UInt8(ascii: "{")
                isObject = (isObject << 1) | (opensObject ? 1 : 0)
                depth += 1
                index = skipSpace(bytes, from: index + 1)
                guard index < bytes.count else { return nil }
                if bytes[index] == (opensObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    isObject >>= 1
                    depth -= 1
                    index += 1
                } else {
                    if opensObject {
                        guard let next = skipKey(bytes, from: index) else { return nil }
                        index = next
                    }
                    continue
                }
            case UInt8(ascii: "\""):
                guard let next = skipString(bytes, from: index) else { return nil }
                index = next
            default:
                guard let next = skipScalar(bytes, from: index) else { return nil }
                index = next
            }
            // A value just ended: close containers until one of them goes on.
            while true {
                if depth == 0 { return index }
                index = skipSpace(bytes, from: index)
                guard index < bytes.count else { return nil }
                let inObject = isObject & 1 == 1
                if bytes[index] == UInt8(ascii: ",") {
                    index = skipSpace(bytes, from: index + 1)
                    if inObject {
                        guard let next = skipKey(bytes, from: index) else { return nil }
                        index = next
                    }
                    break
                }
                guard bytes[index] == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return nil }
                isObject >>= 1
                depth -= 1
                index += 1
            }
        }
    }

    /// Index of the value that belongs to the member name at `start`.
    private static func skipKey(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        guard let end = skipString(bytes, from: start) else { return nil }
        let colon = skipSpace(bytes, from: end)
        guard colon < bytes.count, bytes[colon] == UInt8(ascii: ":") else { return nil }
        return skipSpace(bytes, from: colon + 1)
    }

    private static func skipScalar(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        switch bytes[start] {
        case UInt8(ascii: "t"): literal("true", bytes, start)
        case UInt8(ascii: "f"): literal("false", bytes, start)
        case UInt8(ascii: "n"): literal("null", bytes, start)
        default: skipNumber(bytes, from: start)
        }
    }

    private static func literal(_ text: StaticString, _ bytes: Span<UInt8>, _ start: Int) -> Int? {
        let count = text.utf8CodeUnitCount
        guard start + count <= bytes.count else { return nil }
        for offset in 0..<count where unsafe bytes[start + offset] != text.utf8Start[offset] { return nil }
        return start + count
    }

    private static func skipNumber(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard index < bytes.count, isDigit(bytes[index]) else { return nil }
        if bytes[index] == UInt8(ascii: "0") {
            index += 1
        } else {
            index = skipDigits(bytes, from: index)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            let first = index + 1
            index = skipDigits(bytes, from: first)
            guard index > first else { return nil }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            let first = index
            index = skipDigits(bytes, from: first)
            guard index > first else { return nil }
        }
        return index
    }

    private static func skipDigits(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        return index
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
    }
}
