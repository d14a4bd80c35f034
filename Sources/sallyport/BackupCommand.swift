internal import Config
internal import Files
internal import JSON
internal import Server

/// `backup`: a copy of the gateway's state, whether it runs or not.
enum BackupCommand {
    static let command = Command(
        "backup", summary: "Copies the gateway's state into a new directory, whether it runs or not.",
        options: [
            .init("output", "DIR", "where to; must not exist (default: sallyport-backup-<time> here)"),
            .init(
                "state-dir", "DIR", "state directory (default: SALLYPORT_STATE_DIR, OPENCLAW_STATE_DIR, ~/.sallyport)"),
            .init("config", "FILE", "configuration file (default: openclaw.json in the state directory)"),
            .init("json", nil, "print JSON"),
        ],
        notes: [
            "Database, identities, token, generated certificates and configuration, laid out as in the state directory.",
            "Keep it as you keep a private key. To restore: stop the gateway, put the directory in the place of the",
            "state directory, start the gateway. See docs/backup.md.",
        ]
    ) { invocation in
        let locations = try Locations.resolve(invocation)
        let typed = invocation.arguments["output"].flatMap { $0.isEmpty ? nil : $0 }
        let output = Files.absolute(typed ?? "sallyport-backup-\(Self.time(GatewayClock.systemMs() / 1000))")
        let backup: StateBackup
        do throws(StartFailure) {
            backup = try StateBackup(
                of: StateDirectory(locations.stateDirectory), to: output, configurations: locations.files)
        } catch {
            throw CommandFailure(error)
        }
        if invocation.arguments.has("json") {
            let answer = JSONObject([
                ("output", .string(backup.output)), ("files", .array(backup.files.map { .string($0) })),
            ])
            invocation.terminal.print(JSON.object(answer).prettyPrinted())
        } else {
            for file in backup.files { invocation.terminal.print("copied \(file)") }
            invocation.terminal.print("backup \(backup.output)")
        }
        return 0
    }

    /// `20261121T190400Z`
    static func time(_ seconds: Int64) -> String {
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // Years that begin in March, in cycles of 400.
        let shifted = days + 719_468
        let day = shifted % 146_097
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let calendarMonth = month < 10 ? month + 3 : month - 9
        let calendarYear = shifted / 146_097 * 400 + year + (calendarMonth <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(calendarYear)\(two(calendarMonth))\(two(dayOfYear - (153 * month + 2) / 5 + 1))"
            + "T\(two(second / 3600))\(two(second / 60 % 60))\(two(second % 60))Z"
    }
}
