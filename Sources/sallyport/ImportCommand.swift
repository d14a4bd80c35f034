internal import Client
internal import Config
internal import Files
internal import JSON
internal import Server

/// `import`: takes over the devices and the identity of an OpenClaw installation.
enum ImportCommand {
    static let command = Command(
        "import", summary: "Takes over the paired devices and the identity of an OpenClaw state directory.",
        options: [
            .init("from", "DIR", "OpenClaw's state directory, such as ~/.openclaw; it is only read"),
            .init("dry-run", nil, "say what would be done"),
            .init(
                "state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
            .init("json", nil, "print JSON"),
        ],
        notes: [
            "Reads devices/paired.json and identity/device.json. The gateway must not be running. What is here already",
            "stays as it is: a second import changes nothing. Tokens are kept as digests; revoked ones stay revoked.",
            "Exit status 1: something is damaged; it is named, and the rest was taken.",
        ]
    ) { invocation in
        guard let typed = invocation.arguments["from"], !typed.isEmpty else {
            throw CommandFailure.usage("import needs --from DIR", hint: "sallyport import --from ~/.openclaw --dry-run")
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
            guard devices != nil || identity != nil else {
                throw .other(
                    "there is nothing to import in \(from)",
                    hint: "neither devices/paired.json nor identity/device.json is there")
            }
            outcomes = (identity.map { [$0] } ?? []) + (devices ?? [])
        } catch {
            throw CommandFailure(error.message, hint: error.hint, exitCode: error.exitCode)
        }
        report(outcomes, invocation, isDryRun: isDryRun)
        return outcomes.contains(where: \.isDamage) ? 1 : 0
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
