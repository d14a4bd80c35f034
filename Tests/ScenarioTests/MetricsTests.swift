import Client
import Foundation
import JSON
import Testing

/// `/metrics`: who may read it, and what is in it.
struct MetricsTests {
    private static let python = PythonEnvironment(
        "metrics-peer", modules: ["prometheus_client"], requirements: ["prometheus_client"])

    private static func gateway(_ more: String = "") throws -> GatewayProcess {
        var configuration = GatewayConfiguration()
        configuration.gateway =
            #"mode: "local", tls: { enabled: true }, auth: { mode: "token", token: "my-token"\#(more) }"#
        configuration.agents = [.running("main")]
        return try GatewayProcess(configuration.text)
    }

    private static func ask(_ gateway: GatewayProcess, _ fields: [String]) throws -> String {
        try gateway.http(
            (["GET /metrics HTTP/1.1", "Connection: close"] + fields + ["", ""]).joined(separator: "\r\n"))
    }

    @Test func onlyTheOwnerReadsThem() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let forwarded = "X-Forwarded-For: 203.0.113.9"
            let cases: [(fields: [String], status: String)] = [
                (["Host: localhost:1"], "200"), (["Host: 127.0.0.1"], "200"), (["Host: [::1]:1"], "200"),
                // A name that another's DNS has led here.
                (["Host: evil.example"], "401"),
                (["Host: localhost", "Origin: https://evil.example"], "403"),
                (["Host: evil.example", "Authorization: Bearer my-token"], "200"),
                (["Host: evil.example", "Authorization: Bearer wrong"], "401"),
                // Not direct, and for nobody known.
                (["Host: localhost", forwarded], "403"),
            ]
            for (fields, status) in cases {
                let answer = try Self.ask(gateway, fields)
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(fields): \(answer.prefix(200))")
                #expect(answer.contains("sallyport_connections{") == (status == "200"), "\(fields)")
            }
            let post = try gateway.http(
                "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            #expect(post.hasPrefix("HTTP/1.1 405 "))
            try gateway.stop()
        }
    }

    @Test func theConfigurationLetsAnybodyReadThem() async throws {
        try await scenario {
            let gateway = try Self.gateway(#" }, metrics: { access: "anybody""#)
            let answer = try Self.ask(gateway, ["Host: evil.example"])
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            #expect(answer.contains("Content-Type: text/plain"))
            try gateway.stop()
        }
    }

    @Test(.enabled(if: python.problem == nil, "no prometheus_client: \(python.problem ?? "")"))
    func aRealParserReadsThem() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let owner = try await gateway.owner()
            let run = try owner.spawn("echo done")
            _ = try owner.result(of: run)
            _ = try gateway.http("GET /none HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            let directory = try TemporaryDirectory()
            var figures: [String: JSON] = [:]
            try eventually("the figures of the last second") {
                let answer = try Self.ask(gateway, ["Host: localhost"])
                let body = answer.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n")
                let file = try directory.write("metrics", body)
                let parsed = try Self.python.run(script: "metrics.py", [file])
                #expect(parsed.code == 0, "\(parsed.errors)")
                let json = try JSONParser.parse(Array(parsed.output.utf8))
                figures = Dictionary(uniqueKeysWithValues: (json.object?.members ?? []).map { ($0.name, $0.value) })
                return figures["sallyport_connections{state=open}"]?.number ?? 0 >= 1
            }
            func value(_ name: String) -> Double { figures[name]?.number ?? -1 }
            #expect(value("sallyport_runs_ended_total{status=ok}") == 1)
            #expect(value("sallyport_spawn_seconds_count") == 1)
            #expect(value("sallyport_spawn_seconds_bucket{le=+Inf}") == 1)
            #expect(value("sallyport_rpc_duration_seconds_count{method=sessions.spawn}") == 1)
            #expect(value("sallyport_rpc_duration_seconds_count{method=run.attach}") == 1)
            #expect(value("sallyport_store_commit_seconds_count") >= 3)
            #expect(value("sallyport_store_commit_failures_total") == 0)
            #expect(figures.keys.contains { $0.hasPrefix("sallyport_admissions_total{outcome=admitted,rule=") })
            #expect(figures.keys.contains { $0.hasPrefix("sallyport_refusals_total{rule=") })
            #expect(value("process_resident_memory_bytes") > 1_000_000)
            #expect(value("sallyport_reactor_lag_seconds{reactor=0,which=last}") >= 0)
            #expect(value("sallyport_tls_handshakes_total") >= 2)
            #expect(value("sallyport_log_lines_dropped_total") == 0)
            owner.close()
            try gateway.stop()
        }
    }

    /// The dashboard and the rules ask for nothing that is not there.
    @Test func theDashboardKnowsItsFigures() async throws {
        try await scenario {
            let gateway = try Self.gateway()
            let figures = try Self.ask(gateway, ["Host: localhost"])
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "deploy/monitoring")
            for name in ["dashboard.json", "alerts.yaml"] {
                let text = try String(contentsOf: root.appending(path: name), encoding: .utf8)
                let names = Set(text.matches(of: /(?:sallyport|process)_[a-z_]+/).map { String($0.output) })
                #expect(names.count >= 5, "\(name)")
                for figure in names {
                    let family = figure.replacing(/_(?:bucket|sum|count)$/, with: "")
                    #expect(
                        figures.contains("# TYPE \(figure) ") || figures.contains("# TYPE \(family) "),
                        "\(name): \(figure)")
                }
                if name.hasSuffix("json") { #expect(throws: Never.self) { try JSONParser.parse(Array(text.utf8)) } }
            }
            try gateway.stop()
        }
    }
}
