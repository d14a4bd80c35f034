/// The server's half of the opening handshake (RFC 6455 §4.2).
package enum Upgrade {
    /// Whether the client wants a WebSocket. Whether it asks for it rightly is for ``validate(_:)`` to say.
    package static func isRequested(by head: RequestHead) -> Bool {
        head.list("upgrade", contains: "websocket")
    }

    /// Checks the client's handshake (RFC 6455 §4.2.1).
    ///
    /// - Returns: The `Sec-WebSocket-Key`.
    package static func validate(_ head: RequestHead) throws(HTTPError) -> String {
        guard isRequested(by: head) else { throw .notAnUpgrade }
        guard head.method == "GET" else { throw .upgradeMethod(head.method) }
        guard head.minorVersion >= 1 else { throw .upgradeHTTPVersion }
        guard head.list("connection", contains: "upgrade") else { throw .upgradeWithoutConnection }
        // What follows the head has to be frames for every parser on the way.
        guard head.body == .length(0) else { throw .upgradeWithBody }
        let versions = head.all("sec-websocket-version")
        guard versions.count <= 1 else { throw .duplicateField("sec-websocket-version") }
        guard versions.first == "13" else { throw .unsupportedWebSocketVersion(versions.first) }
        let keys = head.all("sec-websocket-key")
        guard keys.count <= 1 else { throw .duplicateField("sec-websocket-key") }
        guard let key = keys.first, Base64.encodesSixteenBytes(key) else { throw .invalidWebSocketKey }
        return key
    }

    /// The value of `Sec-WebSocket-Accept` (RFC 6455 §4.2.2). This module has no cryptography: SHA-1 comes in.
    package static func acceptKey(for key: String, sha1: ([UInt8]) -> [UInt8]) -> String {
        Base64.encode(sha1(Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// The 101 that ends HTTP on this connection. `fields` are further ones, such as a negotiated extension.
    package static func response(acceptKey: String, fields: [HeaderField] = []) -> [UInt8] {
        var writer = HeadWriter(startLine: "HTTP/1.1 101 Switching Protocols")
        writer.append("Upgrade", "websocket")
        writer.append("Connection", "Upgrade")
        writer.append("Sec-WebSocket-Accept", acceptKey)
        writer.append(fields)
        return writer.finish()
    }
}
