/// Why a server's answer does not open a WebSocket.
package enum UpgradeError: Error, Equatable, Sendable {
    case refused(status: Int)
    case missingUpgrade
    case missingConnection
    case wrongAccept
    /// A subprotocol or an extension that was not offered.
    case notOffered(field: String)
}

/// The client's half of the opening handshake (RFC 6455 §4.1).
package enum UpgradeClient {
    /// - Parameters:
    ///   - host: Host and, unless it is the scheme's own, port: `127.0.0.1:18789`, `[::1]:18789`.
    ///   - path: With the query. Octets that may not stand there are percent-encoded; empty becomes `/`.
    ///   - key: The base64 of 16 fresh random bytes.
    package static func request(host: String, path: String, key: String, fields: [HeaderField] = []) -> [UInt8] {
        let encoded = HeadWriter.percentEncoded(path)
        let target = encoded.hasPrefix("/") ? encoded : "/" + encoded
        var writer = HeadWriter(startLine: "GET \(target) HTTP/1.1")
        writer.append("Host", host)
        writer.append("Upgrade", "websocket")
        writer.append("Connection", "Upgrade")
        writer.append("Sec-WebSocket-Key", key)
        writer.append("Sec-WebSocket-Version", "13")
        writer.append(fields)
        return writer.finish()
    }

    /// The key for 16 random bytes.
    package static func key(from nonce: [UInt8]) -> String {
        precondition(nonce.count == 16, "the nonce of an upgrade has 16 bytes")
        return Base64.encode(nonce)
    }

    /// Checks the server's handshake. No subprotocol and no extension is ever offered, so none may come back.
    ///
    /// - Parameter expectedAccept: ``Upgrade/acceptKey(for:sha1:)`` of the key that was sent.
    package static func validate(_ response: ResponseHead, expectedAccept: String) throws(UpgradeError) {
        guard response.status == 101 else { throw .refused(status: response.status) }
        guard response.list("upgrade", contains: "websocket") else { throw .missingUpgrade }
        guard response.list("connection", contains: "upgrade") else { throw .missingConnection }
        guard response.all("sec-websocket-accept") == [expectedAccept] else { throw .wrongAccept }
        for field in ["sec-websocket-protocol", "sec-websocket-extensions"] where response.first(field) != nil {
            throw .notOffered(field: field)
        }
    }
}
