internal import CLinux
internal import Glibc

/// The descriptors of one child while it is being started: which of ours becomes which of its, and what we keep.
///
/// Every source is duplicated above the highest number that the child will use, so the order of `dup2` calls in the
/// child cannot overwrite a source that is still needed.
@safe final class DescriptorPlan {
    private(set) var mapping: [(source: Int32, target: Int32)] = []
    private(set) var standardInput: Int32?
    private(set) var standardOutput: Int32?
    private(set) var standardError: Int32?
    /// First number that the child does not use.
    let firstUnused: Int32
    private var owned: [Int32] = []
    private var keepsParentEnds = false

    init(_ spec: ProcessSpec) throws(AgentError) {
        var firstUnused: Int32 = 3
        var targets: Set<Int32> = []
        for descriptor in spec.inherited {
            guard (3...ProcessSpec.maxInheritedDescriptor).contains(descriptor.child),
                targets.insert(descriptor.child).inserted
            else {
                throw .invalid(what: "descriptor \(descriptor.child) cannot be given to a child, or is given twice")
            }
            firstUnused = max(firstUnused, descriptor.child + 1)
        }
        self.firstUnused = firstUnused

        switch spec.standardInput {
        case .null: try map(openNull(), to: 0)
        case .descriptor(let descriptor): try map(descriptor, to: 0)
        case .pipe: standardInput = try mapPipe(to: 0, childReads: true)
        }
        standardOutput = try mapOutput(spec.standardOutput, to: 1)
        standardError = try mapOutput(spec.standardError, to: 2)
        for descriptor in spec.inherited { try map(descriptor.parent, to: descriptor.child) }
    }

    deinit {
        for descriptor in owned { close(descriptor) }
        if !keepsParentEnds {
            for descriptor in [standardInput, standardOutput, standardError] {
                if let descriptor { close(descriptor) }
            }
        }
    }

    /// From here on the parent's pipe ends belong to the caller.
    func releaseParentEnds() { keepsParentEnds = true }

    private func mapOutput(_ output: ProcessSpec.Output, to target: Int32) throws(AgentError) -> Int32? {
        switch output {
        case .null: try map(openNull(), to: target)
        case .inherit: try map(target, to: target)
        case .descriptor(let descriptor): try map(descriptor, to: target)
        case .pipe: return try mapPipe(to: target, childReads: false)
        }
        return nil
    }

    private func openNull() throws(AgentError) -> Int32 {
        let descriptor = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open /dev/null", errno: errno) }
        owned.append(descriptor)
        return descriptor
    }

    private func map(_ source: Int32, to target: Int32) throws(AgentError) {
        let duplicate = fcntl(source, F_DUPFD_CLOEXEC, firstUnused)
        guard duplicate >= 0 else { throw .system(call: "fcntl(F_DUPFD_CLOEXEC)", errno: errno) }
        owned.append(duplicate)
        mapping.append((duplicate, target))
    }

    private func mapPipe(to target: Int32, childReads: Bool) throws(AgentError) -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard unsafe sallyport_pipe_cloexec(&ends) == 0 else { throw .system(call: "pipe2", errno: errno) }
        let (ours, theirs) = childReads ? (ends[1], ends[0]) : (ends[0], ends[1])
        owned.append(theirs)
        do throws(AgentError) {
            // The two ends are separate open files, so this leaves the child's end blocking.
            guard fcntl(ours, F_SETFL, O_NONBLOCK) == 0 else { throw .system(call: "fcntl(F_SETFL)", errno: errno) }
            try map(theirs, to: target)
        } catch {
            close(ours)
            throw error
        }
        return ours
    }
}
