/// A small response whose body is at hand.
package struct Response: Equatable, Sendable {
    /// What becomes of the connection; said in the `Connection` field.
    package enum Persistence: Sendable {
        case close
        case keepAlive
    }

    package var status: Int
    /// Without those that ``serialized(persistence:omitsBody:)`` adds by itself.
    package var fields: [HeaderField]
    package var body: [UInt8]

    package init(status: Int, fields: [HeaderField] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    package init(status: Int, fields: [HeaderField] = [], text: String) {
        self.init(
            status: status, fields: [HeaderField("Content-Type", "text/plain; charset=utf-8")] + fields,
            body: Array(text.utf8))
    }

    /// `json` is encoded already.
    package init(status: Int, fields: [HeaderField] = [], json: [UInt8]) {
        self.init(status: status, fields: [HeaderField("Content-Type", "application/json")] + fields, body: json)
    }

    /// The refusal that belongs to `error`, with its sentence as a text body.
    package init(_ error: HTTPError) {
        self.init(status: error.status, fields: error.fields, text: error.reason + "\n")
    }

    /// The fields of every response we send.
    package static let securityFields = [
        HeaderField("X-Content-Type-Options", "nosniff"),
        HeaderField("Referrer-Policy", "no-referrer"),
        HeaderField("Permissions-Policy", "camera=(), microphone=(self), geolocation=()"),
    ]

    /// The bytes to send, with `Content-Length`, `Connection` and the security fields.
    ///
    /// - Parameter omitsBody: For the answer to HEAD: the head says what a GET would have got, and no body follows.
    package func serialized(persistence: Persistence, omitsBody: Bool = false) -> [UInt8] {
        var writer = HeadWriter(startLine: "HTTP/1.1 \(status) \(Self.reasonPhrase(status))")
        let options = fields.filter { FieldSyntax.lowercased($0.name) == "connection" }.map(\.value)
        writer.append(
            "Connection", ([persistence == .close ? "close" : "keep-alive"] + options).joined(separator: ", "))
        // RFC 9110 §8.6: none of these has a body, and 204 may not even have the field.
        let mayHaveBody = status >= 200 && status != 204 && status != 304
        if mayHaveBody {
            writer.append("Content-Length", String(body.count))
        }
        writer.append(Self.securityFields)
        writer.append(fields.filter { FieldSyntax.lowercased($0.name) != "connection" })
        return writer.finish(body: mayHaveBody && !omitsBody ? body : [])
    }

    private static func reasonPhrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 421: "Misdirected Request"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
