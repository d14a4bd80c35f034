package import Files
internal import Glibc

/// Replaces configuration files, and keeps what was there before.
package enum ConfigFileWriter {
    /// `openclaw.json.bak`, then `.bak.1` to `.bak.4`, the latest first.
    package static let maxBackups = 5
    package static let maxRejected = 5

    package enum Failure: Error, Equatable, Sendable {
        /// A link is somebody's arrangement, which a rename would undo.
        case isSymbolicLink(path: String)
        case isNoFile(path: String)
        /// Somebody else has written it since it was read.
        case changedMeanwhile(path: String)
        case file(FileError)
    }

    /// Writes in one step, with the mode and owner of the file that was there, 0600 where there was none.
    ///
    /// - Parameter before: what the new text was made from; nil: there was no file.
    package static func write(_ path: String, _ bytes: [UInt8], before: [UInt8]?) throws(Failure) {
        let failure: Failure?
        do throws(FileError) {
            let directory = Files.parent(of: path)
            try Files.makeDirectory(directory)
            let lock = try DirectoryLock(directory)
            failure = try replace(path, bytes, before: before)
            _ = consume lock
        } catch {
            throw .file(error)
        }
        if let failure { throw failure }
    }

    private static func replace(_ path: String, _ bytes: [UInt8], before: [UInt8]?) throws(FileError) -> Failure? {
        guard let facts = try FileFacts(path) else {
            guard before == nil else { return .changedMeanwhile(path: path) }
            try Files.writeAtomically(path, bytes)
            return nil
        }
        switch facts.kind {
        case .symbolicLink: return .isSymbolicLink(path: path)
        case .other: return .isNoFile(path: path)
        case .regular: break
        }
        let present = try Files.read(path, maxBytes: ConfigFiles.maxFileBytes)
        guard present == before else { return .changedMeanwhile(path: path) }
        try keep(path, present, facts)
        try Files.writeAtomically(path, bytes, mode: facts.mode, owner: facts.owner)
        return nil
    }

    private static func keep(_ path: String, _ present: [UInt8], _ facts: FileFacts) throws(FileError) {
        let names = backups(of: path)
        for (older, newer) in zip(names, names.dropFirst()).reversed() where try Files.hasEntry(older) {
            try Files.move(older, to: newer)
        }
        try Files.writeAtomically(names[0], present, mode: facts.mode, owner: facts.owner)
    }

    /// Where earlier versions are kept, the latest first.
    package static func backups(of path: String) -> [String] {
        [path + ".bak"] + (1..<maxBackups).map { "\(path).bak.\($0)" }
    }

    /// Keeps a text that was refused, so that nobody has to type it again. It may hold secrets: 0600.
    ///
    /// - Parameter nowMs: Unix time.
    /// - Returns: Where it is; nil when it could not be written.
    package static func keepRejected(_ path: String, _ bytes: [UInt8], nowMs: Int64) -> String? {
        let rejected = "\(path).rejected.\(stamp(nowMs))"
        guard (try? Files.writeAtomically(rejected, bytes)) != nil else { return nil }
        let prefix = PathText.lastComponent(path) + ".rejected."
        let directory = Files.parent(of: path)
        let kept = Files.names(in: directory).filter { $0.hasPrefix(prefix) && !$0.hasSuffix(".tmp") }.sorted()
        for name in kept.dropLast(maxRejected) { Files.remove(directory + "/" + name) }
        return rejected
    }

    /// As `2026-11-21T20-49-19.123Z`: sorts by time, and is a name on every file system.
    private static func stamp(_ nowMs: Int64) -> String {
        var seconds = time_t(nowMs / 1000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func digits(_ value: some BinaryInteger, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let day = unsafe "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let time = unsafe "\(digits(parts.tm_hour, 2))-\(digits(parts.tm_min, 2))-\(digits(parts.tm_sec, 2))"
        return "\(day)T\(time).\(digits(nowMs % 1000, 3))Z"
    }
}

extension ConfigFileWriter.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .isSymbolicLink(let path): "\(path) is a symbolic link, which is not written through"
        case .isNoFile(let path): "\(path) is not a regular file"
        case .changedMeanwhile(let path): "\(path) has been changed by somebody else meanwhile"
        case .file(let error): error.description
        }
    }

    package var remedy: String {
        switch self {
        case .isSymbolicLink: "edit the file that it leads to, or name that with --config"
        case .isNoFile: "name a file with --config"
        case .changedMeanwhile: "look at it, and try again"
        case .file: "check the permissions of the directory and the space on its disk"
        }
    }
}
