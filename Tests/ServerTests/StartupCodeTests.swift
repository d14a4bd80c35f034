import Testing

@testable import Server

@Suite("Code that only the start needed")
struct StartupCodeTests {
    private static func mapping(
        _ range: String, _ mode: String, _ file: String, anonymous: Int = 0, swap: Int = 0
    ) -> String {
        """
        \(range) \(mode) 0006f000 fe:00 254626                     \(file)
        Size:                 80 kB
        Rss:                  20 kB
        Anonymous:       \(anonymous) kB
        Swap:            \(swap) kB
        SwapPss:               0 kB
        VmFlags: rd ex mr mw me

        """
    }

    @Test("only code of files, of which there are no own pages, is let go")
    func releasable() {
        let smaps =
            Self.mapping("1000-2000", "r--p", "/usr/bin/gateway")
            + Self.mapping("2000-5000", "r-xp", "/usr/bin/gateway")
            + Self.mapping("5000-6000", "rw-p", "/usr/bin/gateway", anonymous: 4)
            + Self.mapping("6000-7000", "r-xp", "/usr/lib/with a breakpoint", anonymous: 4)
            + Self.mapping("7000-8000", "r-xp", "/usr/lib/swapped", swap: 4)
            + Self.mapping("8000-9000", "r-xp", "")
            + Self.mapping("9000-a000", "r-xp", "[vdso]")
            + Self.mapping("7f0000000000-7f0000001000", "r-xp", "/usr/lib/libc.so.6")
        #expect(StartupCode.releasable(smaps) == [0x2000..<0x5000, 0x7f00_0000_0000..<0x7f00_0000_1000])
        #expect(StartupCode.releasable("") == [] && StartupCode.releasable("x-y r-xp 0 0 0 /a\nSwap: 0 kB") == [])
    }

    @Test("this program goes on after it")
    func release() {
        StartupCode.release()
        #expect(StartupCode.releasable("") == [])
    }
}
