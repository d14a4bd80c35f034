internal import EventLoop
package import HTTP
internal import Synchronization

/// The addresses of this host's interfaces, as they were when last looked at. Shared by all threads.
package final class HostAddresses: Sendable {
    /// Addresses come and go with interfaces, and asking the kernel for each connection would cost more than it is worth.
    static let refreshInterval = Duration.seconds(10)

    /// Nil: they could not be read.
    private let addresses: Mutex<Set<IPAddress>?>

    package init(_ addresses: Set<IPAddress>? = []) {
        self.addresses = Mutex(addresses)
    }

    func refresh() {
        let found = try? NetworkInterface.all()
        let now = found.map { Set($0.compactMap { IPAddress(octets: $0.address.bytes.span) }) }
        addresses.withLock { $0 = now }
    }

    /// - Returns: nil when nobody knows.
    func contains(_ address: IPAddress) -> Bool? {
        addresses.withLock { $0?.contains(address) }
    }
}
