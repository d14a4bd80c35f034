/// Whoever owns a registered descriptor.
package protocol EventHandler: AnyObject {
    /// Called on the reactor's thread, without any lock held. May register, modify and deregister anything, itself
    /// included; events of the same batch for what it deregisters are not delivered.
    func ready(_ events: Readiness, in reactor: Reactor)
}

/// Whoever has work to finish once per batch, such as flushing output that several messages produced.
package protocol BatchObserver: AnyObject {
    func batchEnded(in reactor: Reactor)
}
