import CNamespaces
import Foundation

/// Runs `body` for another user, on a thread of its own that stays that user's. To the kernel a socket is that of the
/// thread which connects it.
func asUser<Value>(_ userID: UInt32, _ body: () async throws -> Value) async throws -> Value {
    try await onThread(setUp: {
        // Without this the body would meet the gateway as its owner; nothing could be learnt from it.
        precondition(sallyport_become_user(userID) == 0, "cannot act for user \(userID)")
    }) {
        try await body()
    }
}
