internal import Files
internal import Glibc
internal import Text

/// Gives back the memory of code that only the start needed.
///
/// A page of code is in memory because it was run, or because it stands beside one that was, and start runs most of what
/// there is: configuration, store, keys. It all stays in the system's page cache, from which what is needed again comes
/// back page by page, and what is not counts no longer as the process's.
enum StartupCode {
    static func release() {
        guard let text = try? Files.read("/proc/self/smaps", maxBytes: 4 << 20) else { return }
        for mapping in releasable(String(decoding: text, as: UTF8.self)) {
            // Code, as the file has it, and nowhere written to: what is dropped is read again from there.
            _ = unsafe madvise(
                UnsafeMutableRawPointer(bitPattern: mapping.lowerBound), Int(mapping.count), MADV_DONTNEED)
        }
    }

    /// Addresses of mapped code of which this process has no pages of its own, as a debugger's breakpoints or relocations
    /// would make some.
    static func releasable(_ smaps: String) -> [Range<UInt>] {
        var found: [Range<UInt>] = []
        var candidate: Range<UInt>?
        for line in smaps.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.count >= 6, words[1] == "r-xp", words[5].hasPrefix("/") {
                candidate = range(words[0])
            } else if words.count >= 5, words[0].contains("-") {
                candidate = nil
            } else if let range = candidate, words.count == 3, words[0] == "Anonymous:" || words[0] == "Swap:" {
                if words[1] != "0" {
                    candidate = nil
                } else if words[0] == "Swap:" {
                    found.append(range)
                }
            }
        }
        return found
    }

    private static func range(_ text: Substring) -> Range<UInt>? {
        let bounds = text.split(separator: "-").map { UInt($0, radix: 16) }
        guard bounds.count == 2, let start = bounds[0], let end = bounds[1], start < end else { return nil }
        return start..<end
    }
}
