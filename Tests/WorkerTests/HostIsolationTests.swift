import Agents
import Testing
import Wire

@testable import Worker

@Suite("Isolation on a pool worker's host")
struct HostIsolationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var isolation: Isolation
        var ownUser: UInt32 = 0
        var path = "/usr/bin:/bin"
        /// Words of the refusal.
        let refusal: [String]
    }

    private static func isolation(_ kind: Isolation.Kind, _ user: Isolation.User? = nil) -> Isolation {
        var isolation = Isolation(kind)
        isolation.user = user
        isolation.bubblewrap = kind == .bwrap ? "/opt/gateway/bwrap" : nil
        if kind == .container {
            isolation.container = .init(engine: "/opt/gateway/podman", image: "i", network: "host", executable: nil)
        }
        return isolation
    }

    static let rows = [
        Row(
            testDescription: "another user without root", isolation: isolation(.uid, .init(uid: 47_321, gid: 9)),
            ownUser: 1000, refusal: ["\"uid\"", "user 47321", "start it as root", "\"bwrap\" without a user"]),
        Row(
            testDescription: "a user that is not here",
            isolation: isolation(.uid, .init(uid: 9, gid: 9, name: "sallyport-nobody-here")),
            refusal: ["sallyport-nobody-here", "no such user", "useradd"]),
        Row(
            testDescription: "a name that is root here",
            isolation: isolation(.uid, .init(uid: 9, gid: 9, name: "root")),
            refusal: ["root", "confines nothing"]),
        Row(
            testDescription: "root's commands as root", isolation: isolation(.bwrap),
            refusal: ["names no user", "user: \"…\""]),
        Row(
            testDescription: "no bwrap here", isolation: isolation(.bwrap), ownUser: 1000, path: "/nonexistent",
            refusal: ["needs bwrap", "PATH on the pool worker's host", "install it there"]),
        Row(
            testDescription: "no engine here", isolation: isolation(.container), ownUser: 1000, path: "/nonexistent",
            refusal: ["needs podman", "PATH on the pool worker's host"]),
    ]

    @Test("what cannot be had is refused, with what helps", arguments: rows)
    func refused(_ row: Row) throws {
        let error = try #require(throws: AgentError.self) {
            _ = try HostIsolation.here(row.isolation, environment: ["PATH": row.path], ownUser: row.ownUser)
        }
        for word in row.refusal { #expect("\(error)".contains(word), "\(error)") }
    }

    @Test("users go by their names here, and programs by where they are here")
    func here() throws {
        let daemon = try #require(UserRecord(name: "daemon"))
        let wanted = Self.isolation(.uid, .init(uid: 40_000, gid: 40_000, name: "daemon"))
        let found = try HostIsolation.here(wanted, environment: ["PATH": "/usr/bin:/bin"], ownUser: 0)
        #expect(found.user == .init(uid: daemon.uid, gid: daemon.gid, name: "daemon"))
        var container = Self.isolation(.container)
        // Any program that is there stands for an engine that may not be.
        container.container?.engine = "/opt/gateway/sh"
        let engine = try HostIsolation.here(container, environment: ["PATH": "/bin"], ownUser: 1000).container?.engine
        #expect(engine == "/bin/sh")
        let plain = Isolation()
        #expect(try HostIsolation.here(plain, environment: [:], ownUser: 0) == plain)
    }
}
