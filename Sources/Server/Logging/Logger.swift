internal import Config
internal import EventLoop
internal import Files
internal import Gateway
internal import Glibc
internal import JSON
internal import Synchronization

/// Writes log lines to standard error, and to a file if one is configured, from a thread of its own, so that nobody waits
/// for a slow terminal or pipe.
///
/// When the reader is too slow, lines are dropped and counted. What repeats itself is counted, too.
final class Logger: Sendable {
    private static let maxQueuedLines = 10_000
    /// Lines that come closer together than this are written together.
    private static let writeInterval: Duration = .milliseconds(10)

    private struct Queue {
        var lines: [(line: LogLine, wallMs: Int64)] = []
        /// The thread knows that there is something to write.
        var isAwaited = false
        var dropped = 0
        var droppedInAll: Int64 = 0
    }

    /// What belongs to the log's thread.
    private struct State: ~Copyable {
        var repeats = RepeatFilter()
        var file: RotatingFile?
        var hasFailed = false
        var writtenAt: MonotonicInstant?
    }

    private let settings: LoggingSettings
    private let thread: ReactorThread
    private let queue = Mutex(Queue())
    private let recent = Mutex(RecentLog())
    private let redactor = Mutex(LogRedactor())
    private let state: Mutex<State>

    /// - Throws: also when the configured file cannot be written.
    init(_ settings: LoggingSettings = LoggingSettings()) throws(StartFailure) {
        self.settings = settings
        var file: RotatingFile?
        if let path = settings.file {
            do throws(FileError) {
                file = try RotatingFile(path, maxBytes: settings.maxFileBytes, maxFiles: settings.maxFiles)
            } catch {
                throw StartFailure(.logFile, "logging.file: \(error)")
            }
        }
        state = Mutex(State(file: file))
        do throws(EventLoopError) {
            thread = try Reactor.spawnThread(name: "log") { _ in }
        } catch {
            throw StartFailure(.hostResources, "cannot start: \(error.description)")
        }
    }

    var droppedLines: Int64 { queue.withLock { $0.droppedInAll } }

    /// Must not stand in the log, whoever writes it there.
    func hide(_ secret: Secret) { redactor.withLock { $0.hide(secret) } }

    func log(_ line: LogLine) {
        let level = line.level.setting
        guard level >= min(threshold(line, settings.consoleLevel), threshold(line, settings.level)) else { return }
        let wallMs = GatewayClock.systemMs()
        let mustWake = queue.withLock { queue -> Bool in
            guard queue.lines.count < Self.maxQueuedLines else {
                queue.dropped += 1
                queue.droppedInAll += 1
                return false
            }
            queue.lines.append((line, wallMs))
            defer { queue.isAwaited = true }
            return !queue.isAwaited
        }
        guard mustWake else { return }
        thread.handle.enqueue { [self] reactor in
            let last = state.withLock { $0.writtenAt }
            if let last, reactor.now - last < Self.writeInterval {
                reactor.schedule(at: last + Self.writeInterval) { [self] reactor in writeQueued(reactor.now) }
            } else {
                writeQueued(reactor.now)
            }
        }
    }

    func log(_ level: LogLine.Level, _ subsystem: String, _ message: String) {
        log(LogLine(level, subsystem, message))
    }

    /// - Parameter what: did not come about because of it.
    func log(_ level: LogLine.Level, _ subsystem: String, _ what: String, _ failure: StartFailure) {
        log(LogLine(level, subsystem, "\(what): \(failure.logText)", ids: [.rule: failure.rule.rawValue]))
    }

    /// A subsystem's own level decides in place of the general one.
    private func threshold(_ line: LogLine, _ general: LoggingSettings.Level) -> LoggingSettings.Level {
        guard !settings.subsystems.isEmpty, general != .silent else { return general }
        if let own = settings.subsystems[line.subsystem] { return own }
        let family = line.subsystem.prefix { $0 != "/" }
        return settings.subsystems[String(family)] ?? general
    }

    private func writeQueued(_ now: MonotonicInstant) {
        let (lines, dropped) = queue.withLock { queue in
            defer { (queue.lines, queue.dropped, queue.isAwaited) = ([], 0, false) }
            return (queue.lines, queue.dropped)
        }
        var due: [(LogLine, Int64)] = []
        if dropped > 0, let first = lines.first {
            due.append((LogLine(.warn, "log", "\(dropped) lines dropped, the reader is too slow"), first.wallMs))
        }
        state.withLock { state in
            state.writtenAt = now
            for (line, wallMs) in lines {
                due += state.repeats.admit(line, atMs: wallMs).map { ($0, wallMs) }
            }
        }
        write(due)
    }

    private func write(_ lines: [(LogLine, Int64)]) {
        let redactor = redactor.withLock { $0 }
        var shown: [UInt8] = []
        for (line, wallMs) in lines {
            let level = line.level.setting
            func text(_ style: LoggingSettings.Style) -> String {
                redactor.redacted(LogFormat.text(line, style, atMs: wallMs))
            }
            if level >= threshold(line, settings.consoleLevel) {
                let pretty = text(.pretty)
                recent.withLock { $0.append(pretty) }
                shown += (settings.consoleStyle == .pretty ? pretty : text(settings.consoleStyle)).utf8
            }
            if settings.file != nil, level >= threshold(line, settings.level) { writeToFile(text(settings.fileStyle)) }
        }
        // Nobody is left to tell when the log itself cannot be written.
        try? Files.writeAll(STDERR_FILENO, shown, path: "standard error")
    }

    private func writeToFile(_ text: String) {
        state.withLock { state in
            do throws(FileError) {
                try state.file?.append(Array(text.utf8))
                state.hasFailed = false
            } catch {
                // Once: a full disk would otherwise fill standard error.
                guard !state.hasFailed else { return }
                state.hasFailed = true
                try? Files.writeAll(
                    STDERR_FILENO, Array("[log] ERROR logging.file: \(error)\n".utf8), path: "standard error")
            }
        }
    }

    /// Opens the file anew, after somebody has set it aside (SIGHUP).
    func reopen() {
        guard settings.file != nil else { return }
        thread.handle.enqueue { [self] _ in
            state.withLock { state in
                do throws(FileError) { try state.file?.reopen() } catch { state.hasFailed = true }
            }
        }
    }

    /// The latest lines, for `logs.tail`.
    func tail(_ query: RecentLog.Query) -> JSON {
        recent.withLock { $0.tail(query) }
    }

    /// Writes what is queued, then ends the thread.
    func close() {
        let wallMs = GatewayClock.systemMs()
        thread.handle.enqueue { [self] _ in
            writeQueued(.now())
            write(state.withLock { $0.repeats.end() }.map { ($0, wallMs) })
        }
        thread.handle.stop()
        thread.join()
    }
}

extension LogLine.Level {
    var setting: LoggingSettings.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warn
        case .error: .error
        }
    }
}
