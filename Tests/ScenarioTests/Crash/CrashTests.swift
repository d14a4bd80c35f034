import Client
import Foundation
import JSON
import Store
import Testing

/// The gateway is killed at random points under load, again and again, and looked at from outside afterwards.
///
/// `SALLYPORT_CRASH_KILLS=300` (`make crash KILLS=300`) kills more often, `SALLYPORT_CRASH_SEED` repeats the moments.
struct CrashTests {
    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment["SALLYPORT_CRASH_\(name)"].flatMap { Int($0) }
    }

    @Test func nothingAcknowledgedIsLostOrDoubledHoweverOftenTheGatewayIsKilled() async throws {
        let kills = Self.number("KILLS") ?? 40
        let seed = Self.number("SEED").map(UInt64.init) ?? UInt64.random(in: 1...1_000_000)
        try await scenario {
            var configuration = GatewayConfiguration()
            configuration.gateway += ", nodes: { pairing: { autoApproveLocal: false } }"
            configuration.subagents =
                #"allowAgents: ["*"], maxChildrenPerAgent: 1000, maxConcurrent: 4, spawnTimeoutMs: 1500, workerGraceMs: 1500"#
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text)
            let ledger = CrashLedger()
            let hasCron = try await supports("cron.add", gateway)
            let kinds: [CrashLedger.Effect.Kind] =
                [.approval, .approval, .spawn, .spawn, .message, .message] + (hasCron ? [.cronJob] : [])
            let done = DispatchGroup()
            for (number, kind) in kinds.enumerated() {
                let client = CrashClient(kind: kind, number: number, ledger: ledger)
                let thread = Thread {
                    client.run()
                    done.leave()
                }
                done.enter()
                thread.start()
            }
            var moments = SeededGenerator(seed: seed)
            for _ in 0..<kills {
                ledger.options = gateway.options(scopes: ["operator.admin", "operator.pairing"])
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...350, using: &moments)))
                try gateway.kill()
                ledger.options = nil
                try gateway.start()
            }
            // What is under way is asked to its end, then looked at.
            ledger.options = gateway.options(scopes: ["operator.admin", "operator.pairing"])
            try await Task.sleep(for: .milliseconds(500))
            ledger.end()
            #expect(done.wait(timeout: .now() + 60) == .success, "a client does not end:\n\(ledger.refusals)")

            let findings = try await look(at: gateway, ledger)
            let acknowledged = ledger.acknowledged
            let counts = CrashLedger.Effect.Kind.allCases.map { kind in
                "\(kind.rawValue)=\(acknowledged.keys.count { $0.kind == kind })"
            }
            print(
                "crash: kills=\(kills) acknowledged=\(acknowledged.count) (\(counts.joined(separator: " "))) "
                    + "lost=\(findings.lost.count) doubled=\(findings.doubled.count) "
                    + "stuck=\(findings.stuck.count) forgotten=\(findings.forgotten.count) seed=\(seed)")
            for kind in Set(kinds) { #expect(acknowledged.keys.contains { $0.kind == kind }, "no \(kind)") }
            #expect(findings.lost == [], "seed \(seed)")
            #expect(findings.doubled == [], "seed \(seed)")
            #expect(findings.stuck == [], "seed \(seed)")

            // The last end is a kill too: what it leaves is a whole database without a run that goes on.
            try gateway.kill()
            gateway.killWorkers()
            let store = try SQLiteStore(path: gateway.state.path + "/state/sallyport.sqlite")
            defer { store.close() }
            #expect(try store.load().runs.map(\.runId) == [])
            for run in findings.forgotten {
                #expect(try store.run(runId: run)?.endedAtMs != nil, "\(run) has no end, seed \(seed)")
            }
            // A gateway remembers as many ended turns as these.
            let messages = acknowledged.keys.count { $0.kind == .message }
            #expect(findings.forgotten.count <= max(0, messages - 1000), "seed \(seed)")
        }
    }

    private struct Findings {
        var lost: [String] = []
        var doubled: [String] = []
        var stuck: [String] = []
        /// Turns that ended too long ago to be asked for; the store still knows how.
        var forgotten: [String] = []
    }

    private func isForgotten(_ error: ClientError, _ effect: CrashLedger.Effect) -> Bool {
        effect.kind == .message && error.body?.detailsCode == "RUN_NOT_FOUND"
    }

    private func supports(_ method: String, _ gateway: GatewayProcess) async throws -> Bool {
        let owner = try await gateway.owner()
        defer { owner.close() }
        do throws(ClientError) {
            _ = try owner.request(method, [:])
            return true
        } catch {
            return error.body?.message.hasPrefix("unknown method") != true
        }
    }

    private func look(at gateway: GatewayProcess, _ ledger: CrashLedger) async throws -> Findings {
        let owner = try await gateway.owner()
        defer { owner.close() }
        var findings = Findings()
        findings.doubled = ledger.conflicts
        let acknowledged = ledger.acknowledged
        func known(_ kind: CrashLedger.Effect.Kind) -> [(CrashLedger.Effect, CrashLedger.Acknowledgement)] {
            acknowledged.filter { $0.key.kind == kind }.sorted { $0.key.name < $1.key.name }
        }

        let paired = try owner.request("device.pair.list", [:])["paired"]?.array ?? []
        let devices = Set(paired.compactMap { $0["deviceId"]?.string })
        findings.lost += known(.approval).filter { !devices.contains($0.1.id) }.map(\.0.name)
        if devices.count != paired.count { findings.doubled.append("devices") }

        for (effect, run) in known(.spawn) + known(.message) {
            do {
                let answer = try owner.outcome(
                    of: .init(sessionKey: run.sessionKey, runID: run.id), within: .seconds(120))
                let text = answer["result"]?["text"]?.string
                if answer["status"]?.string == "ok", text != "\(effect.name)\n" {
                    findings.lost.append("result of \(effect.name): \(answer)")
                }
            } catch let error as ClientError where isForgotten(error, effect) {
                findings.forgotten.append(run.id)
            } catch let error as Unexpected {
                findings.stuck.append("\(error)")
            } catch {
                findings.lost.append("run of \(effect.name): \(error)")
            }
        }

        let rows = try all("sessions", of: "sessions.list", [("limit", 500)], owner)
        for row in rows where row["hasActiveRun"]?.bool == true || row["status"]?.string == "running" {
            findings.stuck.append("session \(row["key"] ?? .null)")
        }
        let labels = Dictionary(grouping: rows.compactMap { $0["label"]?.string }) { $0 }
        for effect in ledger.asked where effect.kind == .spawn {
            if labels[effect.name, default: []].count > 1 { findings.doubled.append(effect.name) }
        }
        findings.lost += known(.spawn).filter { labels[$0.0.name] == nil }.map(\.0.name)

        try lookAtMessages(owner, ledger, &findings)
        if !known(.cronJob).isEmpty {
            let jobs = try all("jobs", of: "cron.list", [("includeDisabled", true), ("limit", 200)], owner)
            let names = Dictionary(grouping: jobs.compactMap { $0["name"]?.string }) { $0 }
            findings.lost += known(.cronJob).filter { names[$0.0.name] == nil }.map(\.0.name)
            findings.doubled += names.filter { $0.value.count > 1 }.map(\.key)
        }
        return findings
    }

    /// What a method lists, page after page.
    private func all(
        _ name: String, of method: String, _ params: [(String, JSON)], _ owner: GatewayClient
    ) throws -> [JSON] {
        var rows: [JSON] = []
        while true {
            let page = try owner.request(
                method, .object(JSONObject(params + [("offset", .integer(Int64(rows.count)))])))
            let more = page[name]?.array ?? []
            rows += more
            if more.isEmpty || page["hasMore"]?.bool != true { return rows }
        }
    }

    /// Each message stands in its transcript once, numbers ascend, and no message id comes twice.
    private func lookAtMessages(_ owner: GatewayClient, _ ledger: CrashLedger, _ findings: inout Findings) throws {
        let acknowledged = ledger.acknowledged
        let messages = ledger.asked.filter { $0.kind == .message }
        for key in Set(messages.map(\.sessionKey)).sorted() {
            let asked = messages.filter { $0.sessionKey == key }
            // Of one that was never acknowledged, the session need not be there.
            guard let page = try? owner.request("chat.history", ["sessionKey": .string(key), "limit": 1000]) else {
                findings.lost += asked.filter { acknowledged[$0] != nil }.map(\.name)
                continue
            }
            let rows = page["messages"]?.array ?? []
            let seqs = rows.compactMap { $0["__openclaw"]?["seq"]?.integer }
            let ids = rows.compactMap { $0["__openclaw"]?["id"]?.string }
            if Set(seqs).count != seqs.count || Set(ids).count != ids.count || seqs != seqs.sorted() {
                findings.doubled.append("rows of \(key): \(seqs)")
            }
            let said = rows.filter { $0["role"]?.string == "user" }.map { row -> String in
                row["content"]?.string ?? row["content"]?[0]?["text"]?.string ?? ""
            }
            for effect in asked {
                let count = said.count { $0 == "echo \(effect.name)" }
                if count > 1 { findings.doubled.append(effect.name) }
                if count == 0, acknowledged[effect] != nil { findings.lost.append(effect.name) }
            }
        }
    }
}
