import EventLoop
import Testing

@Suite("Socket addresses")
struct SocketAddressTests {
    @Test(
        "literals are described as they are dialled",
        arguments: [
            ("127.0.0.1", "127.0.0.1:1"), ("::1", "[::1]:1"), ("[::1]", "[::1]:1"), ("::ffff:10.0.0.7", "10.0.0.7:1"),
            ("2001:DB8::A", "[2001:db8::a]:1"), ("0.0.0.0", "0.0.0.0:1"),
        ])
    func description(literal: String, expected: String) throws {
        #expect(try #require(SocketAddress(literal: literal, port: 1)).description == expected)
    }

    @Test(
        "what is no literal is refused",
        arguments: ["", "localhost", "127.0.0.1\u{0}x", "1.2.3", "[::1", "::g", "127.0.0.1:80", "256.0.0.1"])
    func refused(literal: String) {
        #expect(SocketAddress(literal: literal, port: 1) == nil)
    }

    @Test("bytes go in and come out in network order, mapped ones as IPv4")
    func bytes() throws {
        let v4 = try #require(SocketAddress(bytes: [192, 168, 1, 2], port: 9))
        #expect(v4.bytes == [192, 168, 1, 2])
        #expect(v4.description == "192.168.1.2:9")
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF, 192, 168, 1, 2]
        #expect(SocketAddress(bytes: mapped, port: 9) == v4)
        let v6: [UInt8] = [0xFE, 0x80] + Array(repeating: 0, count: 13) + [1]
        #expect(SocketAddress(bytes: v6, port: 9, scope: 3)?.bytes == v6)
        #expect(SocketAddress(bytes: v6, port: 9, scope: 3)?.scope == 3)
        #expect(SocketAddress(bytes: [1, 2, 3], port: 9) == nil)
    }

    @Test("loopback is all of 127.0.0.0/8 and ::1, nothing else")
    func loopback() {
        #expect(SocketAddress(literal: "127.8.9.1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(literal: "::1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(literal: "::ffff:127.0.0.1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(literal: "128.0.0.1", port: 0)?.isLoopback == false)
        #expect(SocketAddress(literal: "::2", port: 0)?.isLoopback == false)
        #expect(!SocketAddress.unix(path: "/run/x").isLoopback)
        #expect(SocketAddress.anyV6(port: 0).isUnspecified)
        #expect(SocketAddress.unix(path: "/run/x").description == "unix:/run/x")
    }
}
