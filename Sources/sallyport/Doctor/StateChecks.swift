internal import Files
internal import Glibc
internal import Server

enum StateChecks {
    /// Keys and tokens are for one user; the directory is nobody else's to write to.
    static func permissions(_ subject: Subject) -> [Finding] {
        let state = subject.state
        guard Files.exists(state.path) else {
            return [.note(.permissions, "\(state.path) is not there yet: the first start makes it")]
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
        return findings.isEmpty ? [.ok(.permissions, "of state and keys")] : findings
    }

    private static func check(_ path: String, allowed: mode_t, mended: mode_t) -> [Finding] {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return [] }
        let mode = status.st_mode & 0o777
        if status.st_uid != geteuid() {
            return [
                Finding(
                    .stateOwner, "\(path) belongs to user \(status.st_uid), not to \(geteuid())",
                    fix: "chown it to the user that the gateway runs as, or run this as that user")
            ]
        }
        if status.st_mode & S_IFMT == S_IFLNK {
            return [Finding(.stateLink, "\(path) is a link")]
        }
        guard mode & ~allowed != 0 else { return [] }
        let command = "chmod \(String(mended, radix: 8)) \(path)"
        return [
            Finding(.stateOpen, "\(path) is open to others (mode \(String(mode, radix: 8)))", fix: command) {
                unsafe chmod(path, mended) == 0 ? command : nil
            }
        ]
    }

    /// What a crash or a kill has left, and what misleads because of it.
    static func leftovers(_ subject: Subject) -> [Finding] {
        guard subject.gateway == nil else { return [] }
        let state = subject.state
        var findings: [Finding] = []
        for file in [state.runFile, state.ownerSocket] where Files.exists(file) {
            findings.append(leftover(file, of: "a gateway"))
        }
        if Files.exists(state.supervisorFile), (try? Service(subject.invocation))?.supervisor == nil {
            findings.append(leftover(state.supervisorFile, of: "a supervisor"))
        }
        return findings
    }

    private static func leftover(_ file: String, of process: String) -> Finding {
        Finding(.leftoverFile, "\(file) is of \(process) that is gone", fix: "rm \(file)") {
            Files.remove(file)
            return Files.exists(file) ? nil : "removed \(file)"
        }
    }

    private static let (scarceBytes, fewBytes): (Int64, Int64) = (16 << 20, 256 << 20)

    static func disk(_ subject: Subject) -> [Finding] {
        var room = statvfs()
        let path = Files.exists(subject.state.path) ? subject.state.path : Files.parent(of: subject.state.path)
        guard unsafe statvfs(path, &room) == 0 else { return [] }
        let free = Int64(clamping: room.f_bavail) * Int64(clamping: room.f_frsize)
        let text = "\(free >> 20) MiB are free at \(path)"
        if room.f_flag & 1 != 0 {
            return [Finding(.diskReadOnly, "\(path) is on a read-only file system")]
        }
        if free < scarceBytes || room.f_favail == 0 {
            return [Finding(.diskFull, text)]
        }
        return [
            free < fewBytes
                ? Finding(.diskScarce, text) : .ok(.disk, text)
        ]
    }
}
