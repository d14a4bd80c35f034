import Client
import Files
import Foundation
import JSON
import Testing

/// A gateway whose disk is full goes on, and writes again once there is space.
@Suite(.enabled(if: SmallDisk.isPossible, "needs root and the right to mount a tmpfs"))
struct FullDiskTests {
    @Test func whatCannotBeWrittenIsUnavailableAndEverythingElseGoesOn() async throws {
        try await scenario {
            let state = try TemporaryDirectory()
            let disk = try #require(SmallDisk(state, mebibytes: 6))
            defer { disk.unmount() }
            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text, state: state)
            let owner = try await gateway.owner()
            let before = try owner.spawn("echo before")
            #expect(try owner.result(of: before)["text"]?.string == "before\n")

            try disk.fill()
            // What still fits into pages that the log has already may be written.
            let refusal = try eventually("a spawn is refused") { () -> ClientError? in
                do {
                    _ = try owner.spawn("echo refused")
                    return nil
                } catch let error as ClientError {
                    return error
                }
            }
            #expect(refusal.body?.code == "UNAVAILABLE", "\(refusal)")
            #expect(refusal.body?.message.contains("no space left") == true, "\(refusal)")
            #expect(try owner.session(before.sessionKey)?["status"]?.string == "done")
            let other = try await gateway.owner()
            #expect(try other.request("status", [:]) != .null)
            other.close()

            disk.makeRoom()
            let after = try owner.spawn("echo after")
            #expect(try owner.result(of: after)["text"]?.string == "after\n")
            owner.close()
            try gateway.kill()
            try gateway.start()
            let again = try await gateway.owner()
            for run in [before, after] {
                #expect(try again.session(run.sessionKey)?["status"]?.string == "done", "\(gateway.log)")
            }
            again.close()
            try gateway.stop()
        }
    }

    @Test func aResultThatTheDiskRefusesIsHandedInUntilItIsTaken() async throws {
        try await scenario {
            let state = try TemporaryDirectory()
            let disk = try #require(SmallDisk(state, mebibytes: 6))
            defer { disk.unmount() }
            var configuration = GatewayConfiguration()
            configuration.agents = [.running("main")]
            let gateway = try GatewayProcess(configuration.text, state: state)
            let owner = try await gateway.owner()
            let directory = try TemporaryDirectory()
            // More than what still fits into pages that the log has already.
            let run = try owner.spawn(
                """
                touch \(directory.path)/runs; while ! [ -e \(directory.path)/go ]; do sleep 0.05; done
                head -c 90000 /dev/zero | tr '\\0' x
                """)
            // Not before its worker has written what it needs for the start.
            try eventually("the command runs") { FileManager.default.fileExists(atPath: directory.path + "/runs") }
            try disk.fill()
            _ = try directory.write("go", "")
            let refusals = {
                gateway.log.split(separator: "\n").count { $0.contains("[store]") && $0.contains("no space left") }
            }
            try eventually("it was tried more than once", within: .seconds(30)) { refusals() >= 3 }
            let worker = try gateway.worker()
            disk.makeRoom()
            try eventually("the worker is done", within: .seconds(30)) {
                !FileManager.default.fileExists(atPath: "/proc/\(worker)")
            }
            owner.close()
            try gateway.kill()
            try gateway.start()
            let again = try await gateway.owner()
            let result = try again.result(of: run)
            #expect(result["status"]?.string == "ok", "\(result)\n\(gateway.log)")
            #expect(result["text"]?.string?.utf8.count == 90_000)
            again.close()
            try gateway.stop()
        }
    }
}

/// A small file system over a directory.
private final class SmallDisk {
    private let path: String
    private var ballast: String { path + "/ballast" }

    init?(_ directory: TemporaryDirectory, mebibytes: Int) {
        path = directory.path
        guard unsafe mount("none", path, "tmpfs", 0, "size=\(mebibytes)m,mode=0700") == 0 else { return nil }
    }

    func fill() throws {
        let descriptor = unsafe open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: 0, count: 4096)
        while unsafe write(descriptor, bytes, bytes.count) > 0 {}
    }

    func makeRoom() { Files.remove(ballast) }
    func unmount() { unsafe umount2(path, Int32(MNT_DETACH)) }

    static let isPossible: Bool = {
        guard getuid() == 0, let directory = try? TemporaryDirectory(), let disk = SmallDisk(directory, mebibytes: 1)
        else { return false }
        disk.unmount()
        return true
    }()
}
