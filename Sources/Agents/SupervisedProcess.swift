/// A process somebody waits for and may end: a child, or one that an earlier life of ours has started.
package protocol SupervisedProcess: AnyObject, Sendable {
    var pid: Int32 { get }
    /// Readable once the process has exited.
    var pidfd: Int32 { get }
    /// How it ended; nil while it runs. Its number is not given to others before ``reap()``, if that is up to us.
    func peek() -> ExitStatus?
    func reap() -> ExitStatus?
    func signal(_ signal: Int32)
    /// Signals it and what is in its process group, as far as they can be told from strangers.
    func signalGroup(_ signal: Int32)
}

extension ChildProcess: SupervisedProcess {}
