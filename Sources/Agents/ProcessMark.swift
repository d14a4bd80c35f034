internal import Glibc
package import JSON

/// Which process it is, so that it can be known again by somebody who did not start it: its number alone may have been given
/// to another since.
package struct ProcessMark: Equatable, Sendable {
    package let pid: Int32
    /// Clock ticks since the boot.
    package let startTime: UInt64
    package let bootID: String

    package init(pid: Int32, startTime: UInt64, bootID: String) {
        self.pid = pid
        self.startTime = startTime
        self.bootID = bootID
    }

    /// Of a process that runs; nil when there is none.
    package static func of(_ pid: Int32) -> ProcessMark? {
        guard let stat = ProcFiles.stat(of: pid), !stat.isZombie, stat.startTime > 0 else { return nil }
        return ProcessMark(pid: pid, startTime: stat.startTime, bootID: ProcFiles.bootID)
    }

    package static var own: ProcessMark? { of(getpid()) }

    /// Whether that process runs.
    package var isAlive: Bool { ProcessMark.of(pid) == self }

    package var fields: [(String, JSON)] {
        [("pid", .integer(Int64(pid))), ("startTime", .integer(Int64(startTime))), ("bootId", .string(bootID))]
    }

    package init?(_ json: JSON) {
        guard let pid = json["pid"]?.integer.flatMap({ Int32(exactly: $0) }), pid > 0,
            let startTime = json["startTime"]?.integer.flatMap({ UInt64(exactly: $0) }), startTime > 0,
            let bootID = json["bootId"]?.string
        else { return nil }
        self.init(pid: pid, startTime: startTime, bootID: bootID)
    }
}
