/// Which side of the connection we are. A client masks what it sends, a server never does (RFC 6455 §5.1).
package enum Endpoint: Sendable {
    case server
    case client

    var peer: Endpoint { self == .server ? .client : .server }
}
