internal import COpenSSL

/// OpenSSL's queue of errors, which belongs to the thread and not to a connection: what one connection leaves in it,
/// `SSL_get_error` would blame on the next.
enum ErrorQueue {
    /// Empties the queue. To be called before every operation on an `SSL`.
    static func clear() {
        // Looking is much cheaper than clearing, and the queue is nearly always empty.
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// Empties the queue and returns what was in it, oldest first.
    static func drain() -> [Entry] {
        var entries: [Entry] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return entries }
            entries.append(Entry(code: code))
        }
    }

    /// Empties the queue and returns the texts, oldest first.
    static func drainReasons() -> [String] {
        drain().map(\.text)
    }

    /// Empties the queue and returns the text of its last entry.
    static func drainLastReason() -> String {
        drain().last?.text ?? "no reason given"
    }

    struct Entry {
        let code: UInt

        /// Whether it is the given `SSL_R_…`.
        func isSSL(_ reason: Int32) -> Bool {
            sallyport_ERR_GET_LIB(code) == ERR_LIB_SSL && sallyport_ERR_GET_REASON(code) == reason
        }

        var text: String {
            guard let reason = unsafe ERR_reason_error_string(code) else {
                return "OpenSSL error \(String(code, radix: 16))"
            }
            return unsafe String(cString: reason)
        }
    }
}
