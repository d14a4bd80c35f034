import Crypto
import Foundation
import TLS
import Testing

/// Debian's Chromium, without a head.
struct BrowserTests {
    @Test func chromiumTakesTheCertificateByItsKeyAndOpensAWebSocket() async throws {
        try await scenario {
            guard let chromium = InstalledProgram.path(of: "chromium") else {
                try Test.cancel("chromium is not installed")
            }
            let gateway = try GatewayProcess(
                GatewayConfiguration().text, ["--port", "0", "--echo-path", "/echo"])
            let info = try CertificateInfo(pem: contents(of: gateway.certificatePath))
            let spki = Data(try #require(Hex.decode(info.spkiSHA256Hex))).base64EncodedString()
            let accepted = try Self.page(chromium, gateway, ["--ignore-certificate-errors-spki-list=\(spki)"])
            guard !accepted.contains("<script>") else {
                try gateway.stop()
                try Test.cancel("the page's clock ran ahead of its WebSocket: the machine is too busy")
            }
            #expect(accepted.contains("got hello"), "\(accepted)\n\(gateway.log)")
            // The end may come after the page's time is over.
            #expect(!accepted.contains(" close ") || accepted.contains(" close 1000 true"), "\(accepted)")
            let refused = try Self.page(chromium, gateway, [])
            #expect(!refused.contains("got hello"), "\(refused)")
            try gateway.stop()
        }
    }

    /// The text of a page that opens a WebSocket to the echo and says what became of it.
    private static func page(_ chromium: String, _ gateway: GatewayProcess, _ flags: [String]) throws -> String {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "page.html",
            """
            <!doctype html><body></body><script>
            const socket = new WebSocket("wss://localhost:\(gateway.port)/echo");
            socket.onopen = () => socket.send("hello");
            socket.onmessage = event => { document.body.innerText = "got " + event.data; socket.close(1000); };
            socket.onclose = event => { document.body.innerText += " close " + event.code + " " + event.wasClean; };
            </script>
            """)
        var text = ""
        // The page's clock does not wait for WebSockets, and runs ahead of them on a busy machine.
        for budget in [4_000, 30_000, 120_000] {
            var environment = CommandLineTool.baseEnvironment
            environment["HOME"] = directory.path
            let command =
                [
                    chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
                    "--user-data-dir=\(directory.path)/profile-\(budget)", "--virtual-time-budget=\(budget)",
                ] + flags + ["--dump-dom", "file://" + file]
            let process = try RunningProcess(command, environment: environment, outputs: directory.path)
            _ = try process.wait(within: .seconds(60))
            text = process.standardOutput
            // What is said replaces the script.
            if text.contains(" close "), !text.contains("<script>") { break }
        }
        return text
    }
}
