/// Everything live that the gateway needs at its start.
package struct StoreSnapshot: Equatable, Sendable {
    /// As selected, and not archived.
    package var sessions: [SessionRecord] = []
    /// Not ended.
    package var runs: [RunRecord] = []
    /// Ended within the last hour, or with a result that is not acknowledged.
    package var endedRuns: [RunRecord] = []
    /// Live ones, and those whose tombstone has not expired.
    package var grants: [GrantRecord] = []
    /// Those of the ended runs.
    package var devices: [DeviceRecord] = []
    /// Revoked ones included.
    package var deviceTokens: [DeviceTokenRecord] = []
    /// Not expired.
    package var pendingPairings: [PendingPairingRecord] = []
    /// Not expired.
    package var invitations: [InvitationRecord] = []
    /// Not expired.
    package var idempotency: [IdempotencyRecord] = []
    package var revocations: [RevocationRecord] = []
    package var cronJobs: [CronJobRecord] = []
    /// Not ended.
    package var cronRuns: [CronRunRecord] = []
    package var meta: [MetaRecord] = []

    package init() {}
}

/// Which sessions to load at the start. The others can be read one by one or by pages when they are asked for.
package enum SessionSelection: Equatable, Sendable {
    case notArchived
    /// Only those that an unended run, a live grant or a waiting result refers to: a start that takes no longer for
    /// 100,000 kept sessions.
    case active
}
