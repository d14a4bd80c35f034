/// A request line and its fields (RFC 9112 §3), checked.
package struct RequestHead: HeaderFields, Equatable, Sendable {
    package enum Body: Equatable, Sendable {
        /// `Content-Length`; 0 without one.
        case length(Int)
        case chunked
    }

    package let method: String
    /// As it stood in the request line.
    package let requestTarget: String
    /// Without the query, and without scheme and authority when the target was in absolute form. `*` for `OPTIONS *`.
    /// Percent-encoding is left as it is.
    package let path: String
    /// What follows the first `?`.
    package let query: String?
    /// The authority of an absolute-form target, else the Host field, as RFC 9112 §3.2.2 wants it. Empty when the client
    /// has no name for us; `nil` in HTTP/1.0 without Host.
    package let host: String?
    /// 1 in HTTP/1.1, 0 in HTTP/1.0.
    package let minorVersion: Int
    package let body: Body
    /// In the order received; names lower-cased.
    package let fields: [HeaderField]

    /// Whether the connection stays open after the response (RFC 9112 §9.3).
    package var keepsAlive: Bool {
        if list("connection", contains: "close") { return false }
        return minorVersion >= 1 || list("connection", contains: "keep-alive")
    }
}
