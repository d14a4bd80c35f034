internal import Agents
internal import EventLoop
internal import Files
internal import Glibc
internal import JSON
internal import Wire

/// An ACP agent that is kept from run to run: prompt after prompt in one session of one process.
extension Worker {
    /// Shorter than the gateway's patience with a worker that is told to stop.
    private static let toldGraceSeconds = 2.0

    /// Each run has its own connection, with its own key and token; between two there is none.
    func converse(_ agent: ExecAgent, _ session: ACPSession, _ first: WorkOrder) -> Int32 {
        let isolation = first.isolation
        var orders = FurtherOrders(WorkerBootstrap.furtherOrders)
        while true {
            if let status = supervise(agent, session) {
                removeContainer(isolation, after: status)
                return handIn(session.result(status, cancelReason: connection.cancelReason))
            }
            let isDelivered = handIn(session.result(nil, cancelReason: nil)) == 0
            // They came with the first run, and are gone with it unless they are the session's.
            if !first.attachmentsStay { Files.removeTree(bootstrap.directory + "/" + AttachedFile.directory) }
            guard isDelivered, let next = idle(agent, session, &orders) else {
                return close(agent, session, isolation, 0)
            }
            do {
                try take(next)
                guard let order = attach() else { return close(agent, session, isolation, 1) }
                session.prompt(order, order.promptAttachments(in: bootstrap.directory), over: connection)
            } catch {
                return close(agent, session, isolation, 1)
            }
        }
    }

    /// Waits for the next run, while the agent may still say this and that.
    ///
    /// - Returns: nil when none comes: the time is over, the gateway is gone or says so, or the agent has ended.
    private func idle(
        _ agent: ExecAgent, _ session: ACPSession, _ orders: inout FurtherOrders
    ) -> WorkerBootstrap? {
        let until = MonotonicInstant.now() + .milliseconds(bootstrap.keptMs ?? 0)
        session.isAbandoned = true
        while MonotonicInstant.now() < until, !isTerminated(), !orders.hasEnded {
            if let next = orders.next() { return next }
            session.advance()
            agent.isReadingPaused = session.isBacklogged
            while let event = agent.nextEvent() {
                switch event {
                case .output(let stream, let bytes): session.received(stream, bytes)
                case .ended:
                    session.ended()
                    return nil
                }
            }
            wait(agent, session, orders: orders.descriptor)
        }
        return nil
    }

    /// Lets the agent end by itself, then ends it.
    private func close(_ agent: ExecAgent, _ session: ACPSession, _ isolation: Isolation, _ code: Int32) -> Int32 {
        session.isAbandoned = true
        session.close()
        if isTerminated() { agent.cancel(graceSeconds: Self.toldGraceSeconds) }
        while agent.exitStatus == nil {
            session.advance()
            while let event = agent.nextEvent() {
                if case .output(let stream, let bytes) = event { session.received(stream, bytes) }
            }
            agent.wait(atMost: .milliseconds(200))
        }
        session.ended()
        removeContainer(isolation, after: .exited(1))
        return code
    }
}

/// Orders of further runs, as the gateway writes them into their pipe.
struct FurtherOrders {
    let descriptor: Int32
    private var lines = LineSplitter(maxBytes: WorkerBootstrap.maxBytes)
    private var waiting: [WorkerBootstrap] = []
    /// The gateway is gone, or wants no more.
    private(set) var hasEnded = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Reads what is there.
    mutating func next() -> WorkerBootstrap? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, 0) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: WorkerBootstrap.maxBytes)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        guard count > 0 else {
            hasEnded = count == 0 || errno != EINTR
            return nil
        }
        for case .whole(let line) in lines.append(buffer[..<count]) {
            if let next = (try? JSONParser.parse(line)).flatMap(WorkerBootstrap.init) { waiting.append(next) }
        }
        return waiting.isEmpty ? nil : waiting.removeFirst()
    }
}
