internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc
internal import Sessions
internal import Wire

/// `/metrics`: everything that is counted, in one text (docs/operations.md has the table).
extension CoreHost {
    func metricsText() -> String {
        var text = MetricsText()
        write(coreFigures(), into: &text)
        writeConnections(into: &text)
        writeRequests(into: &text)
        writeStore(into: &text)
        writeProcess(into: &text)
        return text.text
    }

    private func total(_ counter: ReactorMetrics.Counter) -> Int64 {
        metrics.reactors.reduce(0) { $0 + $1[counter] }
    }

    private func total(_ gauge: ReactorMetrics.Gauge) -> Int64 {
        metrics.reactors.reduce(0) { $0 + $1[gauge] }
    }

    private func writeConnections(into text: inout MetricsText) {
        text.family("sallyport_connections", .gauge, "Connections by state, as of the last second.")
        for state in ReactorMetrics.State.allCases {
            text.sample(
                "sallyport_connections", [("state", "\(state)")], metrics.reactors.reduce(0) { $0 + $1[state] })
        }
        text.single(
            "sallyport_connections_limit", .gauge, "Connections in all that there is room for.", Int64(connectionLimit))
        text.single("sallyport_accepted_total", .counter, "Sockets that were accepted.", total(.accepted))
        text.single("sallyport_tls_handshakes_total", .counter, "TLS handshakes that succeeded.", total(.tlsHandshakes))
        text.single("sallyport_upgrades_total", .counter, "Requests that became a WebSocket.", total(.upgrades))
        text.single(
            "sallyport_http_requests_total", .counter, "Requests by HTTP, upgrades included.", total(.httpRequests))
        text.family(
            "sallyport_refusals_total", .counter, "What peers did wrong, by rule; handshakes and requests that failed.")
        for (rule, count) in refusals.counts { text.sample("sallyport_refusals_total", [("rule", rule)], count) }
    }

    private func writeRequests(into text: inout MetricsText) {
        text.single("sallyport_requests_total", .counter, "Requests of the protocol.", total(.requests))
        text.single(
            "sallyport_requests_refused_total", .counter, "Those that were refused before the core was asked.",
            total(.refusedRequests))
        text.single("sallyport_requests_under_way", .gauge, "Requests without an answer yet.", total(.requestsUnderWay))
        text.family("sallyport_rpc_duration_seconds", .histogram, "From a request to its first answer, by method.")
        for method in Method.allCases {
            let all = metrics.reactors.map { $0.latencies(of: method.index) }.reduce(Histogram(), +)
            if all.count > 0 { text.histogram("sallyport_rpc_duration_seconds", [("method", method.rawValue)], all) }
        }
        text.single("sallyport_events_total", .counter, "Events that were sent.", total(.events))
        text.single("sallyport_events_dropped_total", .counter, "Events that slow readers lost.", total(.droppedEvents))
        text.single(
            "sallyport_slow_consumers_total", .counter, "Connections that were closed for not reading.",
            total(.slowConsumers))
        text.single("sallyport_unsent_bytes", .gauge, "Output that readers have not taken.", total(.unsentBytes))
        text.single(
            "sallyport_paused_connections", .gauge, "Connections that are not read from.", total(.pausedConnections))
    }

    private func writeStore(into text: inout MetricsText) {
        text.family("sallyport_store_commit_seconds", .histogram, "From a decision to its being on the disk.")
        text.histogram("sallyport_store_commit_seconds", [], metrics.commitLatencies)
        text.single("sallyport_store_commit_failures_total", .counter, "Commits that failed.", metrics.commitFailures)
        text.single("sallyport_store_queue", .gauge, "Commits under way.", metrics.commitQueue)
    }

    private func writeProcess(into text: inout MetricsText) {
        text.family(
            "sallyport_reactor_lag_seconds", .gauge,
            "How long a job waited for its reactor: the latest, and the longest since the last look.")
        for (index, lag) in metrics.pulse.lags().enumerated() {
            let reactor = ("reactor", "\(index)")
            text.sample("sallyport_reactor_lag_seconds", [reactor, ("which", "last")], Double(lag.last) / 1e9)
            text.sample("sallyport_reactor_lag_seconds", [reactor, ("which", "max")], Double(lag.max) / 1e9)
        }
        text.single(
            "sallyport_log_lines_dropped_total", .counter, "Lines that a slow reader of the log lost.",
            logger.droppedLines)
        text.single("process_resident_memory_bytes", .gauge, "Resident memory.", ProcessFigures.residentBytes)
        text.single("process_open_fds", .gauge, "Open descriptors.", Int64(Files.names(in: "/proc/self/fd").count))
        text.family("sallyport_build_info", .gauge, "What this is.")
        text.sample("sallyport_build_info", [("version", serverVersion)], Int64(1))
    }

    private func write(_ figures: CoreFigures, into text: inout MetricsText) {
        text.family(
            "sallyport_admissions_total", .counter, "Decisions about connect, by outcome and the rule that decided.")
        for (decision, count) in figures.counts.admissions.sorted(by: {
            ($0.key.outcome, $0.key.rule) < ($1.key.outcome, $1.key.rule)
        }) {
            text.sample(
                "sallyport_admissions_total", [("outcome", decision.outcome), ("rule", decision.rule)], count)
        }
        text.family("sallyport_clients", .gauge, "Admitted connections by role.")
        for (role, count) in figures.clients.sorted(by: { $0.key < $1.key }) {
            text.sample("sallyport_clients", [("role", role)], count)
        }
        text.family("sallyport_runs", .gauge, "Runs that have not ended, by phase.")
        for (phase, count) in figures.runs.sorted(by: { $0.key < $1.key }) {
            text.sample("sallyport_runs", [("phase", phase)], count)
        }
        text.family("sallyport_runs_ended_total", .counter, "Runs that have ended, by status.")
        for (status, count) in figures.counts.ended.sorted(by: { $0.key < $1.key }) {
            text.sample("sallyport_runs_ended_total", [("status", status)], count)
        }
        text.family("sallyport_spawn_seconds", .histogram, "From a run's acceptance to its worker's attaching.")
        var spawns = Histogram()
        for (milliseconds, count) in figures.counts.spawnMs {
            spawns.buckets[LatencyBounds.bucket(milliseconds * 1_000_000)] += count
            spawns.sumMicroseconds += milliseconds * 1000 * count
        }
        text.histogram("sallyport_spawn_seconds", [], spawns)
        text.single("sallyport_sessions", .gauge, "Sessions.", Int64(figures.sessions))
        text.single("sallyport_pairing_requests", .gauge, "Devices that wait for approval.", Int64(figures.pending))
        text.single("sallyport_uptime_seconds", .gauge, "Since the start.", figures.uptimeMs / 1000)
    }
}

/// What the kernel says of this process.
enum ProcessFigures {
    static var residentBytes: Int64 {
        guard let bytes = try? Files.read("/proc/self/statm", maxBytes: 256) else { return 0 }
        let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        return (pages ?? 0) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
