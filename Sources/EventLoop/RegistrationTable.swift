/// Handlers by slot. A slot's generation changes when it is vacated, which makes events and registrations that still
/// name its former tenant recognisable.
internal struct RegistrationTable {
    internal struct Slot {
        internal var handler: (any EventHandler)?
        internal var descriptor: Int32
        internal var generation: UInt32
        internal var interest: Interest
    }

    private var slots: ContiguousArray<Slot> = []
    private var vacant: [UInt32] = []

    internal var count: Int { slots.count - vacant.count }

    internal mutating func insert(
        _ handler: any EventHandler, descriptor: Int32, interest: Interest
    ) -> Registration {
        if let index = vacant.popLast() {
            let generation = slots[Int(index)].generation
            slots[Int(index)] = Slot(
                handler: handler, descriptor: descriptor, generation: generation, interest: interest)
            return Registration(index: index, generation: generation)
        }
        slots.append(Slot(handler: handler, descriptor: descriptor, generation: 0, interest: interest))
        return Registration(index: UInt32(slots.count - 1), generation: 0)
    }

    /// The handler that `registration` was made for, unless it has been removed since.
    @inline(__always)
    internal func handler(for registration: Registration) -> (any EventHandler)? {
        let index = Int(registration.index)
        guard index < slots.count, slots[index].generation == registration.generation else { return nil }
        return slots[index].handler
    }

    /// Records the new interest and returns the descriptor, or `nil` when nothing changes or the registration is
    /// stale.
    internal mutating func update(_ registration: Registration, to interest: Interest) -> Int32? {
        let index = Int(registration.index)
        guard index < slots.count, slots[index].generation == registration.generation,
            slots[index].handler != nil, slots[index].interest != interest
        else { return nil }
        slots[index].interest = interest
        return slots[index].descriptor
    }

    /// Vacates the slot. The handler comes out with it, so that the caller decides when it may be destroyed.
    internal mutating func remove(_ registration: Registration) -> Slot? {
        let index = Int(registration.index)
        guard index < slots.count, slots[index].generation == registration.generation,
            slots[index].handler != nil
        else { return nil }
        let slot = slots[index]
        slots[index].handler = nil
        slots[index].generation &+= 1
        vacant.append(registration.index)
        return slot
    }

    internal mutating func removeAll() -> ContiguousArray<Slot> {
        var former: ContiguousArray<Slot> = []
        swap(&former, &slots)
        vacant = []
        return former
    }
}
