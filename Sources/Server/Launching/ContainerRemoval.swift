internal import Agents
internal import EventLoop

/// Keeps an engine's client until it has ended.
final class ContainerRemoval: EventHandler, Hashable {
    private let child: ChildProcess
    private let onEnd: (ContainerRemoval) -> Void
    private var registration: Registration?

    init(_ child: ChildProcess, onEnd: @escaping (ContainerRemoval) -> Void) {
        self.child = child
        self.onEnd = onEnd
    }

    func watch(in reactor: Reactor) {
        registration = try? reactor.register(child.pidfd, for: .read, handler: self)
    }

    func ready(_ events: Readiness, in reactor: Reactor) {
        guard child.reap() != nil else { return }
        if let registration { reactor.deregister(registration) }
        registration = nil
        onEnd(self)
    }

    static func == (left: ContainerRemoval, right: ContainerRemoval) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
