import Gateway
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
        let line = Logger.format(LogLine(.warn, "http", text), 0)
        #expect(line.hasPrefix("[http] WARN ["))
        #expect(line.hasSuffix("] \(shown)\n"))
    }
}
