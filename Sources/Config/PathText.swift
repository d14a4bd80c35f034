/// File paths as text; nothing here looks at a disk.
enum PathText {
    static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

    static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The directory a file is in: `/a/b.json` → `/a`, `b.json` → the empty path.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Joins and removes `.`, `..` and doubled slashes. An absolute `path` stands alone.
    static func resolve(_ path: String, against directory: String) -> String {
        let whole = isAbsolute(path) || directory.isEmpty ? path : "\(directory)/\(path)"
        let isRooted = isAbsolute(whole)
        var components: [Substring] = []
        for component in whole.split(separator: "/") where component != "." {
            if component != ".." {
                components.append(component)
            } else if let last = components.last, last != ".." {
                components.removeLast()
            } else if !isRooted {
                components.append(component)
            }
        }
        let joined = components.joined(separator: "/")
        return isRooted ? "/\(joined)" : joined
    }

    /// `~` and `~/…` with the home directory in place of the tilde, when it is known.
    static func expandingHome(_ path: String, home: String?) -> String {
        guard let home, path == "~" || path.hasPrefix("~/") else { return path }
        return home + path.dropFirst()
    }

    /// `OPENCLAW_HOME` and its twin, then `HOME`, then `USERPROFILE`.
    static func home(in environment: [String: String]) -> String? {
        for name in ["SALLYPORT_HOME", "OPENCLAW_HOME", "HOME", "USERPROFILE"] {
            if let home = environment[name], !home.isEmpty { return home }
        }
        return nil
    }
}
