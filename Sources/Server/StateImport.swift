internal import Files
internal import Gateway
internal import Glibc
internal import JSON
internal import Store
internal import Synchronization
internal import Trust
internal import Wire

/// Takes paired devices and conversations of an OpenClaw state directory into ours, which no gateway may use meanwhile.
///
/// What is here already stays as it is, so a second import changes nothing. The source is only read.
package final class StateImport {
    /// What became of one record, or of one thing in it.
    package struct Outcome: Equatable, Sendable {
        package enum Kind: String, Sendable {
            case imported, unchanged, noted, skipped
        }

        package let kind: Kind
        package let what: String
        package let why: String?
        /// It cannot be read; somebody has to look at it.
        package let isDamage: Bool

        package init(_ kind: Kind, _ what: String, _ why: String? = nil, isDamage: Bool = false) {
            self.kind = kind
            self.what = what
            self.why = why
            self.isDamage = isDamage
        }
    }

    private static let maxBytes = 16 << 20

    let state: StateDirectory
    private let lock: FileLock?
    /// Says what would be done, and makes and changes no file.
    let isDryRun: Bool

    package init(into state: StateDirectory, isDryRun: Bool) throws(StartFailure) {
        self.state = state
        self.isDryRun = isDryRun
        try GatewayServer.checkIsPrivate(state)
        // Where there is no store yet, there is nothing that a gateway could be changing.
        guard !isDryRun || Files.exists(state.database) else {
            lock = nil
            return
        }
        do throws(FileError) {
            if !isDryRun { try state.prepare() }
            lock = try FileLock(state.lockFile, holder: "sallyport import, process \(getpid())")
        } catch {
            guard case .locked(_, let holder) = error else {
                throw StartFailure(.stateUnusable, "cannot use the state directory: \(error.description)")
            }
            throw StartFailure(
                .importBesideGateway,
                "the state directory \(state.path) is in use (\(holder))",
                hint: "stop the gateway first: sallyport import changes what it holds in memory")
        }
    }

    /// - Parameter path: of a `devices/paired.json`; without that file there is nothing to do.
    package func importDevices(_ path: String, nowMs: Int64) throws(StartFailure) -> [Outcome]? {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try Files.read(path, maxBytes: Self.maxBytes)
        } catch {
            guard error.isMissing else { throw StartFailure(.importFile, "cannot read \(error.description)") }
            return nil
        }
        let document: JSON
        do throws(JSONError) {
            document = try JSONParser.parse(bytes)
        } catch {
            throw StartFailure(
                .importFile, "\(path): not readable as JSON (\(error.description)); nothing was imported from it")
        }
        guard let file = PairedDevicesFile(document, nowMs: nowMs) else {
            throw StartFailure(.importFile, "\(path): is no object of devices; nothing was imported from it")
        }
        let remarks = file.remarks.map {
            Outcome($0.isDamage ? .skipped : .noted, $0.what, $0.why, isDamage: $0.isDamage)
        }
        guard !isDryRun || lock != nil else {
            return file.devices.map { Outcome(.imported, Self.text($0)) } + remarks
        }
        do throws(StoreError) {
            return try take(file.devices, nowMs: nowMs) + remarks
        } catch {
            throw StartFailure(.importStore, "cannot change the store, no device was imported: \(error)")
        }
    }

    private func take(_ devices: [PairedDevice], nowMs: Int64) throws(StoreError) -> [Outcome] {
        let store = try SQLiteStore(path: state.database)
        defer { store.close() }
        let snapshot = try store.load(nowMs: nowMs)
        let paired = Set(snapshot.devices.map(\.deviceId))
        let derived = Set(snapshot.grants.map(\.childDeviceId))
        var operations: [StoreOperation] = []
        var outcomes: [Outcome] = []
        for device in devices {
            let what = Self.text(device)
            if paired.contains(device.deviceID) {
                outcomes.append(Outcome(.unchanged, what, "is paired here already"))
            } else if derived.contains(device.deviceID) {
                outcomes.append(Outcome(.skipped, what, "is derived here, and derived devices are never paired"))
            } else {
                operations.append(.putDevice(device.record, expectedRevision: 0))
                operations += device.tokens.values.map { .putDeviceToken($0.record(deviceID: device.deviceID)) }
                outcomes.append(Outcome(.imported, what))
            }
        }
        guard !isDryRun, !operations.isEmpty else { return outcomes }
        let result = Mutex<Result<Void, StoreError>>(.failure(.closed))
        store.commit(operations) { outcome in result.withLock { $0 = outcome } }
        // Waits for the commit.
        store.close()
        try result.withLock { $0 }.get()
        return outcomes
    }

    private static func text(_ device: PairedDevice) -> String {
        let revoked = device.tokens.values.filter { $0.revokedAtMs != nil }.map(\.role).sorted()
        return "device \(device.deviceID) (\(device.roles.joined(separator: ", ")); "
            + (device.approvedScopes.isEmpty ? "no scopes" : device.approvedScopes.names.joined(separator: ", "))
            + (revoked.isEmpty ? ")" : "; token revoked: \(revoked.joined(separator: ", ")))")
    }
}
