/// Decides what follows from the pair that lies ready to be the next.
struct CertificateRotation: Equatable {
    struct Plan: Equatable {
        let certificateSHA256: String
        let effectiveAtMs: Int64
    }

    enum Step: Equatable {
        /// Everybody has to hear of it.
        case announce
        /// Its time has come.
        case switchOver
        /// It was taken back.
        case withdraw
    }

    private var known: Plan?
    private var isHeld = false

    /// - Parameter found: the plan that lies there now.
    mutating func look(at found: Plan?, nowMs: Int64) -> Step? {
        let before = known
        known = found
        if found != before { isHeld = false }
        guard let found else { return before == nil ? nil : .withdraw }
        if found.effectiveAtMs <= nowMs { return isHeld ? nil : .switchOver }
        return found == before ? nil : .announce
    }

    /// The switch is not possible: not to be tried again until the plan changes, or until ``retry()``.
    mutating func hold() { isHeld = true }

    mutating func retry() { isHeld = false }

    /// The switch is done.
    mutating func finish() { known = nil }
}
