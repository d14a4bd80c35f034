import Client
import Files
import Foundation
import JSON
import TLS
import Testing

/// The certificate is replaced while the gateway runs.
struct CertificateReloadTests {
    private static func replacement() throws -> (certificatePEM: String, privateKeyPEM: String) {
        try SelfSignedCertificate.generate(
            dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], now: Int64(Date().timeIntervalSince1970))
    }

    private static func install(_ certificate: String, _ key: String, in gateway: GatewayProcess) throws {
        try Files.writeAtomically(gateway.state.path + "/gateway/tls/gateway-key.pem", Array(key.utf8))
        try Files.writeAtomically(gateway.certificatePath, Array(certificate.utf8))
    }

    @Test func newConnectionsGetTheNewPairAndRunningWorkersFindBack() async throws {
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text)
            let directory = try TemporaryDirectory()
            let owner = try await gateway.owner()
            let run = try owner.spawn(
                "echo before; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done; echo after")
            try owner.waitUntilRunning(run)
            let pair = try Self.replacement()
            let pin = try CertificateInfo(pem: pair.certificatePEM).certificateSHA256Hex
            try Self.install(pair.certificatePEM, pair.privateKeyPEM, in: gateway)
            _ = try gateway.waitForLog("new connections get certificate sha256:\(pin)")
            // The connection from before is still there, and a new one sees the new certificate.
            #expect(try owner.session(run.sessionKey)?["hasActiveRun"]?.bool == true)
            let served = try gateway.cli.run("tls", "fingerprint", "--url", gateway.url(), "--tls-fingerprint", pin)
            #expect(served.exitCode == 0, "\(served)")
            _ = try directory.write("go", "")
            #expect(try owner.result(of: run)["text"]?.string == "before\nafter\n")
            owner.close()
            try gateway.stop()
        }
    }

    @Test func aBadReplacementKeepsTheOldPairAndSaysSo() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let pin = try #require(gateway.pin)
            let other = try Self.replacement()
            // Half of another pair: they do not belong together.
            try Files.writeAtomically(gateway.certificatePath, Array(other.certificatePEM.utf8))
            #expect(kill(gateway.pid, SIGHUP) == 0)
            let log = try gateway.waitForLog("SIGHUP: keeping the old certificate sha256:\(pin)")
            #expect(log.contains("gateway-key.pem"))
            #expect(log.contains("(rule=certificate-unusable)"), "\(log)")
            let served = try gateway.cli.run("tls", "fingerprint", "--url", gateway.url(), "--tls-fingerprint", pin)
            #expect(served.exitCode == 0, "\(served)")
            try gateway.stop()
        }
    }

    @Test func aChainThatIsCompletedIsTakenUpAlthoughTheCertificateIsTheSame() async throws {
        try await scenario {
            let gateway = try GatewayProcess(GatewayConfiguration().text)
            let pin = try #require(gateway.pin)
            let present = contents(of: gateway.certificatePath)
            // Any second certificate does for an issuer here: pins look at the first.
            try Files.writeAtomically(
                gateway.certificatePath, Array((present + Self.replacement().certificatePEM).utf8))
            _ = try gateway.waitForLog("the files changed: new connections get certificate sha256:\(pin)")
            #expect(kill(gateway.pid, SIGHUP) == 0)
            _ = try gateway.waitForLog("SIGHUP: the certificate is the same")
            let served = try gateway.cli.run("tls", "fingerprint", "--url", gateway.url(), "--tls-fingerprint", pin)
            #expect(served.exitCode == 0, "\(served)")
            try gateway.stop()
        }
    }

    @Test func authoritiesThatCannotBeReadKeepTheOldOnesAndStopAStart() async throws {
        try await scenario {
            let directory = try TemporaryDirectory()
            let authorities = try directory.write("clients.pem", Self.replacement().certificatePEM)
            var configuration = GatewayConfiguration()
            configuration.gateway = configuration.gateway.replacing(
                "tls: { enabled: true }", with: "tls: { enabled: true, caPath: \"\(authorities)\" }")
            let gateway = try GatewayProcess(configuration.text)
            _ = try directory.write("clients.pem", "nonsense")
            let line = try gateway.waitForLog("the files changed: keeping the old certificate", authorities)
            #expect(line.contains("gateway.tls.caPath names the authorities of client certificates"), "\(line)")
            let owner = try await gateway.owner()
            owner.close()
            try gateway.stop()
            let start = try gateway.cli.run("gateway", "run", "--port", "0")
            #expect(start.exitCode == 78 && start.errors.contains("\(authorities): no authorities could be read"))
            #expect(
                start.errors.contains("  rule=client-authorities\n  hint: gateway.tls.caPath names"), "\(start.errors)")
        }
    }
}
