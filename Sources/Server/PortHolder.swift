internal import Files

/// Finds out which process listens on a TCP port, as far as this user may see.
package enum PortHolder {
    package static func find(port: UInt16) -> String? {
        guard let inode = listeningInode(port: port) else { return nil }
        for name in Files.names(in: "/proc") {
            guard let pid = Int32(name) else { continue }
            let directory = "/proc/\(pid)/fd"
            guard
                Files.names(in: directory).contains(where: {
                    Files.readLink("\(directory)/\($0)") == "socket:[\(inode)]"
                })
            else {
                continue
            }
            let command = (try? Files.read("/proc/\(pid)/comm", maxBytes: 256)).map {
                String(decoding: $0, as: UTF8.self).filter { !$0.isNewline }
            }
            return "process \(pid)\(command.map { " (\($0))" } ?? "")"
        }
        return "a process of another user"
    }

    private static func listeningInode(port: UInt16) -> String? {
        var hex = String(port, radix: 16, uppercase: true)
        hex = String(repeating: "0", count: 4 - hex.count) + hex
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let bytes = try? Files.read(table) else { continue }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
                let columns = line.split(separator: " ")
                // Column 3 is the state: 0A listens. Column 9 is the socket's inode.
                if columns.count > 9, columns[1].hasSuffix(":\(hex)"), columns[3] == "0A" { return String(columns[9]) }
            }
        }
        return nil
    }
}
