import Agents
import Foundation

/// A terminal with commands in it, as somebody sits before it.
final class PseudoTerminal {
    // TIOCSPTLCK, TIOCGPTN, TIOCSWINSZ
    private static let (setLock, getNumber, setSize): (UInt, UInt, UInt) = (0x4004_5431, 0x8004_5430, 0x5414)

    private let master: Int32
    private let slave: Int32
    /// All that was shown, the commands typed among it.
    private(set) var transcript = ""

    init(columns: UInt16 = 100) throws {
        // As posix_openpt, unlockpt and ptsname do it.
        master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (unlocked, number): (Int32, UInt32) = (0, 0)
        guard master >= 0, unsafe ioctl(master, Self.setLock, &unlocked) == 0,
            unsafe ioctl(master, Self.getNumber, &number) == 0
        else { throw Unexpected(description: "no terminal can be had") }
        slave = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw Unexpected(description: "the terminal cannot be opened") }
        // struct winsize: rows, columns, and pixels that nobody needs.
        var size: [UInt16] = [40, columns, 0, 0]
        _ = unsafe ioctl(slave, Self.setSize, &size)
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(slave)
        close(master)
    }

    /// Types a line for the shell, and waits until it is done.
    func type(_ line: String, environment: [String: String]) throws -> (exitCode: Int32, shown: String) {
        let child = try ChildProcess.spawn(
            ProcessSpec(
                executable: "/bin/bash", arguments: ["-c", line], environment: environment, newProcessGroup: false,
                standardInput: .descriptor(slave), standardOutput: .descriptor(slave),
                standardError: .descriptor(slave)))
        var bytes: [UInt8] = []
        let status = try Sandbox.eventually("the end of \(line)") { () -> ExitStatus? in
            bytes += available()
            return child.reap()
        }
        bytes += available()
        let shown = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n")
        transcript += "$ \(line)\n\(shown)"
        return (status.exitCode, shown)
    }

    private func available() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(master, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }
}
