internal import Files
internal import Glibc

extension TLSError: CustomStringConvertible {
    /// One line for a log or after `error: `, lower case and without a full stop.
    package var description: String {
        switch self {
        case .certificateUnreadable(let reason): "certificate is not readable (\(reason))"
        case .privateKeyUnreadable(let reason): "private key is not readable (\(reason))"
        case .privateKeyEncrypted: "private key is encrypted with a passphrase"
        case .keyMismatch: "private key does not belong to the certificate"
        case .invalidName(let name): "'\(name)' is neither a DNS name nor an IP address"
        case .generationFailed(let reasons): "certificate could not be generated (\(Self.list(reasons)))"
        case .authoritiesUnreadable(let path, let reason): "\(path): no authorities could be read (\(reason))"
        case .contextFailed(let reasons): "TLS could not be set up (\(Self.list(reasons)))"
        case .inFile(let path, let error): "\(path): \(error)"
        case .missingFile(let path): "\(path): file is missing"
        case .halfPair(let missing, let present): "\(missing) is missing although \(present) is there"
        case .filesDoNotMatch(let certificate, let key): "the key in \(key) does not belong to \(certificate)"
        case .file(let error): error.description
        case .pinMismatch(let expected, let actual):
            "peer's certificate has SHA-256 \(actual), expected \(expected.joined(separator: " or "))"
        case .certificateUntrusted(let reason): "peer's certificate is not trusted (\(reason))"
        case .clientCertificateMissing: "client showed no certificate"
        case .clientCertificateRefused(let reason): "server does not take our client certificate (\(reason))"
        case .peerIsPlainHTTP: "peer speaks plain HTTP on a TLS port"
        case .peerIsNotTLS: "peer does not speak TLS"
        case .handshakeFailed(let reasons): "TLS handshake failed (\(Self.list(reasons)))"
        case .closedDuringHandshake: "peer closed the connection during the TLS handshake"
        case .connectionFailed(let reasons): "TLS connection failed (\(Self.list(reasons)))"
        case .connectionLost(let errno): "connection lost: \(Self.text(errno))"
        }
    }

    private static func list(_ reasons: [String]) -> String {
        reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; ")
    }

    /// `strerror_r` fills a buffer of ours, unlike `strerror`, which shares one between threads.
    private static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
