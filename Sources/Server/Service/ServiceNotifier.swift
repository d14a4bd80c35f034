internal import CLinux
internal import EventLoop
internal import Glibc

/// Tells a service manager how we are (sd_notify(3)): datagrams to the socket that it names.
struct ServiceNotifier: Sendable {
    /// Nil: there is no such manager, and nothing is sent.
    let address: String?
    /// How often it wants to hear of us, or it takes us for stuck.
    let watchdog: Duration?

    init(environment: [String: String], pid: Int32 = getpid()) {
        address = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        let isMeant = environment["WATCHDOG_PID"].map { $0 == String(pid) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdog = isMeant && address != nil && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Variables that are for us alone: a child that had them could speak for us.
    static let variables: Set<String> = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
        Handover.variable,
    ]

    func ready(_ status: String) {
        send(["READY=1", "STATUS=\(status)", "MAINPID=\(getpid())"])
    }

    func reloading() {
        send(["RELOADING=1", "MONOTONIC_USEC=\(MonotonicInstant.now().nanoseconds / 1000)"])
    }

    func stopping() { send(["STOPPING=1", "STATUS=Stopping"]) }
    func alive() { send(["WATCHDOG=1"]) }

    private func send(_ lines: [String]) {
        guard let address else { return }
        let text = lines.joined(separator: "\n")
        // A manager that is gone needs no news.
        _ = unsafe sallyport_send_datagram(address, text, text.utf8.count)
    }
}
