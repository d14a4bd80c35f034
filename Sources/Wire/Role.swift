/// What a connection is to the gateway. `worker` exists upstream on a path of its own only and is not accepted here.
package enum Role: String, CaseIterable, Sendable {
    case `operator`
    case node
}
