extension JSONReader {
    /// Reads a string from its opening quote to past its closing one.
    mutating func string(_ bytes: Span<UInt8>) throws(ReadFailure) -> String {
        let delimiter = bytes[offset]
        offset += 1
        let start = offset
        var runStart = start
        var isPlain = true
        scratch.removeAll(keepingCapacity: true)
        while true {
            offset = StringScan.firstSpecial(in: bytes, from: offset, delimiter: delimiter)
            guard let byte = peek(bytes) else { throw failure(.unexpectedEnd) }
            if byte == delimiter { break }
            if byte != Byte.backslash {
                guard dialect == .json5, byte != Byte.lineFeed, byte != Byte.carriageReturn else {
                    throw failure(.controlCharacterInString(byte))
                }
                offset += 1
                continue
            }
            isPlain = false
            append(bytes, runStart..<offset)
            try escape(bytes)
            runStart = offset
        }
        let text: String
        if isPlain {
            text = try validated(bytes, start..<offset)
        } else {
            append(bytes, runStart..<offset)
            text = try validatedScratch(bytes, start..<offset)
        }
        offset += 1
        return text
    }

    /// Reads an unquoted member name (ECMAScript 5.1 `IdentifierName`).
    mutating func identifier(_ bytes: Span<UInt8>) throws(ReadFailure) -> String {
        var name = String.UnicodeScalarView()
        while offset < bytes.count {
            let start = offset
            var (scalar, length) = try scalar(bytes)
            if scalar == "\\" {
                offset += 1
                guard peek(bytes) == UInt8(ascii: "u") else { throw failure(.invalidEscape, at: start) }
                offset += 1
                scalar = try unicodeEscape(bytes, start: start)
                length = 0
                guard Self.isIdentifierPart(scalar, first: name.isEmpty) else {
                    throw failure(.invalidEscape, at: start)
                }
            }
            guard Self.isIdentifierPart(scalar, first: name.isEmpty) else { break }
            name.append(scalar)
            offset += length
        }
        guard !name.isEmpty else { throw unexpected(bytes) }
        return String(name)
    }

    // MARK: Escapes

    private mutating func escape(_ bytes: Span<UInt8>) throws(ReadFailure) {
        let start = offset
        offset += 1
        guard let byte = peek(bytes) else { throw failure(.unexpectedEnd) }
        offset += 1
        switch byte {
        case Byte.quote, Byte.backslash, Byte.slash: scratch.append(byte)
        case UInt8(ascii: "b"): scratch.append(0x08)
        case UInt8(ascii: "f"): scratch.append(0x0C)
        case UInt8(ascii: "n"): scratch.append(Byte.lineFeed)
        case UInt8(ascii: "r"): scratch.append(Byte.carriageReturn)
        case UInt8(ascii: "t"): scratch.append(Byte.tab)
        case UInt8(ascii: "u"): append(try unicodeEscape(bytes, start: start))
        default:
            guard dialect == .json5 else { throw failure(.invalidEscape, at: start) }
            try lenientEscape(byte, bytes, start: start)
        }
    }

    /// The escapes that only JSON5 knows (§5.1). The byte after the backslash has been read.
    private mutating func lenientEscape(
        _ byte: UInt8, _ bytes: Span<UInt8>, start: Int
    ) throws(ReadFailure) {
        switch byte {
        case UInt8(ascii: "v"):
            scratch.append(0x0B)
        case Byte.zero:
            if let next = peek(bytes), Byte.isDigit(next) { throw failure(.invalidEscape, at: start) }
            scratch.append(0)
        case Byte.zero...Byte.nine:
            throw failure(.invalidEscape, at: start)
        case UInt8(ascii: "x"):
            append(Unicode.Scalar(UInt8(truncatingIfNeeded: try hexDigits(2, bytes, start: start))))
        case Byte.carriageReturn:
            if peek(bytes) == Byte.lineFeed { offset += 1 }
        case Byte.lineFeed:
            break
        case 0x80...:
            offset -= 1
            let (scalar, length) = try scalar(bytes)
            offset += length
            // A line continuation (§5.2) contributes nothing.
            if scalar != "\u{2028}" && scalar != "\u{2029}" { append(scalar) }
        default:
            scratch.append(byte)
        }
    }

    /// Reads the digits after `\u`, and the second escape of a surrogate pair.
    private mutating func unicodeEscape(
        _ bytes: Span<UInt8>, start: Int
    ) throws(ReadFailure) -> Unicode.Scalar {
        let first = try hexDigits(4, bytes, start: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00 else { throw failure(.loneSurrogate, at: start) }
        for expected in [Byte.backslash, UInt8(ascii: "u")] {
            guard let byte = peek(bytes) else { throw failure(.unexpectedEnd) }
            guard byte == expected else { throw failure(.loneSurrogate, at: start) }
            offset += 1
        }
        let second = try hexDigits(4, bytes, start: start)
        let combined = 0x1_0000 &+ ((first &- 0xD800) << 10) &+ (second &- 0xDC00)
        guard second >= 0xDC00, second < 0xE000, let scalar = Unicode.Scalar(combined) else {
            throw failure(.loneSurrogate, at: start)
        }
        return scalar
    }

    private mutating func hexDigits(
        _ count: Int, _ bytes: Span<UInt8>, start: Int
    ) throws(ReadFailure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let byte = peek(bytes) else { throw failure(.unexpectedEnd) }
            guard let digit = Byte.hexValue(byte) else { throw failure(.invalidEscape, at: start) }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    // MARK: Bytes to text

    private mutating func append(_ scalar: Unicode.Scalar) { scratch.append(contentsOf: String(scalar).utf8) }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let run = bytes.extracting(range)
        unsafe run.withUnsafeBufferPointer { unsafe scratch.append(contentsOf: $0) }
    }

    private func validated(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(ReadFailure) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw failure(.invalidUTF8, at: range.lowerBound + error.byteOffsets.lowerBound)
        }
    }

    private func validatedScratch(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(ReadFailure) -> String {
        do {
            return String(copying: try UTF8Span(validating: scratch.span))
        } catch {
            // Escapes only ever add valid text, so the raw bytes hold the same fault, at its true place.
            _ = try validated(bytes, range)
            throw failure(.invalidUTF8, at: range.lowerBound)
        }
    }

    private static func isIdentifierPart(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "$", "_": return true
        case "0"..."9": return !first
        case "\u{200C}", "\u{200D}": return !first
        default: break
        }
        guard scalar.value >= 0x80 else { return false }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .letterNumber:
            return true
        case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation:
            return !first
        default:
            return false
        }
    }
}
