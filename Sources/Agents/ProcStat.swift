/// The part of `/proc/<pid>/stat` that supervision needs (proc(5)).
struct ProcStat: Equatable, Sendable {
    let pid: Int32
    let state: UInt8
    let parent: Int32
    /// Clock ticks since the boot; 0 in a line that ends before it.
    var startTime: UInt64 = 0

    var isZombie: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    /// Reads `pid (name) state parent …`. The name is the process's own choice and may hold spaces, parentheses and
    /// line breaks, so the fields are counted from its last `)`.
    static func parse(_ bytes: [UInt8]) -> ProcStat? {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")),
            let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close,
            let pid = decimal(bytes[..<open].filter { $0 != UInt8(ascii: " ") })
        else { return nil }
        let fields = bytes[(close + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard fields.count >= 2, fields[0].count == 1, let state = fields[0].first,
            let parent = decimal(Array(fields[1]))
        else { return nil }
        // Field 22 of the line.
        let startTime = fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
        return ProcStat(pid: pid, state: state, parent: parent, startTime: startTime ?? 0)
    }

    private static func decimal(_ digits: [UInt8]) -> Int32? {
        Int32(String(decoding: digits, as: UTF8.self))
    }
}
