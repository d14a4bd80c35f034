package import Wire

/// The arguments of `bwrap`. What comes later in them lies over what came earlier.
package struct Bubblewrap: Equatable, Sendable {
    /// A path of the host, with every symbolic link resolved.
    package struct Hidden: Equatable, Sendable {
        package var path: String
        package var isDirectory: Bool

        package init(path: String, isDirectory: Bool) {
            self.path = path
            self.isDirectory = isDirectory
        }
    }

    package var executable: String
    package var workingDirectory: String
    package var privateDirectory: String
    package var binds: [Isolation.Bind]
    package var hidden: [Hidden]
    /// Programs that stay visible wherever they lie.
    package var programs: [String]
    /// Other people's sockets and files lie there.
    package var emptied = Bubblewrap.shared

    package init(
        executable: String, workingDirectory: String, privateDirectory: String, binds: [Isolation.Bind],
        hidden: [Hidden], programs: [String]
    ) {
        self.executable = executable
        self.workingDirectory = workingDirectory
        self.privateDirectory = privateDirectory
        self.binds = binds
        self.hidden = hidden
        self.programs = programs
    }

    package static let shared = ["/tmp", "/var/tmp", "/run"]
    /// What the resolver of names needs of `/run`.
    private static let resolver = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf"]

    package func arguments(_ command: [String]) -> [String] {
        var words = [
            executable, "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
        ]
        for path in emptied { words += ["--tmpfs", path] }
        for path in Self.resolver { words += ["--ro-bind-try", path, path] }
        for bind in binds { words += [bind.isWritable ? "--bind" : "--ro-bind", bind.path, bind.path] }
        let isBelowHidden = hidden.contains { Self.contains($0.path, workingDirectory) }
        if !isBelowHidden { words += ["--bind", workingDirectory, workingDirectory] }
        let outermost = hidden.filter { path in
            !hidden.contains { $0.isDirectory && $0.path != path.path && Self.contains($0.path, path.path) }
        }
        for path in outermost {
            words += path.isDirectory ? ["--tmpfs", path.path] : ["--ro-bind", "/dev/null", path.path]
        }
        // Where nobody could see them any more.
        for program in programs
        where hidden.contains(where: { Self.contains($0.path, program) })
            || emptied.contains(where: { Self.contains($0, program) })
        {
            words += ["--ro-bind", program, program]
        }
        words += ["--bind", privateDirectory, privateDirectory]
        if isBelowHidden, !Self.contains(privateDirectory, workingDirectory) {
            words += ["--bind", workingDirectory, workingDirectory]
        }
        // What was made to mount the above on.
        for path in outermost where path.isDirectory { words += ["--remount-ro", path.path] }
        return words + ["--chdir", workingDirectory, "--"] + command
    }

    /// Whether `path` is `directory` or below it.
    package static func contains(_ directory: String, _ path: String) -> Bool {
        directory == "/" || path == directory || path.hasPrefix(directory + "/")
    }
}
