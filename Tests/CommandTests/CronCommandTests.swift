import JSON
import Testing

/// `sallyport cron` against a gateway.
struct CronCommandTests {
    private static let configuration = """
        {
          gateway: { mode: "local", tls: { enabled: true } },
          agents: { list: [{ id: "main", default: true, exec: { command: ["echo", "done", "{task}"], stdin: "none" } }] },
        }
        """

    @Test func aJobIsAddedShownRunAndRemoved() throws {
        let sandbox = try Sandbox()
        let gateway = try sandbox.startGateway(Self.configuration)
        let added = try sandbox.run(
            "cron", "add", "--name", "report", "--cron", "30 7 * * 1-5", "--tz", "UTC", "--message", "sum up", "--json")
        #expect(added.exitCode == 0, "\(added.errors)")
        let job = try added.json()
        let id = try #require(job["id"]?.string)
        #expect(job["schedule"]?["tz"]?.string == "UTC")
        #expect(job["sessionTarget"]?.string == "isolated")
        let list = try sandbox.run("cron")
        #expect(list.output.contains("30 7 * * 1-5 UTC"), "\(list.output)")
        #expect(list.output.contains("idle"))
        #expect(try sandbox.run("cron", "list", "--json").json()["total"]?.integer == 1)
        #expect(try sandbox.run("cron", "status").output.hasPrefix("enabled, 1 jobs, next at "))
        #expect(try sandbox.run("cron", "run", id, "--due").output == "Not run: not-due\n")
        let run = try sandbox.run("cron", "run", id)
        #expect(run.exitCode == 0)
        #expect(run.output.hasPrefix("Enqueued manual:\(id):"))
        var log = ""
        for _ in 0..<200 where !log.contains("report") { log = try sandbox.run("cron", "runs", id).output }
        #expect(log.contains("done [cron:\(id) report] sum up"), "\(log)")
        #expect(try sandbox.run("cron", "runs", "--json").json()["total"]?.integer == 1)
        #expect(try sandbox.run("cron", "disable", id).output == "Disabled \(id)\n")
        #expect(try sandbox.run("cron", "list", "--json").json()["total"]?.integer == 0)
        #expect(try sandbox.run("cron", "list", "--all").output.contains("disabled"))
        #expect(try sandbox.run("cron", "enable", id).output == "Enabled \(id)\n")
        #expect(try sandbox.run("cron", "show", id).json()["enabled"]?.bool == true)
        #expect(try sandbox.run("cron", "rm", id).output == "Removed \(id)\n")
        #expect(try sandbox.run("cron", "rm", id).exitCode == 1)
        let missing = try sandbox.run("cron", "show", id)
        #expect(missing.exitCode == 1)
        #expect(missing.errors.contains("unknown cron job"), "\(missing.errors)")
        try gateway.stop()
    }

    @Test(arguments: [
        (["--name", "x", "--message", "m"], "cron add needs one of --at, --every and --cron"),
        (
            ["--name", "x", "--at", "1h", "--every", "1h", "--message", "m"],
            "cron add needs one of --at, --every and --cron"
        ),
        (["--name", "x", "--every", "1h"], "cron add needs one of --message and --system-event"),
        (["--every", "1h", "--message", "m"], "cron add needs --name"),
        (["--name", "x", "--every", "soon", "--message", "m"], "--every must be a time such as 90s, 10m, 24h or 7d"),
        (["--name", "x", "--every", "1h", "--tz", "UTC", "--message", "m"], "--tz goes with --cron"),
        (["--name", "x", "--every", "1h", "--message", "m", "--announce", "--no-deliver"], "exclude each other"),
    ])
    func whatIsMissingIsSaid(_ words: [String], message: String) throws {
        let outcome = try Sandbox().run(["cron", "add"] + words)
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
}
