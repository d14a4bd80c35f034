internal import CLinux
internal import Glibc

/// Owns a `posix_spawn_file_actions_t`: what the child does with its descriptors and directory before it runs.
@safe final class SpawnActions {
    let pointer: UnsafeMutablePointer<posix_spawn_file_actions_t>

    init(_ descriptors: DescriptorPlan, workingDirectory: String?) throws(AgentError) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: posix_spawn_file_actions_t())
        unsafe posix_spawn_file_actions_init(pointer)

        var used: Set<Int32> = []
        for (source, target) in descriptors.mapping {
            try Self.check(unsafe posix_spawn_file_actions_adddup2(pointer, source, target))
            used.insert(target)
        }
        for descriptor in 0..<descriptors.firstUnused where !used.contains(descriptor) {
            try Self.check(unsafe posix_spawn_file_actions_addclose(pointer, descriptor))
        }
        try Self.check(unsafe sallyport_spawn_add_closefrom(pointer, descriptors.firstUnused))
        if let workingDirectory {
            try Self.check(unsafe sallyport_spawn_add_chdir(pointer, workingDirectory))
        }
    }

    deinit {
        unsafe posix_spawn_file_actions_destroy(pointer)
        unsafe pointer.deallocate()
    }

    private static func check(_ error: Int32) throws(AgentError) {
        guard error == 0 else { throw .system(call: "posix_spawn_file_actions", errno: error) }
    }
}

/// Owns a `posix_spawnattr_t`: empty signal mask, default dispositions, and the group or session.
@safe final class SpawnAttributes {
    let pointer: UnsafeMutablePointer<posix_spawnattr_t>

    init(newSession: Bool, newProcessGroup: Bool) throws(AgentError) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: posix_spawnattr_t())
        unsafe posix_spawnattr_init(pointer)

        var flags = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        try Self.check(unsafe posix_spawnattr_setsigmask(pointer, &signals))
        unsafe sigfillset(&signals)
        try Self.check(unsafe posix_spawnattr_setsigdefault(pointer, &signals))
        if newSession {
            flags |= sallyport_spawn_setsid_flag()
        } else if newProcessGroup {
            flags |= Int16(POSIX_SPAWN_SETPGROUP)
            try Self.check(unsafe posix_spawnattr_setpgroup(pointer, 0))
        }
        try Self.check(unsafe posix_spawnattr_setflags(pointer, flags))
    }

    deinit {
        unsafe posix_spawnattr_destroy(pointer)
        unsafe pointer.deallocate()
    }

    private static func check(_ error: Int32) throws(AgentError) {
        guard error == 0 else { throw .system(call: "posix_spawnattr", errno: error) }
    }
}
