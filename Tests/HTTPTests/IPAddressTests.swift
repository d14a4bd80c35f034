import HTTP
import Testing

@Suite("Addresses and blocks")
struct IPAddressTests {
    static let canonical: [(String, String)] = [
        ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"),
        ("::ffff:10.1.2.3", "10.1.2.3"), ("::FFFF:0a01:0203", "10.1.2.3"), ("0:0:0:0:0:ffff:7f00:1", "127.0.0.1"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("fe80::1", "fe80::1"), ("::1.2.3.4", "::102:304"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ]

    @Test("reads every form and writes the canonical one", arguments: canonical)
    func canonicalForm(_ text: String, _ expected: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == expected)
        #expect(IPAddress(expected) == address)
        #expect(IPAddress(octets: address.octets.span) == address)
    }

    @Test(
        "refuses what is no address",
        arguments: [
            "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ".1.2.3", "1.2.3.4 ", "+1.2.3.4",
            "1.2.3.-4",
            "0x7f.0.0.1", ":", ":::", "1:::2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8", "12345::", "g::", "::+1", "::-1", "[::1]", "fe80::1%eth0", "1.2.3.4::", "::1.2.3.4:5",
            "::1.2.3", ":1", "1:", "::ffff:1.2.3.400", String(repeating: "0:", count: 40),
        ])
    func refused(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("mapped addresses are the IPv4 addresses that they are, however they come in")
    func mapped() throws {
        let v4 = IPAddress(v4: 0x7F00_0001)
        #expect(IPAddress(v6: 0, 0xFFFF_7F00_0001) == v4)
        let octets: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1]
        #expect(IPAddress(octets: octets.span) == v4)
        #expect(v4.octets == [127, 0, 0, 1])
        #expect(v4.isV4)
        #expect(v4.v4 == 0x7F00_0001)
        #expect(IPAddress("::1")?.isV4 == false)
        #expect(IPAddress(octets: octets.span.extracting(first: 5)) == nil)
    }

    @Test("knows the special blocks, at both ends")
    func classes() throws {
        func holds(_ property: KeyPath<IPAddress, Bool>, in inside: [String], notIn outside: [String]) throws {
            for text in inside {
                #expect(try #require(IPAddress(text))[keyPath: property], "\(text)")
            }
            for text in outside {
                #expect(try !#require(IPAddress(text))[keyPath: property], "\(text)")
            }
        }
        try holds(
            \.isLoopback, in: ["127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.1"],
            notIn: ["126.255.255.255", "128.0.0.0", "::", "::2", "1::1", "::127.0.0.1"])
        try holds(
            \.isPrivate,
            in: [
                "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255",
                "fc00::",
                "fdff::1",
            ],
            notIn: ["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.169.0.0", "fe00::", "100.64.0.1"])
        try holds(
            \.isLinkLocal, in: ["169.254.0.0", "169.254.255.255", "fe80::", "febf:ffff::1"],
            notIn: ["169.253.0.0", "169.255.0.0", "fe7f::", "fec0::"])
        try holds(
            \.isTailnet, in: ["100.64.0.0", "100.127.255.255", "fd7a:115c:a1e0::", "fd7a:115c:a1e0:ffff::1"],
            notIn: ["100.63.255.255", "100.128.0.0", "fd7a:115c:a1e1::", "fd7a:115c:a1df::"])
        try holds(\.isUnspecified, in: ["0.0.0.0", "::", "::ffff:0.0.0.0"], notIn: ["0.0.0.1", "::1"])
    }

    static let blocks: [(block: String, inside: [String], outside: [String])] = [
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"], ["9.255.255.255", "11.0.0.0", "a00::"]),
        ("192.0.2.77/31", ["192.0.2.76", "192.0.2.77"], ["192.0.2.75", "192.0.2.78"]),
        ("192.0.2.1", ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]),
        ("::/0", ["::", "::1", "ffff::"], ["0.0.0.0", "127.0.0.1"]),
        ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff::"], ["2001:db8:8000::", "2001:db7::"]),
        ("2001:db8::1/127", ["2001:db8::", "2001:db8::1"], ["2001:db8::2"]),
        ("2001:db8::/64", ["2001:db8::ffff:ffff"], ["2001:db8:0:1::"]),
        ("fd7a::1", ["fd7a::1"], ["fd7a::", "fd7a::2"]),
        ("::ffff:10.0.0.0/104", ["10.200.0.0"], ["11.0.0.0"]),
    ]

    @Test("a block holds its own", arguments: blocks)
    func contains(_ block: String, _ inside: [String], _ outside: [String]) throws {
        let cidr = try #require(CIDR(block))
        for text in inside {
            #expect(cidr.contains(try #require(IPAddress(text))), "\(text)")
        }
        for text in outside {
            #expect(!cidr.contains(try #require(IPAddress(text))), "\(text)")
        }
    }

    @Test("blocks are written with the address bits cleared and a prefix")
    func blockDescription() {
        #expect(CIDR("10.1.2.3/8")?.description == "10.0.0.0/8")
        #expect(CIDR("::1")?.description == "::1/128")
        #expect(CIDR("::ffff:10.0.0.0/104") == CIDR("10.0.0.0/8"))
    }

    @Test(
        "refuses what is no block",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "::/1280",
            "x/8",
            "::ffff:10.0.0.0/95", "10.0.0.0/ 8",
        ])
    func refusedBlock(_ text: String) {
        #expect(CIDR(text) == nil)
    }
}
