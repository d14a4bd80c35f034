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

    /// What belongs to the log's thread.
    private struct State: ~Copyable {
        var repeats = RepeatFilter()
        var file: RotatingFile?
        var hasFailed = false
    }

    private let settings: LoggingSettings
    private let thread: ReactorThread
    private let queued = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let droppedInAll = Atomic<Int>(0)
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
                throw .configuration(
                    "logging.file: \(error)",
                    hint: "name a file that the gateway's user may write, or unset logging.file")
            }
        }
        state = Mutex(State(file: file))
        do throws(EventLoopError) {
            thread = try Reactor.spawnThread(name: "log") { _ in }
        } catch {
            throw .other("cannot start: \(error.description)")
        }
    }

    var droppedLines: Int64 { Int64(droppedInAll.load(ordering: .relaxed)) }

    /// Must not stand in the log, whoever writes it there.
    func hide(_ secret: Secret) { redactor.withLock { $0.hide(secret) } }

    func log(_ line: LogLine) {
        let level = line.level.setting
        guard level >= min(threshold(line, settings.consoleLevel), threshold(line, settings.level)) else { return }
        guard queued.load(ordering: .relaxed) < Self.maxQueuedLines else {
            dropped.add(1, ordering: .relaxed)
            droppedInAll.add(1, ordering: .relaxed)
            return
        }
        queued.add(1, ordering: .relaxed)
        let wallMs = GatewayClock.systemMs()
        thread.handle.enqueue { [self] _ in
            queued.subtract(1, ordering: .relaxed)
            let lost = dropped.exchange(0, ordering: .relaxed)
            if lost > 0 {
                write(LogLine(.warn, "log", "\(lost) lines dropped, the reader is too slow"), wallMs)
            }
            let lines = state.withLock { $0.repeats.admit(line, atMs: wallMs) }
            for line in lines { write(line, wallMs) }
        }
    }

    func log(_ level: LogLine.Level, _ subsystem: String, _ message: String) {
        log(LogLine(level, subsystem, message))
    }

    /// A subsystem's own level decides in place of the general one.
    private func threshold(_ line: LogLine, _ general: LoggingSettings.Level) -> LoggingSettings.Level {
        guard !settings.subsystems.isEmpty, general != .silent else { return general }
        if let own = settings.subsystems[line.subsystem] { return own }
        let family = line.subsystem.prefix { $0 != "/" }
        return settings.subsystems[String(family)] ?? general
    }

    private func write(_ line: LogLine, _ wallMs: Int64) {
        let redactor = redactor.withLock { $0 }
        let level = line.level.setting
        let text = redactor.redacted(LogFormat.text(line, .pretty, atMs: wallMs))
        if level >= threshold(line, settings.consoleLevel) {
            recent.withLock { $0.append(text) }
            let shown =
                settings.consoleStyle == .pretty
                ? text : redactor.redacted(LogFormat.text(line, settings.consoleStyle, atMs: wallMs))
            // Nobody is left to tell when the log itself cannot be written.
            try? Files.writeAll(STDERR_FILENO, Array(shown.utf8), path: "standard error")
        }
        if settings.file != nil, level >= threshold(line, settings.level) {
            writeToFile(redactor.redacted(LogFormat.text(line, settings.fileStyle, atMs: wallMs)))
        }
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
            for line in state.withLock({ $0.repeats.end() }) { write(line, wallMs) }
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
