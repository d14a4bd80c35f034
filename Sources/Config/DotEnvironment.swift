internal import JSON

/// A `.env` file: `NAME=value` on each line, `#` comments, `export` in front, quotes around values.
package enum DotEnvironment {
    /// - Returns: the assignments in order; lines that are none are left out.
    package static func parse(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            var text = RawSetting.trim(String(line))
            if text.hasPrefix("export ") { text = RawSetting.trim(String(text.dropFirst(7))) }
            guard !text.hasPrefix("#"), let equals = text.firstIndex(of: "=") else { return nil }
            let name = RawSetting.trim(String(text[..<equals]))
            guard Section.isVariableName(name) else { return nil }
            return (name, value(RawSetting.trim(String(text[text.index(after: equals)...]))))
        }
    }

    private static func value(_ text: String) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            // A comment behind the value has a blank before it.
            let end = text.indices.dropFirst().first { index in
                text[index] == "#" && text[text.index(before: index)].isWhitespace
            }
            return RawSetting.trim(String(text[..<(end ?? text.endIndex)]))
        }
        var result = ""
        var isEscaped = false
        for character in text.dropFirst() {
            if isEscaped {
                switch character {
                case "n": result.append("\n")
                case "r": result.append("\r")
                case "t": result.append("\t")
                default: result.append(character)
                }
                isEscaped = false
            } else if character == "\\", quote == "\"" {
                isEscaped = true
            } else if character == quote {
                return result
            } else {
                result.append(character)
            }
        }
        // Never closed: taken as it stands.
        return text
    }

    /// The variables of a process with those of files, which never overwrite one that is set.
    ///
    /// - Parameters:
    ///   - files: highest precedence first.
    ///   - isTrusted: for each file; one of the working directory may be anybody's, and does not say where to find the
    ///     gateway, its state or programs.
    package static func merged(
        _ environment: [String: String], _ files: [(bytes: [UInt8], isTrusted: Bool)]
    ) -> [String: String] {
        var result = environment
        for file in files {
            for (name, value) in parse(file.bytes) where (result[name] ?? "").isEmpty {
                if file.isTrusted ? !isLocation(name) : !isSteering(name) { result[name] = value }
            }
        }
        return result
    }

    /// Where state and configuration are had to be known before the file was found.
    private static func isLocation(_ name: String) -> Bool {
        ["_STATE_DIR", "_CONFIG_PATH", "_HOME", "_PROFILE"].contains { suffix in
            ["SALLYPORT", "OPENCLAW"].contains { name == $0 + suffix }
        } || name == "HOME"
    }

    private static func isSteering(_ name: String) -> Bool {
        isLocation(name) || name.hasSuffix("_GATEWAY_URL") || name == "PATH" || name == "SHELL"
            || ["LD_", "SSL_", "NODE_", "PYTHON", "GIT_", "BASH_"].contains { name.hasPrefix($0) }
            || name.lowercased().hasSuffix("_proxy") || name == "OPENCLAW_INTERNAL_SPAWN_BYPASS"
            || name == "SALLYPORT_INTERNAL_SPAWN_BYPASS"
    }
}
