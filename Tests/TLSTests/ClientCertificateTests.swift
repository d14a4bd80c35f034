import COpenSSL
import Foundation
import Testing

@testable import TLS

@Suite("Client certificates", .enabled(if: hasOpenSSL, "openssl(1) is not installed"))
struct ClientCertificateTests {
    let pair: Pair
    let authority: TestAuthority

    init() throws {
        pair = try Pair.make()
        authority = try TestAuthority()
    }

    private func context(_ path: String? = nil) throws -> ServerTLSContext {
        try ServerTLSContext(
            certificatePEM: pair.certificatePEM, privateKeyPEM: pair.privateKeyPEM,
            clientAuthorities: ClientAuthorities(path: path ?? authority.path))
    }

    private func connect(
        _ identity: ClientIdentity?, to context: ServerTLSContext, requires: Bool = true
    ) throws -> (ends: Ends, client: TLSError?, server: TLSError?) {
        let ends = try Ends(trust: .pins(pair.pins()), server: context, identity: identity, requires: requires)
        let errors = try ends.shakeHands()
        return (ends, errors.client, errors.server)
    }

    /// What the client learns when it reads, which with TLS 1.3 is after its handshake.
    private func lesson(_ ends: Ends) -> TLSError? {
        var buffer = [UInt8](repeating: 0, count: 64)
        var span = buffer.mutableSpan
        do throws(TLSError) {
            _ = try ends.client.read(into: &span)
            return nil
        } catch {
            return error
        }
    }

    @Test("one of the authority's is taken, whether there has to be one or not", arguments: [true, false])
    func right(_ requires: Bool) throws {
        let result = try connect(authority.identity("right"), to: context(), requires: requires)
        #expect(result.client == nil && result.server == nil)
        #expect(result.ends.server.peerCertificateInfo?.subject == "CN=right")
        #expect(result.ends.server.peerCertificateInfo?.issuer == "CN=clients")
    }

    @Test("without one the client is refused and told, where there has to be one")
    func none() throws {
        let result = try connect(nil, to: context())
        #expect(result.server == .clientCertificateMissing)
        #expect(lesson(result.ends) == .clientCertificateRefused(reason: "it asks for one"))
        #expect(ERR_peek_error() == 0)
        let optional = try connect(nil, to: context(), requires: false)
        #expect(optional.client == nil && optional.server == nil)
    }

    @Test("a client of TLS 1.2 without one is refused within the handshake")
    func noneWithTLS12() throws {
        let sockets = try SocketPair()
        let server = try TLSConnection(
            accepting: context(), descriptor: sockets.server, requiresClientCertificate: true)
        let client = try RawClient(descriptor: sockets.client, .init(maxVersion: TLS1_2_VERSION))
        let errors = try shakeHands(client: client.handshake, server: server.handshake)
        #expect(errors.server == .clientCertificateMissing)
        #expect(errors.client != nil)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let days: Int
        let usage: String
        let isStranger: Bool
        let server: String
        let client: String
    }

    static let wrongOnes = [
        Wrong(
            testDescription: "expired", days: -1, usage: "clientAuth", isStranger: false,
            server: "certificate has expired", client: "expired"),
        Wrong(
            testDescription: "of another authority", days: 30, usage: "clientAuth", isStranger: true,
            server: "unable to get local issuer certificate", client: "of an unknown authority"),
        Wrong(
            testDescription: "a server's", days: 30, usage: "serverAuth", isStranger: false,
            server: "unsuitable certificate purpose", client: "not made for clients"),
    ]

    @Test("a wrong one is refused even where none is needed, and both sides know why", arguments: wrongOnes)
    func wrong(_ wrong: Wrong) throws {
        let issuer = wrong.isStranger ? try TestAuthority() : authority
        let identity = try issuer.identity("wrong", days: wrong.days, usage: wrong.usage)
        for requires in [true, false] {
            let result = try connect(identity, to: context(), requires: requires)
            #expect(result.server == .certificateUntrusted(reason: wrong.server))
            #expect(lesson(result.ends) == .clientCertificateRefused(reason: wrong.client))
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test(
        "no ticket is given: a resumed session would not be verified again",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func noTickets(_ version: Int32) throws {
        let context = try context()
        func serve(_ session: RawClient.Session?) throws -> (client: RawClient, server: TLSConnection) {
            let sockets = try SocketPair()
            let server = try TLSConnection(accepting: context, descriptor: sockets.server)
            let client = try RawClient(
                descriptor: sockets.client, .init(maxVersion: version, session: session))
            let errors = try shakeHands(client: client.handshake, server: server.handshake)
            #expect(errors.client == nil && errors.server == nil)
            _ = client.read()
            return (client, server)
        }
        let first = try serve(nil)
        let second = try serve(first.client.session)
        #expect(!second.server.isResumed)
    }

    @Test("authorities come from a file, or from the files of a directory")
    func directory() throws {
        let directory = try TemporaryDirectory()
        let other = try TestAuthority()
        _ = try directory.file("a.pem", String(contentsOfFile: authority.path, encoding: .utf8))
        _ = try directory.file("b.crt", String(contentsOfFile: other.path, encoding: .utf8))
        _ = try directory.file("README", "not a certificate")
        let context = try context(directory.path)
        for issuer in [authority, other] {
            let result = try connect(issuer.identity("one"), to: context)
            #expect(result.client == nil && result.server == nil)
        }
    }

    @Test("authorities that cannot be read are refused with the path")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let empty = try directory.file("empty.pem", "")
        for path in ["/nowhere/ca.pem", empty, "/"] {
            let error = #expect(throws: TLSError.self) { try ClientAuthorities(path: path) }
            guard case .authoritiesUnreadable(path, _)? = error else {
                Issue.record("\(path): \(String(describing: error))")
                continue
            }
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test("an identity whose key is another's, or missing, is refused with the file")
    func badIdentity() throws {
        let one = try authority.issue("one")
        let two = try authority.issue("two")
        #expect(throws: TLSError.filesDoNotMatch(certificatePath: one.certificate, keyPath: two.key)) {
            try ClientIdentity(certificatePath: one.certificate, keyPath: two.key)
        }
        #expect(throws: TLSError.self) { try ClientIdentity(certificatePath: one.certificate, keyPath: nil) }
        let both = try authority.directory.file(
            "both.pem",
            String(contentsOfFile: one.certificate, encoding: .utf8) + String(contentsOfFile: one.key, encoding: .utf8))
        _ = try ClientIdentity(certificatePath: both, keyPath: nil)
    }

    @Test("contexts are equivalent when certificate, chain and authorities are")
    func equivalence() throws {
        let plain = try pair.serverContext()
        #expect(plain.isEquivalent(to: try pair.serverContext()))
        #expect(try !plain.isEquivalent(to: context()))
        #expect(try context().isEquivalent(to: context()))
        let other = try TestAuthority()
        #expect(try !context().isEquivalent(to: context(other.path)))
        let longer = try ServerTLSContext(
            certificatePEM: pair.certificatePEM + Pair.make().certificatePEM, privateKeyPEM: pair.privateKeyPEM)
        // The same leaf with an intermediate that was forgotten before is another thing to clients.
        #expect(!plain.isEquivalent(to: longer))
        #expect(try !plain.isEquivalent(to: Pair.make().serverContext()))
    }
}
