/// Writes frames (RFC 6455 §5.2). Everything is appended to a buffer that the caller keeps, so nothing is allocated
/// once the buffer has its size.
///
/// A `maskingKey` is what a client has to pass, fresh and unpredictable for every frame; a server passes `nil`.
package enum FrameEncoder {
    /// Octets of the header of a frame with that payload.
    package static func headerLength(payloadLength: Int, masked: Bool) -> Int {
        let lengthOctets = payloadLength <= 125 ? 0 : payloadLength <= 0xFFFF ? 2 : 8
        return 2 + lengthOctets + (masked ? 4 : 0)
    }

    /// Appends a header only; the caller appends `payloadLength` octets after it, masked already if there is a key.
    package static func appendHeader(
        to out: inout [UInt8], opcode: Opcode, payloadLength: Int, fin: Bool = true, maskingKey: UInt32? = nil
    ) {
        out.append(addingCapacity: FrameHeader.maxLength) { output in
            writeHeader(to: &output, opcode: opcode, payloadLength: payloadLength, fin: fin, maskingKey: maskingKey)
        }
    }

    /// Appends a whole frame; the payload is masked while it is copied.
    package static func append(
        to out: inout [UInt8], opcode: Opcode, payload: Span<UInt8>, fin: Bool = true, maskingKey: UInt32? = nil
    ) {
        let count = payload.count
        unsafe payload.withUnsafeBytes { source in
            out.append(addingCapacity: FrameHeader.maxLength + count) { output in
                writeHeader(to: &output, opcode: opcode, payloadLength: count, fin: fin, maskingKey: maskingKey)
                guard let start = source.baseAddress else { return }
                unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                    guard let base = buffer.baseAddress else { return }
                    let destination = unsafe UnsafeMutableRawPointer(base + initializedCount)
                    if let maskingKey {
                        _ = unsafe Masking.copy(from: start, to: destination, count: count, key: maskingKey, phase: 0)
                    } else {
                        unsafe destination.copyMemory(from: start, byteCount: count)
                    }
                    initializedCount += count
                }
            }
        }
    }

    /// Appends the first or only frame of a compressed message: one with RSV1 (RFC 7692 §6). `payload` is compressed.
    package static func appendCompressed(
        to out: inout [UInt8], opcode: Opcode, payload: Span<UInt8>, fin: Bool = true, maskingKey: UInt32? = nil
    ) {
        precondition(opcode == .text || opcode == .binary, "RSV1 belongs to the first frame of a message")
        let start = out.count
        append(to: &out, opcode: opcode, payload: payload, fin: fin, maskingKey: maskingKey)
        out[start] |= 0x40
    }

    /// Appends a Close frame.
    ///
    /// - Parameters:
    ///   - code: `nil` for a Close frame without payload; `reason` is then left out. Must be valid on the wire.
    ///   - reason: Cut to 123 octets of UTF-8, between two scalars.
    package static func appendClose(
        to out: inout [UInt8], code: CloseCode?, reason: String = "", maskingKey: UInt32? = nil
    ) {
        var payload: [UInt8] = []
        if let code {
            precondition(code.isValidOnWire, "a close code that may not be sent")
            payload.reserveCapacity(FrameHeader.maxControlPayloadLength)
            payload.append(UInt8(truncatingIfNeeded: code.rawValue >> 8))
            payload.append(UInt8(truncatingIfNeeded: code.rawValue))
            for scalar in reason.unicodeScalars {
                let encoded = scalar.utf8
                guard payload.count + encoded.count <= FrameHeader.maxControlPayloadLength else { break }
                payload.append(contentsOf: encoded)
            }
        }
        append(to: &out, opcode: .close, payload: payload.span, maskingKey: maskingKey)
    }

    private static func writeHeader(
        to output: inout OutputSpan<UInt8>, opcode: Opcode, payloadLength: Int, fin: Bool, maskingKey: UInt32?
    ) {
        precondition(payloadLength >= 0, "a payload of negative length")
        precondition(
            !opcode.isControl || fin && payloadLength <= FrameHeader.maxControlPayloadLength,
            "a control frame is one frame of at most 125 octets")
        let maskBit: UInt8 = maskingKey == nil ? 0 : 0x80
        output.append(opcode.rawValue | (fin ? 0x80 : 0))
        if payloadLength <= 125 {
            output.append(maskBit | UInt8(payloadLength))
        } else if payloadLength <= 0xFFFF {
            output.append(maskBit | 126)
            appendBigEndian(UInt64(payloadLength), octets: 2, to: &output)
        } else {
            output.append(maskBit | 127)
            appendBigEndian(UInt64(payloadLength), octets: 8, to: &output)
        }
        if let maskingKey {
            appendBigEndian(UInt64(maskingKey), octets: 4, to: &output)
        }
    }

    private static func appendBigEndian(_ value: UInt64, octets: Int, to output: inout OutputSpan<UInt8>) {
        for index in 1...octets {
            output.append(UInt8(truncatingIfNeeded: value >> (8 * (octets - index))))
        }
    }
}
