package import EventLoop
internal import Files
package import Gateway
internal import Glibc
package import JSON
internal import Synchronization

/// Writes log lines to standard error from a thread of its own, so that nobody waits for a slow terminal or pipe.
///
/// `[gateway] INFO [12:34:56.789] message`; control characters of peers are escaped. When the reader is too slow,
/// lines are dropped and counted.
package final class Logger: Sendable {
    private static let maxQueuedLines = 10_000

    private let thread: ReactorThread
    private let queued = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)

    private let recent = Mutex(RecentLog())

    package init() throws(EventLoopError) {
        thread = try Reactor.spawnThread(name: "log") { _ in }
    }

    package func log(_ line: LogLine) {
        guard queued.load(ordering: .relaxed) < Self.maxQueuedLines else {
            dropped.add(1, ordering: .relaxed)
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
            write(line, wallMs)
        }
    }

    private func write(_ line: LogLine, _ wallMs: Int64) {
        let text = Self.format(line, wallMs)
        recent.withLock { $0.append(text) }
        Self.write(text)
    }

    /// The latest lines, for `logs.tail`.
    package func tail(_ query: RecentLog.Query) -> JSON {
        recent.withLock { $0.tail(query) }
    }

    package func log(_ level: LogLine.Level, _ subsystem: String, _ message: String) {
        log(LogLine(level, subsystem, message))
    }

    /// Writes what is queued, then ends the thread.
    package func close() {
        thread.handle.stop()
        thread.join()
    }

    static func format(_ line: LogLine, _ wallMs: Int64) -> String {
        var seconds = time_t(wallMs / 1000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let ms = String(wallMs % 1000)
        let time =
            "\(two(hour)):\(two(minute)):\(two(second))."
            + String(repeating: "0", count: 3 - ms.count) + ms
        return "[\(line.subsystem)] \(line.level.rawValue) [\(time)] \(escaped(line.message))\n"
    }

    /// Whatever a terminal could obey, or an eye be misled by, becomes visible.
    private static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isTreacherous) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isTreacherous(scalar) {
                result += scalar.value < 0x100 ? "\\x" : "\\u"
                result += String(scalar.value, radix: 16)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// Controls (C0, DEL, C1), ends of lines, and marks that change the direction of text or cannot be seen.
    private static func isTreacherous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }

    private static func write(_ text: String) {
        // Nobody is left to tell when the log itself cannot be written.
        try? Files.writeAll(STDERR_FILENO, Array(text.utf8), path: "standard error")
    }
}
