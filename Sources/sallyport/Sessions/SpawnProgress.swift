internal import EventLoop
internal import JSON

/// How far a spawned run is: launching, connected, running. On a terminal one line that counts the seconds, elsewhere a
/// line for each step.
struct SpawnProgress {
    enum Step: String {
        case launching, connected, running
    }

    private let terminal: Terminal
    private let started = MonotonicInstant.now()
    private var step: Step?
    private var isLineOpen = false

    init(_ terminal: Terminal) {
        self.terminal = terminal
    }

    mutating func begin() { advance(to: .launching) }

    /// - Parameter event: of the run; nil when there was none for a while.
    mutating func take(_ event: JSON?) {
        guard step != .running else { return }
        guard let event else { return redraw() }
        switch event["stream"]?.string {
        case "lifecycle" where event["data"]?["phase"]?.string == "start": advance(to: .connected)
        case "lifecycle": finish()
        default: advance(to: .running)
        }
    }

    /// Leaves the line to what is printed next.
    mutating func finish() {
        guard isLineOpen else { return }
        terminal.noteRaw("\r\u{1B}[K")
        isLineOpen = false
    }

    private mutating func advance(to next: Step) {
        guard step != next else { return }
        step = next
        if next == .running {
            finish()
            if !terminal.isInteractive { terminal.note(line) }
        } else if terminal.isInteractive {
            redraw()
        } else {
            terminal.note(line)
        }
    }

    private mutating func redraw() {
        guard terminal.isInteractive, step != nil else { return }
        terminal.noteRaw("\r\u{1B}[K\(line)")
        isLineOpen = true
    }

    private var line: String {
        let tenths = Int64(((MonotonicInstant.now() - started) / .milliseconds(100)).rounded())
        return "\(step?.rawValue ?? "") (\(tenths / 10).\(tenths % 10) s)"
    }
}
