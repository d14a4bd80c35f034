internal import EventLoop
internal import Gateway
internal import TLS
internal import WebSocket
internal import Wire

/// What goes out, and when reading stops because it does not.
extension Connection {
    /// Beyond this much unsent output a connection is not read from until it has drained.
    static let pauseBytes = 1 << 20
    private static let resumeBytes = 256 * 1024

    /// Queues raw bytes: HTTP responses and frames that are encoded already.
    func queue(_ bytes: Span<UInt8>) {
        if outbound.isEmpty, outbound.capacity == 0 { outbound = context.takeBuffer() }
        outbound.append(span: bytes)
    }

    /// Queues a text message. Responses are never dropped: a peer that takes nothing is closed.
    func send(message: Span<UInt8>) {
        guard closeHandshake.maySendData, !isClosed else { return }
        guard unsentBytes < context.host.policy.maxBufferedBytes else {
            closeSlowConsumer()
            return
        }
        queueFrame(.text, message)
    }

    /// Sends the core's answer to a request.
    func answer(_ response: [UInt8]) {
        guard phase != .serving else {
            answerByHTTP(response)
            return
        }
        if let id = Frames.responseID(response), let asked = underWay.end(id) {
            let waited = MonotonicInstant.now().nanoseconds - asked.since.nanoseconds
            context.metrics.answered(asked.method, after: waited)
        }
        send(message: response.span)
        flush()
    }

    private func closeSlowConsumer() {
        context.metrics.count(.slowConsumers)
        note(
            .slowConsumer(limit: context.host.policy.maxBufferedBytes), "code=\(GatewayClose.slowConsumer.code)",
            subsystem: "ws")
        close(.slowConsumer)
    }

    func queueFrame(_ opcode: Opcode, _ payload: Span<UInt8>) {
        if outbound.isEmpty, outbound.capacity == 0 { outbound = context.takeBuffer() }
        if let compressor, !opcode.isControl {
            compressor.append(to: &outbound, opcode: opcode, payload: payload)
        } else {
            FrameEncoder.append(to: &outbound, opcode: opcode, payload: payload)
        }
    }

    func send(_ event: OutboundEvent, isNumbered: Bool) {
        var frame = EventFrame(event)
        send(&frame, isNumbered: isNumbered)
    }

    /// Sends an event. What nothing waits before is written at once; of the rest ``flush()`` sees to it.
    func send(_ frame: inout EventFrame, isNumbered: Bool) {
        guard case .open = phase, closeHandshake.maySendData else { return }
        var seq: UInt64?
        if isNumbered {
            lastSeq += 1
            seq = lastSeq
        }
        guard unsentBytes < context.host.policy.maxBufferedBytes else {
            context.metrics.count(.droppedEvents)
            // A lost event has used up its number, so the client sees the hole.
            if !frame.event.isDroppable { closeSlowConsumer() }
            return
        }
        context.metrics.count(.events)
        frame.number(seq)
        if let compressor {
            if outbound.isEmpty, outbound.capacity == 0 { outbound = context.takeBuffer() }
            // The number in its end makes every connection's event another message.
            compressor.append(to: &outbound, opcode: .text, payload: frame.payload.span)
        } else if let tls, outbound.isEmpty {
            writeThrough(frame.bytes.span, tls)
        } else {
            queue(frame.bytes.span)
        }
    }

    /// Without the way through our own buffer. What TLS does not take is queued, to be offered again as it is.
    private func writeThrough(_ bytes: Span<UInt8>, _ tls: TLSConnection) {
        var written = 0
        while written < bytes.count {
            do throws(TLSError) {
                guard case .bytes(let count) = try tls.write(bytes.extracting(written..<bytes.count)) else { break }
                written += count
                liveness.sent(count)
            } catch {
                peerGone()
                return
            }
        }
        if written < bytes.count { queue(bytes.extracting(written..<bytes.count)) }
    }

    var unsentBytes: Int { outbound.count - sent }

    func flush() {
        if sent < outbound.count {
            switch transmitAll() {
            case .sent: break
            case .blocked:
                applyBackpressure()
                return
            case .failed:
                peerGone()
                return
            }
        }
        if !outbound.isEmpty || outbound.capacity > 0 {
            context.giveBack(outbound)
            outbound = []
            sent = 0
        }
        guard !isClosed else { return }
        switch phase {
        case .proxyHeader, .tlsHandshake: return
        default: updateInterest()
        }
        if closesWhenSent {
            closesWhenSent = false
            linger()
        } else if let action = closeHandshake.closeFrameWritten() {
            perform(action)
        } else if isHoldingBack, mayTakeMore {
            resumeProcessing()
        }
    }

    private enum Transmission { case sent, blocked, failed }

    private func transmitAll() -> Transmission {
        // Held locally, so that its bytes can be lent out while `self` is used.
        var bytes: [UInt8] = []
        swap(&bytes, &outbound)
        defer { swap(&bytes, &outbound) }
        while sent < bytes.count {
            if let tls {
                do throws(TLSError) {
                    switch try tls.write(bytes.span.extracting(sent..<bytes.count)) {
                    case .bytes(let count): advance(by: count)
                    case .wantsRead, .wantsWrite: return .blocked
                    }
                } catch {
                    return .failed
                }
            } else {
                switch Sockets.send(descriptor, bytes.span.extracting(sent..<bytes.count)) {
                case .bytes(let count): advance(by: count)
                case .wouldBlock: return .blocked
                case .endOfStream, .failed: return .failed
                }
            }
        }
        return .sent
    }

    private func advance(by count: Int) {
        sent += count
        liveness.sent(count)
    }

    private func applyBackpressure() {
        if sent > 1 << 16 {
            outbound.removeFirst(sent)
            sent = 0
        }
        updateInterest()
        if isHoldingBack, mayTakeMore, unsentBytes < Self.resumeBytes { resumeProcessing() }
    }

    /// Whether what was read may be processed: what comes of it has room, here and in the core.
    var mayTakeMore: Bool {
        !underWay.isFull && unsentBytes < Self.pauseBytes
    }

    /// Asks the socket for what can be used now.
    func updateInterest() {
        // An empty literal would be a call of generic code, for each message.
        var wanted = unsentBytes > 0 ? Interest.write : Interest(rawValue: 0)
        let isPaused = !interest.contains(.read)
        if !isHoldingBack, !underWay.isFull, unsentBytes < (isPaused ? Self.resumeBytes : Self.pauseBytes) {
            wanted.insert(.read)
        }
        if case .deciding = phase, !leftover.isEmpty { wanted.remove(.read) }
        setInterest(wanted)
    }

    func setInterest(_ wanted: Interest) {
        guard wanted != interest, let registration else { return }
        let resumes = wanted.contains(.read) && !interest.contains(.read)
        interest = wanted
        context.reactor.modify(registration, wanted)
        if resumes, tls?.hasPendingBytes == true { resumeLater() }
    }
}
