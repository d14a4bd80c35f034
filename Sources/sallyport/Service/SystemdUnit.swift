internal import Text

/// The unit that `gateway install` writes (systemd.service(5)).
struct SystemdUnit {
    static let name = "sallyport.service"

    /// Of this user, or of the whole system.
    let isSystem: Bool
    let executable: String
    /// After `gateway run`.
    let arguments: [String]
    let environment: [String: String]

    var text: String {
        var lines = [
            "[Unit]", "Description=Sallyport, a gateway for AI agents", "Documentation=man:sallyport(1)",
            "After=network-online.target", "Wants=network-online.target", "StartLimitIntervalSec=60",
            "StartLimitBurst=10",
            "", "[Service]", "Type=notify", "NotifyAccess=main",
        ]
        lines.append(
            "ExecStart=" + ([executable, "gateway", "run"] + arguments).map(Self.quoted).joined(separator: " "))
        lines += [
            // Of /bin/kill, a minimal Debian has none.
            "ExecReload=/bin/sh -c \"kill -HUP $MAINPID\"", "Restart=always", "RestartSec=1",
            "# What only a changed configuration mends is not tried again.", "RestartPreventExitStatus=78",
            "WatchdogSec=30", "TimeoutStartSec=60", "TimeoutStopSec=30",
            "# The gateway ends its workers by itself, in order.", "KillMode=mixed", "LimitNOFILE=524288",
        ]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            lines.append("Environment=" + Self.quoted("\(name)=\(value)"))
        }
        if isSystem { lines += ["NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectSystem=full"] }
        lines += ["", "[Install]", "WantedBy=\(isSystem ? "multi-user" : "default").target", ""]
        return lines.joined(separator: "\n")
    }

    /// One word for systemd: `%` begins a specifier, `$` a variable.
    private static func quoted(_ word: String) -> String {
        let escaped = word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
            .replacing("$", with: "$$")
        let isPlain = escaped.allSatisfy { $0.isLetter || $0.isNumber || "/._-=:,@+%".contains($0) }
        return isPlain && !escaped.isEmpty ? escaped : "\"\(escaped)\""
    }
}
