/// Names one registered descriptor of one reactor. Stale after `deregister`; using it then does nothing.
package struct Registration: Hashable, Sendable {
    internal let index: UInt32
    internal let generation: UInt32

    /// What epoll carries for us, so that an event finds its slot and proves that it is not older than it.
    internal var epollData: UInt64 {
        UInt64(generation) << 32 | UInt64(index)
    }

    internal init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    internal init(epollData: UInt64) {
        index = UInt32(truncatingIfNeeded: epollData)
        generation = UInt32(truncatingIfNeeded: epollData >> 32)
    }
}
