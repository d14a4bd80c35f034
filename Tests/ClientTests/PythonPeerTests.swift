import Foundation
import JSON
import TLS
import Testing

@testable import Client

/// The `websockets` library for Python as an independent server. `SALLYPORT_WEBSOCKETS_PYTHON` names an interpreter
/// that has it; otherwise `python3` is tried.
@Suite("Gateway client against Python websockets")
struct PythonPeerTests {
    static let interpreter: String? = {
        let named = ProcessInfo.processInfo.environment["SALLYPORT_WEBSOCKETS_PYTHON"]
        return [named, "/usr/bin/python3"].compactMap(\.self).first { path in
            (try? run(path, ["-c", "import websockets.sync.server"]).status) == 0
        }
    }()

    private static let server = #"""
        import json, ssl, sys
        from websockets.sync.server import serve
        def handler(ws):
            challenge = {"nonce": "n-1", "ts": 1786000000000}
            ws.send(json.dumps({"type": "event", "event": "connect.challenge", "payload": challenge}))
            connect = json.loads(ws.recv())
            assert connect["method"] == "connect" and connect["params"]["device"]["nonce"] == "n-1"
            hello = {"type": "hello-ok", "protocol": 4, "policy": {"maxPayload": 26214400}}
            ws.send(json.dumps({"type": "res", "id": connect["id"], "ok": True, "payload": hello}))
            ws.ping(b"are you there").wait(10)
            while True:
                request = json.loads(ws.recv())
                if request["method"] == "bye":
                    ws.close(1012, "service restart")
                    return
                # In fragments, which the client has to put together again.
                answer = json.dumps({"type": "res", "id": request["id"], "ok": True, "payload": request["params"]})
                ws.send([answer[:7], answer[7:]])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        with serve(handler, "127.0.0.1", 0, ssl=context, max_size=2**25) as server:
            print(server.socket.getsockname()[1], flush=True)
            server.serve_forever()
        """#

    @Test(
        "connects over TLS, answers pings, assembles fragments and hears the close",
        .enabled(if: PythonPeerTests.interpreter != nil, "no Python with the websockets package"))
    func conversation() throws {
        let interpreter = try #require(Self.interpreter)
        let directory = FileManager.default.temporaryDirectory.appending(path: "sallyport-\(UUID().uuidString)")
        let certificate = directory.appending(path: "cert.pem").path
        let key = directory.appending(path: "key.pem").path
        try PrivateFile.create(certificate, containing: Array(TestGateway.certificate.certificatePEM.utf8))
        try PrivateFile.create(key, containing: Array(TestGateway.certificate.privateKeyPEM.utf8))
        defer { try? FileManager.default.removeItem(at: directory) }

        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: interpreter)
        process.arguments = ["-c", Self.server, certificate, key]
        process.standardOutput = output
        try process.run()
        defer {
            // The threads that run tests block SIGTERM, and children inherit that.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(UInt16(line.trimmingCharacters(in: .whitespacesAndNewlines)))

        var options = ConnectOptions(url: "wss://127.0.0.1:\(port)/gateway")
        options.trust = .authorities(path: certificate)
        options.device = try DeviceKey(seed: Array(repeating: 5, count: 32))
        let client = try GatewayClient.connect(options)
        for size in [1, 125, 126, 65_535, 65_536, 300_000] {
            let text = JSON.string(String(repeating: "é", count: size))
            #expect(try client.request("echo", text, timeout: .seconds(10)) == text)
        }
        #expect(throws: ClientError.closed(code: 1012, reason: "service restart")) {
            _ = try client.request("bye", timeout: .seconds(10))
        }
        client.close()
    }

    private static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try output.fileHandleForReading.readToEnd() ?? Data())
    }
}
