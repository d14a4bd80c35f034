internal import Glibc

/// Tells when files of some directories are written, moved, made or removed (inotify). What it misses, such as changes on
/// a network file system, has to be found by looking.
package final class DirectoryWatch: EventHandler {
    private let descriptor: FileDescriptor
    private let action: (Set<String>, Reactor) -> Void
    private var registration: Registration?
    private var directories: [String: Int32] = [:]

    /// Starts on `reactor`, which keeps the watch alive.
    ///
    /// - Parameter action: gets the names of files that changed; an empty set when the kernel has lost some.
    package init(
        on reactor: Reactor, _ action: @escaping (Set<String>, Reactor) -> Void
    ) throws(EventLoopError) {
        let raw = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard raw >= 0 else { throw .system(call: "inotify_init1", errno: errno) }
        descriptor = FileDescriptor(owning: raw)
        self.action = action
        registration = try reactor.register(raw, for: .read, handler: self)
    }

    package func cancel(in reactor: Reactor) {
        if let registration = registration.take() { reactor.deregister(registration) }
    }

    /// Watches these and no others. One that is not there, or may not be read, is left out.
    package func watch(_ wanted: Set<String>) {
        for (path, watch) in directories where !wanted.contains(path) {
            _ = inotify_rm_watch(descriptor.raw, watch)
            directories[path] = nil
        }
        let mask = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR)
        for path in wanted {
            // Again for those that are watched: another directory may have taken its place.
            let watch = unsafe inotify_add_watch(descriptor.raw, path, mask)
            if watch >= 0 { directories[path] = watch }
        }
    }

    package func ready(_ events: Readiness, in reactor: Reactor) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        var names: Set<String> = []
        var hasLost = false
        while registration != nil {
            let count = unsafe read(descriptor.raw, &buffer, buffer.count)
            guard count > 0 else { break }
            for event in Self.events(buffer.prefix(count)) {
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { hasLost = true }
                names.insert(event.name)
            }
        }
        if registration != nil, hasLost || !names.isEmpty { action(hasLost ? [] : names, reactor) }
    }

    /// `struct inotify_event`: watch, mask, cookie and length of the name, each of four bytes, then the name.
    private static func events(_ bytes: ArraySlice<UInt8>) -> [(mask: UInt32, name: String)] {
        var events: [(UInt32, String)] = []
        var rest = bytes
        func word(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(rest[rest.startIndex + offset + $1]) << (8 * UInt32($1)) }
        }
        while rest.count >= 16 {
            let (mask, length) = (word(4), Int(word(12)))
            guard rest.count >= 16 + length else { break }
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            events.append((mask, String(decoding: name, as: UTF8.self)))
            rest = rest.dropFirst(16 + length)
        }
        return events
    }
}
