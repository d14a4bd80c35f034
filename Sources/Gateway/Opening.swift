package import Trust
internal import Wire

/// An admitted connection that is to be opened: what its `hello-ok` says besides what is true at that moment.
package struct Opening: Sendable {
    package let connection: ConnectionID
    /// Of the `connect` request, with its quotes.
    let requestID: [UInt8]
    let protocolVersion: Int
    let issued: HelloOK.IssuedToken?
    let resume: ConnectParams.Resume?
}

/// An opened connection, to be told so.
package struct Opened: Sendable {
    package let admitted: Admitted
    /// The response to `connect`.
    package let hello: [UInt8]
    /// Number of the last event that its client has.
    package let seq: Int64
    /// What its client missed, to be sent with the numbers that follow.
    package let missed: [OutboundEvent]
    /// The connection that it goes on with was still there: it is over.
    package let superseded: ConnectionID?
}
