import Config
import Files
import Gateway
import JSON
import Testing

@testable import Server

struct LoggerTests {
    static let treacherous: [(String, String)] = [
        ("a\nb", #"a\xab"#), ("a\r\n[gateway] INFO", #"a\xd\xa[gateway] INFO"#), ("\u{1B}[31m", #"\x1b[31m"#),
        ("\0", #"\x0"#), ("\u{7F}", #"\x7f"#), ("\u{9B}31m", #"\x9b31m"#), ("\u{85}", #"\x85"#),
        ("\u{2028}", #"\u2028"#), ("\u{202E}gpj", #"\u202egpj"#), ("\u{2066}", #"\u2066"#), ("\u{FEFF}", #"\ufeff"#),
        ("\u{200B}", #"\u200b"#), ("\u{E0041}", #"\ue0041"#),
        ("ä €😀 tab is no text\t", #"ä €😀 tab is no text\x9"#),
    ]

    @Test(arguments: treacherous) func whatATerminalCouldObeyIsShownInstead(text: String, shown: String) {
        let line = LogFormat.text(LogLine(.warn, "http", text), .pretty, atMs: 0)
        #expect(line.hasPrefix("[http] WARN ["))
        #expect(line.hasSuffix("] \(shown)\n"))
    }
}

/// Structured lines, levels, files, and what must not stand in any of them.
struct LogStyleTests {
    private static let line = LogLine(
        .warn, "ws", "said \"no\"\n=x", kind: .init(rule: "pairing", client: "192.0.2.1"),
        ids: [.run: "r1", .connection: "c 1"])

    @Test func aLineOfJSONIsAnObject() throws {
        let text = LogFormat.text(Self.line, .json, atMs: 1_764_000_000_123)
        #expect(text.hasSuffix("}\n"))
        let json = try JSONParser.parse(Array(text.utf8))
        #expect(json["ts"]?.string == "2025-11-24T16:00:00.123Z")
        #expect(json["level"]?.string == "warn")
        #expect(json["subsystem"]?.string == "ws")
        #expect(json["msg"]?.string == #"said "no"\xa=x"#)
        #expect(json["connection"]?.string == "c 1")
        #expect(json["run"]?.string == "r1")
        #expect(json["rule"]?.string == "pairing")
    }

    @Test func logfmtQuotesWhatNeedsIt() {
        #expect(
            LogFormat.text(Self.line, .logfmt, atMs: 1_764_000_000_123)
                == #"ts=2025-11-24T16:00:00.123Z level=warn subsystem=ws msg="said \"no\"\\xa=x" connection="c 1" run=r1 "#
                + "rule=pairing\n")
    }

    @Test func aSecretIsTakenOut() {
        var redactor = LogRedactor()
        redactor.hide(Secret("hunter2hunter2"))
        redactor.hide(Secret("short"))
        #expect(redactor.redacted("token hunter2hunter2, and short") == "token [redacted], and short")
        #expect("\(Secret("hunter2hunter2"))" == "***")
    }

    @Test func whatRepeatsItselfIsCounted() {
        var filter = RepeatFilter()
        let (one, other) = (LogLine(.error, "store", "disk full"), LogLine(.info, "gateway", "hello"))
        for _ in 0..<RepeatFilter.maxInARow { #expect(filter.admit(one, atMs: 0) == [one]) }
        for _ in 0..<7 { #expect(filter.admit(one, atMs: 10) == []) }
        #expect(filter.admit(other, atMs: 20) == [LogLine(.error, "store", "the same 7 times more: disk full"), other])
        #expect(filter.end() == [])
        #expect(filter.admit(one, atMs: 30) == [one])
        // Another minute.
        #expect(filter.admit(one, atMs: 30 + RepeatFilter.windowMs) == [one])
    }

    @Test func aFileGetsWhatItsLevelsAllow() throws {
        let directory = "/tmp/sallyport-log-\(UInt64.random(in: 0...UInt64.max))"
        defer { Files.removeTree(directory) }
        var settings = LoggingSettings()
        settings.consoleLevel = .silent
        settings.file = directory + "/gateway.log"
        settings.level = .info
        settings.subsystems = ["agent": .warn, "ws": .debug]
        let logger = try Logger(settings)
        logger.hide(Secret("hunter2hunter2"))
        logger.log(.debug, "gateway", "too fine")
        logger.log(.info, "gateway", "kept, without hunter2hunter2")
        logger.log(.info, "agent/sessions-spawn", "less than its family says")
        logger.log(.warn, "agent/sessions-spawn", "kept, too")
        logger.log(.debug, "ws", "fine, and wanted")
        logger.close()
        let text = String(decoding: try Files.read(directory + "/gateway.log"), as: UTF8.self)
        let messages = try text.split(separator: "\n").map { try JSONParser.parse(Array($0.utf8))["msg"]?.string }
        #expect(messages == ["kept, without [redacted]", "kept, too", "fine, and wanted"])
    }

    @Test func aFullFileIsSetAside() throws {
        let directory = "/tmp/sallyport-log-\(UInt64.random(in: 0...UInt64.max))"
        defer { Files.removeTree(directory) }
        var file = try RotatingFile(directory + "/log", maxBytes: 10, maxFiles: 2)
        for number in 0..<5 { try file.append(Array("line \(number)\n".utf8)) }
        #expect(Files.names(in: directory).sorted() == ["log", "log.1", "log.2"])
        #expect(try Files.read(directory + "/log.2") == Array("line 2\n".utf8))
        #expect(try Files.read(directory + "/log") == Array("line 4\n".utf8))
        // Somebody else has moved it.
        try Files.move(directory + "/log", to: directory + "/mine")
        try file.reopen()
        try file.append(Array("x\n".utf8))
        #expect(try Files.read(directory + "/log") == Array("x\n".utf8))
    }
}
