internal import Glibc

enum Signals {
    static func restoreDefaults() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_UNBLOCK, &all, nil)
    }
}
