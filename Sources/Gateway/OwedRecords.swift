internal import Store

/// Records of trust and of runs of which the disk may have another version than memory, because a commit of them has failed.
struct OwedRecords: Sendable {
    enum Record: Hashable, Sendable {
        case device(String)
        case pending(requestID: String)
        case invitation(id: String)
        case grant(deviceID: String)
        case run(id: String)
    }

    /// Requests come from strangers, and are over by themselves.
    static let maxPending = 1024

    private var records: Set<Record> = []
    private var pendingCount = 0

    var isEmpty: Bool { records.isEmpty }

    func contains(_ record: Record) -> Bool { records.contains(record) }

    mutating func note(_ operations: [StoreOperation]) {
        for operation in operations {
            guard let record = Self.record(of: operation) else { continue }
            if case .pending = record {
                guard pendingCount < Self.maxPending else { continue }
                if records.insert(record).inserted { pendingCount += 1 }
            } else {
                records.insert(record)
            }
        }
    }

    /// Takes out what `isReady`.
    mutating func take(where isReady: (Record) -> Bool) -> [Record] {
        let taken = records.filter(isReady)
        records.subtract(taken)
        pendingCount = records.count { if case .pending = $0 { true } else { false } }
        return Array(taken)
    }

    private static func record(of operation: StoreOperation) -> Record? {
        switch operation {
        case .putDevice(let record, _): .device(record.deviceId)
        case .removeDevice(let deviceID): .device(deviceID)
        case .putDeviceToken(let record, _): .device(record.deviceId)
        case .removeDeviceToken(let deviceID, _): .device(deviceID)
        case .putPending(let record, _): .pending(requestID: record.requestId)
        case .removePending(let requestID): .pending(requestID: requestID)
        case .putInvitation(let record, _): .invitation(id: record.id)
        case .removeInvitation(let id): .invitation(id: id)
        case .putGrant(let record, _): .grant(deviceID: record.childDeviceId)
        case .deleteGrant(let deviceID): .grant(deviceID: deviceID)
        case .putRun(let record, _): .run(id: record.runId)
        default: nil
        }
    }
}
