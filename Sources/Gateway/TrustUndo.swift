internal import Trust

/// What a request or an admission changed in memory before its commit. When that fails it is taken back: this alone, and
/// nothing of what others have changed since.
package struct TrustUndo: Equatable, Sendable {
    package struct Use: Equatable, Sendable {
        let invitation: [UInt8]
        let deviceID: String
    }

    /// Under which the changes of `devices` were made.
    let change: ChangeID
    var devices: Set<String> = []
    /// Pairing requests that were taken out.
    var pending: [PendingPairing] = []
    /// Uses of invitations.
    var uses: [Use] = []
    /// The id of an invitation that was made.
    var invitation: String?
    /// Runs that were presented for the first time, root first.
    var runs: [String] = []

    init(change: ChangeID) {
        self.change = change
    }
}
