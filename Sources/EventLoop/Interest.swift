internal import CLinux

/// What a registration wants to hear about. Hang-up and error are always reported.
package struct Interest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let read = Interest(rawValue: 1)
    package static let write = Interest(rawValue: 2)
    /// The peer shut down its sending side, reported as ``Readiness/hangup`` even while reading is paused.
    package static let peerShutdown = Interest(rawValue: 4)
    /// Report changes only: the handler must read or write until the socket would block.
    package static let edgeTriggered = Interest(rawValue: 8)
    /// For a listener registered with several reactors: one of them wakes, not all. Such a registration cannot be
    /// modified.
    package static let exclusive = Interest(rawValue: 16)

    internal var epollEvents: UInt32 {
        var events: UInt32 = 0
        if contains(.read) { events |= sallyport_EPOLLIN }
        if contains(.write) { events |= sallyport_EPOLLOUT }
        if contains(.peerShutdown) { events |= sallyport_EPOLLRDHUP }
        if contains(.edgeTriggered) { events |= sallyport_EPOLLET }
        if contains(.exclusive) { events |= sallyport_EPOLLEXCLUSIVE }
        return events
    }
}

/// What the kernel reports about a descriptor.
package struct Readiness: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let readable = Readiness(rawValue: 1)
    package static let writable = Readiness(rawValue: 2)
    /// Both directions are closed, or the peer's alone when ``Interest/peerShutdown`` was asked for.
    package static let hangup = Readiness(rawValue: 4)
    /// A pending socket error; ``Sockets/pendingError(_:)`` fetches it.
    package static let error = Readiness(rawValue: 8)

    internal init(epollEvents events: UInt32) {
        var value: UInt8 = 0
        if events & sallyport_EPOLLIN != 0 { value |= 1 }
        if events & sallyport_EPOLLOUT != 0 { value |= 2 }
        if events & (sallyport_EPOLLHUP | sallyport_EPOLLRDHUP) != 0 { value |= 4 }
        if events & sallyport_EPOLLERR != 0 { value |= 8 }
        self.init(rawValue: value)
    }
}
