import Foundation
import Testing

@testable import TLS

/// Noon of 1 November 2026, Unix seconds.
let testNow: Int64 = 1_793_534_400

struct Pair: Sendable {
    let certificatePEM: String
    let privateKeyPEM: String

    /// A fresh pair for `localhost` and the loopback addresses, valid at the present time as OpenSSL will look at it.
    static func make(
        dns: [String] = ["localhost"], ip: [String] = ["127.0.0.1", "::1"],
        kind: SelfSignedCertificate.KeyKind = .ecdsaP256, now: Int64 = Int64(Date().timeIntervalSince1970)
    ) throws -> Pair {
        let pair = try SelfSignedCertificate.generate(dnsNames: dns, ipAddresses: ip, now: now, keyKind: kind)
        return Pair(certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM)
    }

    var info: CertificateInfo { get throws { try CertificateInfo(pem: certificatePEM) } }

    func serverContext() throws -> ServerTLSContext {
        try ServerTLSContext(certificatePEM: certificatePEM, privateKeyPEM: privateKeyPEM)
    }
}

/// Two connected stream sockets, both non-blocking.
final class SocketPair {
    let client: Int32
    private(set) var server: Int32

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try #require(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
        (client, server) = (ends[0], ends[1])
    }

    func closeServer() {
        if server >= 0 { close(server) }
        server = -1
    }

    deinit {
        close(client)
        closeServer()
    }
}

/// A directory that goes away with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sallyport-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    func file(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs both handshakes in turns until each is complete or has failed.
///
/// - Returns: The error of each side; `nil` for a complete handshake.
func shakeHands(
    client: () throws(TLSError) -> TLSConnection.Progress, server: () throws(TLSError) -> TLSConnection.Progress
) throws -> (client: TLSError?, server: TLSError?) {
    var errors: (client: TLSError?, server: TLSError?)
    var clientIsDone = false
    var serverIsDone = false
    for _ in 0..<20 where !(clientIsDone && serverIsDone) {
        if !clientIsDone {
            do throws(TLSError) { clientIsDone = try client() == .complete } catch {
                errors.client = error
                clientIsDone = true
            }
        }
        if !serverIsDone {
            do throws(TLSError) { serverIsDone = try server() == .complete } catch {
                errors.server = error
                serverIsDone = true
            }
        }
    }
    try #require(clientIsDone && serverIsDone, "the handshake does not end")
    return errors
}

/// Two ends of one TLS connection in this process.
struct Ends {
    let sockets: SocketPair
    let client: TLSConnection
    let server: TLSConnection

    init(
        trust: ClientTLSContext.Trust, server context: ServerTLSContext, name: String = "localhost",
        identity: ClientIdentity? = nil, requires: Bool = false
    ) throws {
        sockets = try SocketPair()
        client = try TLSConnection(
            connecting: ClientTLSContext(trust: trust, identity: identity), descriptor: sockets.client, serverName: name
        )
        server = try TLSConnection(
            accepting: context, descriptor: sockets.server, requiresClientCertificate: requires)
    }

    /// Ends whose handshake is complete, the client trusting a pin.
    static func connected(_ pair: Pair) throws -> Ends {
        let ends = try Ends(trust: .pins(pair.pins()), server: pair.serverContext())
        let errors = try ends.shakeHands()
        try #require(errors.client == nil && errors.server == nil)
        return ends
    }

    func shakeHands() throws -> (client: TLSError?, server: TLSError?) {
        try TLSTests.shakeHands(client: client.handshake, server: server.handshake)
    }
}

extension Pair {
    func pins() throws -> PinSet {
        PinSet([try #require(CertificatePin(info.certificateSHA256Hex))])
    }
}

extension TLSConnection {
    /// Everything that can be read now, in pieces of at most `size` bytes.
    func readAll(pieces size: Int = 16_384) throws -> (bytes: [UInt8], end: ReadResult) {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: size)
        while true {
            var span = piece.mutableSpan
            let result = try read(into: &span)
            guard case .bytes(let count) = result else { return (bytes, result) }
            bytes += piece.prefix(count)
        }
    }
}

/// What a program has printed, and its exit code.
func run(_ arguments: String..., input: String = "") throws -> (output: String, code: Int32) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stdout
    try process.run()
    stdin.fileHandleForWriting.write(Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let data = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: data, as: UTF8.self), process.terminationStatus)
}

let hasOpenSSL = (try? run("openssl", "version").code) == 0
let hasPython = (try? run("python3", "-c", "import ssl; ssl.VERIFY_X509_PARTIAL_CHAIN").code) == 0
