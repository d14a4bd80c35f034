internal import Config
internal import Gateway
internal import Glibc
internal import JSON
internal import Text

/// A line of the log in each of its styles. Whatever a terminal could obey, or an eye be misled by, becomes visible.
enum LogFormat {
    /// With its end of line.
    static func text(_ line: LogLine, _ style: LoggingSettings.Style, atMs wallMs: Int64) -> String {
        switch style {
        case .pretty: pretty(line, wallMs)
        case .logfmt: logfmt(line, wallMs)
        case .json: json(line, wallMs)
        }
    }

    private static func pretty(_ line: LogLine, _ wallMs: Int64) -> String {
        var seconds = time_t(wallMs / 1000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2)).\(padded(Int32(wallMs % 1000), 3))"
        return "[\(line.subsystem)] \(line.level.rawValue) [\(time)] \(escaped(line.message))\n"
    }

    private static func padded(_ value: Int32, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// `2026-11-20T22:41:59.123Z`
    static func timestamp(_ wallMs: Int64) -> String {
        var seconds = time_t(wallMs / 1000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let date = unsafe [(parts.tm_year + 1900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2)]
        let time = unsafe [(parts.tm_hour, 2), (parts.tm_min, 2), (parts.tm_sec, 2)]
        return date.map { padded($0.0, $0.1) }.joined(separator: "-") + "T"
            + time.map { padded($0.0, $0.1) }.joined(separator: ":") + ".\(padded(Int32(wallMs % 1000), 3))Z"
    }

    private static func fields(_ line: LogLine, _ wallMs: Int64) -> [(String, String)] {
        [
            ("ts", timestamp(wallMs)), ("level", line.level.rawValue.lowercased()), ("subsystem", line.subsystem),
            ("msg", escaped(line.message)),
        ] + line.ids.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, escaped($0.value)) }
            + (line.kind.map { [("rule", $0.rule)] } ?? [])
    }

    private static func json(_ line: LogLine, _ wallMs: Int64) -> String {
        let object = JSONObject(fields(line, wallMs).map { ($0.0, .string($0.1)) })
        return String(decoding: JSON.object(object).serialized(), as: UTF8.self) + "\n"
    }

    private static func logfmt(_ line: LogLine, _ wallMs: Int64) -> String {
        fields(line, wallMs).map { "\($0.0)=\(quoted($0.1))" }.joined(separator: " ") + "\n"
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        return isPlain
            ? text : "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    static func escaped(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }), text.unicodeScalars.contains(where: isTreacherous) else {
            return text
        }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isTreacherous(scalar) {
                result += scalar.value < 0x100 ? "\\x" : "\\u"
                result += String(scalar.value, radix: 16)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// Controls (C0, DEL, C1), ends of lines, and marks that change the direction of text or cannot be seen.
    private static func isTreacherous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }
}
