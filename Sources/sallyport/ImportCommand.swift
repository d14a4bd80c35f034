internal import Client
internal import Config
internal import Files
internal import JSON
internal import Server

/// `import`: takes over the devices, the identity and the conversations of an OpenClaw installation.
enum ImportCommand {
    static let command = Command(
        "import", summary: "Takes over paired devices, identity and conversations of an OpenClaw state directory.",
        options: [
            .init("from", "DIR", "OpenClaw's state directory, such as ~/.openclaw; it is only read"),
            .init("dry-run", nil, "say what would be done"),
            .init(
                "state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
            .init("json", nil, "print JSON"),
        ],
        notes: [
            "Reads devices/paired.json, identity/device.json, agents/*/sessions/sessions.json and the transcripts beside it.",
            "The gateway must not be running. What is here already stays as it is: a second import changes nothing.",
            "Tokens are kept as digests; revoked ones stay revoked. Of transcripts, messages are taken. Jobs of",
            "cron/jobs.json run from the next start on: remove them there, or both gateways will run them.",
            "Exit status 1: something is damaged; it is named, and the rest was taken.",
        ]
    ) { invocation in
        guard let typed = invocation.arguments["from"], !typed.isEmpty else {
            throw CommandFailure(
                .missingOption, "import needs --from DIR", hint: "sallyport import --from ~/.openclaw --dry-run")
        }
        let from = Files.absolute(typed)
        let state = StateDirectory(try Locations.resolve(invocation).stateDirectory)
        let isDryRun = invocation.arguments.has("dry-run")
        let source = StateDirectory(from)
        let paired = from + "/devices/paired.json"
        var outcomes: [StateImport.Outcome] = []
        do throws(StartFailure) {
            let work = try StateImport(into: state, isDryRun: isDryRun)
            let devices = try work.importDevices(paired, nowMs: GatewayClock.systemMs())
            let identity = importIdentity(source.deviceIdentity, into: state.deviceIdentity, isDryRun: isDryRun)
            let sessions = try work.importSessions(
                from + "/agents", mainKey: mainKey(invocation), nowMs: GatewayClock.systemMs())
            let jobs = try work.importCronJobs(from + "/cron/jobs.json", nowMs: GatewayClock.systemMs())
            guard devices != nil || identity != nil || sessions != nil || jobs != nil else {
                throw StartFailure(
                    .importSource,
                    "there is nothing to import in \(from)",
                    hint:
                        "no devices/paired.json, identity/device.json, agents/*/sessions/sessions.json, cron/jobs.json")
            }
            outcomes = (identity.map { [$0] } ?? []) + (devices ?? []) + (sessions ?? []) + (jobs ?? [])
        } catch {
            throw CommandFailure(error)
        }
        report(outcomes, invocation, isDryRun: isDryRun)
        return outcomes.contains(where: \.isDamage) ? 1 : 0
    }

    /// As the gateway that will use them is configured; a configuration that cannot be read is its own problem.
    private static func mainKey(_ invocation: Invocation) -> String {
        let locations = try? Locations.resolve(invocation)
        let loaded = locations.map { ConfigFiles.load($0, environment: invocation.environment).configuration }
        return (loaded ?? nil)?.session.mainKey ?? "main"
    }

    /// - Returns: nil when there is none to import.
    private static func importIdentity(_ path: String, into own: String, isDryRun: Bool) -> StateImport.Outcome? {
        let what = "the identity of this machine's command line"
        let found: DeviceKey?
        do throws(DeviceKeyFileError) {
            found = try DeviceKeyFile.load(path)
        } catch {
            return .init(.skipped, what, error.description, isDamage: true)
        }
        guard let key = found else { return nil }
        do throws(DeviceKeyFileError) {
            guard let present = try DeviceKeyFile.load(own) else {
                let kept = isDryRun ? key : try DeviceKeyFile.create(own, key)
                guard kept.deviceId == key.deviceId else { return another(what, kept) }
                return .init(.imported, "\(what), \(key.deviceId)")
            }
            guard present.deviceId == key.deviceId else { return another(what, present) }
            return .init(.unchanged, "\(what), \(key.deviceId)", "is the same here")
        } catch {
            return .init(
                .skipped, what, "ours cannot be used and was left alone: \(error.description)", isDamage: true)
        }
    }

    private static func another(_ what: String, _ present: DeviceKey) -> StateImport.Outcome {
        .init(.skipped, what, "there is another one here, \(present.deviceId), which may be paired; it stays")
    }

    // MARK: - Report

    private static func report(_ outcomes: [StateImport.Outcome], _ invocation: Invocation, isDryRun: Bool) {
        let terminal = invocation.terminal
        guard !invocation.arguments.has("json") else {
            let rows = outcomes.map { outcome in
                var row = JSONObject([
                    ("outcome", .string(outcome.kind.rawValue)), ("what", .string(outcome.what)),
                    ("damaged", .bool(outcome.isDamage)),
                ])
                row["why"] = outcome.why.map { .string($0) }
                return JSON.object(row)
            }
            let answer = JSONObject([("dryRun", .bool(isDryRun)), ("outcomes", .array(rows))])
            terminal.print(JSON.object(answer).prettyPrinted())
            return
        }
        for outcome in outcomes {
            let word =
                switch outcome.kind {
                case .imported: isDryRun ? "would import" : "imported"
                case .unchanged: "unchanged"
                case .noted: "note"
                case .skipped: outcome.isDamage ? "damaged, skipped" : "skipped"
                }
            terminal.print("\(word): \(printable(outcome.what))\(outcome.why.map { ": " + printable($0) } ?? "")")
        }
        let counts = [
            (isDryRun ? "to import" : "imported", outcomes.count { $0.kind == .imported }),
            ("unchanged", outcomes.count { $0.kind == .unchanged }),
            ("skipped", outcomes.count { $0.kind == .skipped && !$0.isDamage }),
            ("damaged", outcomes.count { $0.kind == .skipped && $0.isDamage }),
        ]
        terminal.print(counts.map { "\($0.1) \($0.0)" }.joined(separator: ", "))
    }

    /// Names come from a file that others wrote; control characters would reach the terminal.
    private static func printable(_ text: String) -> String {
        let limit = 400
        let safe = String(
            String.UnicodeScalarView(text.unicodeScalars.prefix(limit).map { $0.properties.isPrintable ? $0 : "?" }))
        return text.unicodeScalars.count > limit ? safe + "…" : safe
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
