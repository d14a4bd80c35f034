internal import EventLoop
internal import Glibc
internal import JSON

/// What a gateway that replaces itself (`gateway restart`) leaves to the program that takes its place: the listening
/// sockets, so that whoever connects meanwhile waits and is not refused, the lock on the state, and the workers.
///
/// It travels in the environment, and only to the same process.
struct Handover: Equatable, Sendable {
    static let variable = "SALLYPORT_HANDOVER"

    struct Worker: Equatable, Sendable {
        let runID: String
        let pid: Int32
    }

    var listeners: [Int32] = []
    var lock: Int32?
    var workers: [Worker] = []

    /// Nothing for anybody but the process that wrote it: the variable may have been inherited further.
    init(environment: [String: String], pid: Int32 = getpid()) {
        guard let text = environment[Self.variable], let json = try? JSONParser.parse(Array(text.utf8)),
            json["pid"]?.integer == Int64(pid)
        else { return }
        func descriptor(_ json: JSON?) -> Int32? { json?.integer.flatMap { Int32(exactly: $0) } }
        listeners = json["listeners"]?.array?.compactMap { descriptor($0) } ?? []
        lock = descriptor(json["lock"])
        workers =
            json["workers"]?.array?.compactMap { entry in
                guard let runID = entry["runId"]?.string, let pid = descriptor(entry["pid"]) else { return nil }
                return Worker(runID: runID, pid: pid)
            } ?? []
    }

    init(listeners: [Int32], lock: Int32, workers: [Worker]) {
        self.listeners = listeners
        self.lock = lock
        self.workers = workers
    }

    func text(pid: Int32) -> String {
        var object = JSONObject([
            ("pid", .integer(Int64(pid))), ("listeners", .array(listeners.map { .integer(Int64($0)) })),
            (
                "workers",
                .array(workers.map { ["runId": .string($0.runID), "pid": .integer(Int64($0.pid))] })
            ),
        ])
        object["lock"] = lock.map { .integer(Int64($0)) }
        return String(decoding: JSON.object(object).serialized(), as: UTF8.self)
    }
}
