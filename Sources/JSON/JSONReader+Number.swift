extension JSONReader {
    /// Reads a number: RFC 8259 §6, or JSON5 §6 in that dialect.
    mutating func number(_ bytes: Span<UInt8>) throws(ReadFailure) -> JSON {
        let start = offset
        let isNegative = peek(bytes) == Byte.minus
        if isNegative || (dialect == .json5 && peek(bytes) == Byte.plus) { offset += 1 }
        if dialect == .json5 {
            switch peek(bytes) {
            case UInt8(ascii: "I"):
                try literal("Infinity", bytes)
                return .double(isNegative ? -.infinity : .infinity)
            case UInt8(ascii: "N"):
                try literal("NaN", bytes)
                return .double(.nan)
            case Byte.zero where offset + 1 < bytes.count && bytes[offset + 1] | 0x20 == UInt8(ascii: "x"):
                offset += 2
                return try hexNumber(bytes, isNegative: isNegative, start: start)
            default:
                break
            }
        }
        return try decimalNumber(bytes, isNegative: isNegative, start: start)
    }

    private mutating func decimalNumber(
        _ bytes: Span<UInt8>, isNegative: Bool, start: Int
    ) throws(ReadFailure) -> JSON {
        let digitsStart = offset
        let magnitude = skipDigits(bytes)
        let wholeDigits = offset - digitsStart
        if wholeDigits > 1 && bytes[digitsStart] == Byte.zero { throw failure(.invalidNumber, at: start) }
        if wholeDigits == 0 && dialect == .json { throw numberFailure(bytes, start) }

        var isInteger = true
        if peek(bytes) == Byte.dot {
            isInteger = false
            offset += 1
            let fractionStart = offset
            _ = skipDigits(bytes)
            let fractionDigits = offset - fractionStart
            let isEnough = dialect == .json5 ? wholeDigits + fractionDigits > 0 : fractionDigits > 0
            guard isEnough else { throw numberFailure(bytes, start) }
        } else if wholeDigits == 0 {
            throw numberFailure(bytes, start)
        }
        if let byte = peek(bytes), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset += 1
            if let sign = peek(bytes), sign == Byte.plus || sign == Byte.minus { offset += 1 }
            let exponentStart = offset
            _ = skipDigits(bytes)
            guard offset > exponentStart else { throw numberFailure(bytes, start) }
        }
        if isInteger, let magnitude, let value = Self.integer(magnitude, isNegative: isNegative) {
            return .integer(value)
        }
        return .double(try double(bytes, start..<offset))
    }

    private mutating func hexNumber(
        _ bytes: Span<UInt8>, isNegative: Bool, start: Int
    ) throws(ReadFailure) -> JSON {
        let digitsStart = offset
        var magnitude: UInt64 = 0
        while let byte = peek(bytes), let digit = Byte.hexValue(byte) {
            guard magnitude >> 60 == 0 else { throw failure(.numberOutOfRange, at: start) }
            magnitude = magnitude << 4 | UInt64(digit)
            offset += 1
        }
        guard offset > digitsStart else { throw numberFailure(bytes, start) }
        if let value = Self.integer(magnitude, isNegative: isNegative) { return .integer(value) }
        return .double(isNegative ? -Double(magnitude) : Double(magnitude))
    }

    /// - Returns: The value of the digits; `nil` when it does not fit.
    private mutating func skipDigits(_ bytes: Span<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var fits = true
        while let byte = peek(bytes), Byte.isDigit(byte) {
            offset += 1
            guard fits else { continue }
            let (shifted, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = shifted.addingReportingOverflow(UInt64(byte - Byte.zero))
            value = sum
            fits = !overflows && !overflowsToo
        }
        return fits ? value : nil
    }

    private static func integer(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
        guard isNegative else { return Int64(exactly: magnitude) }
        if magnitude == UInt64(1) << 63 { return .min }
        return Int64(exactly: magnitude).map { -$0 }
    }

    private func double(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(ReadFailure) -> Double {
        let text: String
        do {
            text = String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw failure(.invalidNumber, at: range.lowerBound)
        }
        guard let value = Double(text) else { throw failure(.invalidNumber, at: range.lowerBound) }
        guard value.isFinite else { throw failure(.numberOutOfRange, at: range.lowerBound) }
        return value
    }

    private func numberFailure(_ bytes: Span<UInt8>, _ start: Int) -> ReadFailure {
        offset < bytes.count ? failure(.invalidNumber, at: start) : failure(.unexpectedEnd)
    }
}
