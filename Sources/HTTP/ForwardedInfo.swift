/// What proxies leave in a request.
package enum ForwardedInfo {
    /// Whether anything says that the request was forwarded: `Forwarded`, `X-Real-IP`, or any name that begins with
    /// `X-Forwarded-`. Such a request is never direct, whoever wrote them.
    package static func hasForwardingHeaders(_ head: RequestHead) -> Bool {
        head.fields.contains { field in
            field.name == "forwarded" || field.name == "x-real-ip" || field.name.hasPrefix("x-forwarded-")
        }
    }
}
