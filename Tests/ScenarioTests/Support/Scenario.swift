import Foundation

/// Runs a scenario, which may wait for sockets and processes as it likes.
///
/// Scenarios start gateways and workers, so only a few run at a time: what is measured against deadlines is then the
/// product and not the queue for the processor.
func scenario(_ body: () async throws -> Void) async throws {
    await ScenarioGate.shared.enter()
    do {
        try await onThread(body)
    } catch {
        await ScenarioGate.shared.leave()
        throw error
    }
    await ScenarioGate.shared.leave()
}

private actor ScenarioGate {
    static let shared = ScenarioGate(width: max(4, 2 * ProcessInfo.processInfo.activeProcessorCount))

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(width: Int) {
        free = width
        // A peer that closes first must not end the whole test process.
        _ = signal(SIGPIPE, SIG_IGN)
    }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
