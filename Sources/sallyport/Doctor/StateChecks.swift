internal import Files
internal import Glibc
internal import Server

enum StateChecks {
    /// Keys and tokens are for one user; the directory is nobody else's to write to.
    static func permissions(_ subject: Subject) -> [Finding] {
        let state = subject.state
        guard Files.exists(state.path) else {
            return [Finding("permissions", .info, "\(state.path) is not there yet: the first start makes it")]
        }
        var findings: [Finding] = []
        for directory in [state.path, state.path + "/run", state.path + "/identity", state.path + "/gateway"] {
            findings += check(directory, allowed: 0o755, mended: 0o700)
        }
        let files = [
            state.rootIdentity, state.deviceIdentity, state.deviceAuth, state.privateKey, state.nextPrivateKey,
            state.tokenFile, state.database, state.supervisorFile,
        ]
        for file in files { findings += check(file, allowed: 0o600, mended: 0o600) }
        return findings.isEmpty ? [Finding("permissions", .ok, "of state and keys")] : findings
    }

    private static func check(_ path: String, allowed: mode_t, mended: mode_t) -> [Finding] {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return [] }
        let mode = status.st_mode & 0o777
        if status.st_uid != geteuid() {
            return [
                Finding(
                    "permissions", .error, "\(path) belongs to user \(status.st_uid), not to \(geteuid())",
                    fix: "chown it to the user that the gateway runs as, or run this as that user")
            ]
        }
        if status.st_mode & S_IFMT == S_IFLNK {
            return [Finding("permissions", .warning, "\(path) is a link", fix: "put the file itself there")]
        }
        guard mode & ~allowed != 0 else { return [] }
        let command = "chmod \(String(mended, radix: 8)) \(path)"
        return [
            Finding("permissions", .error, "\(path) is open to others (mode \(String(mode, radix: 8)))", fix: command) {
                guard unsafe chmod(path, mended) == 0 else { throw CommandFailure("\(command) failed") }
                return command
            }
        ]
    }

    /// What a crash or a kill has left, and what misleads because of it.
    static func leftovers(_ subject: Subject) -> [Finding] {
        guard subject.gateway == nil else { return [] }
        let state = subject.state
        var findings: [Finding] = []
        for file in [state.runFile, state.ownerSocket] where Files.exists(file) {
            findings.append(
                Finding("leftovers", .warning, "\(file) is of a gateway that is gone", fix: "rm \(file)") {
                    Files.remove(file)
                    return "removed \(file)"
                })
        }
        if Files.exists(state.supervisorFile), (try? Service(subject.invocation))?.supervisor == nil {
            findings.append(
                Finding(
                    "leftovers", .warning, "\(state.supervisorFile) is of a supervisor that is gone",
                    fix: "rm \(state.supervisorFile)"
                ) {
                    Files.remove(state.supervisorFile)
                    return "removed \(state.supervisorFile)"
                })
        }
        return findings
    }

    private static let (scarceBytes, fewBytes): (Int64, Int64) = (16 << 20, 256 << 20)

    static func disk(_ subject: Subject) -> [Finding] {
        var room = statvfs()
        let path = Files.exists(subject.state.path) ? subject.state.path : Files.parent(of: subject.state.path)
        guard unsafe statvfs(path, &room) == 0 else { return [] }
        let free = Int64(clamping: room.f_bavail) * Int64(clamping: room.f_frsize)
        let text = "\(free >> 20) MiB are free at \(path)"
        if room.f_flag & 1 != 0 {
            return [
                Finding(
                    "disk", .error, "\(path) is on a read-only file system",
                    fix: "mount it writable, or use --state-dir")
            ]
        }
        if free < scarceBytes || room.f_favail == 0 {
            return [Finding("disk", .error, text, fix: "make room: what cannot be written is refused")]
        }
        return [
            free < fewBytes
                ? Finding("disk", .warning, text, fix: "make room before commits fail") : Finding("disk", .ok, text)
        ]
    }
}
