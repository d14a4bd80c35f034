internal import JSON
internal import Sessions
internal import Store
internal import Trust
internal import Wire

/// A changed configuration, taken up while connections and runs go on.
extension GatewayCore {
    package mutating func reconfigure(_ update: CoreUpdate, nowMs: Int64) -> [Effect] {
        let oldGeneration = settings.policy.secretGeneration
        settings.take(update)
        // What was counted stays counted.
        trust.limiter.settings = update.rateLimit
        cron.settings = update.cron.table
        var operations: [StoreOperation] = []
        var effects: [Effect] = []
        if settings.policy.secretGeneration != oldGeneration {
            effects += endWithOldSecret(nowMs: nowMs, &operations)
        }
        // Limits may leave room for more.
        for requester in Set(table.unendedRuns.map(\.requesterKey)).sorted() {
            effects += launches(of: requester, nowMs: nowMs, &operations)
        }
        let payload = JSONObject([
            ("ts", .integer(nowMs)), ("changedPaths", .array(update.changedPaths.map { .string($0) })),
            ("restartPaths", .array(update.restartPaths.map { .string($0) })),
        ])
        effects.append(event(.configChanged, .object(payload)))
        return [.commit(operations, then: effects, failure: .background)]
    }

    /// Clients on the old secret have to come again; devices with tokens of their own stay.
    private mutating func endWithOldSecret(nowMs: Int64, _ operations: inout [StoreOperation]) -> [Effect] {
        operations.append(.putMeta(secretGenerationRecord))
        var effects = settings.policy.onRotate == .close ? endSharedLines(nowMs: nowMs, &operations) : []
        for id in connections.keys.sorted(by: { $0.serial < $1.serial }) {
            guard let connection = connections[id], !connection.isClosing, connection.admitted.lineage == nil,
                connection.admitted.dependsOnSharedSecret
            else { continue }
            connections[id]?.isClosing = true
            effects.append(.close(id, .authChanged))
        }
        return effects
    }
}
