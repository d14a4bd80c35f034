internal import Config
internal import EventLoop
internal import Files
internal import Gateway
internal import HTTP
internal import JSON
internal import Wire

/// Reads the configuration again when its files change, and writes them for those who may. On a thread of its own: nobody
/// else waits for a disk.
final class ConfigKeeper: ConfigurationDesk, @unchecked Sendable {
    // @unchecked: what can change is touched on its own thread only; the rest is immutable.

    typealias Prepare = @Sendable (Configuration) -> Result<ReloadPreparations, StartFailure>
    typealias Apply = @Sendable (ReloadedConfiguration, _ done: @escaping @Sendable () -> Void) -> Void

    private static let lookInterval = Duration.seconds(2)
    /// A file that is written for longer than this is read in the midst of it.
    private static let maxPostponements = 20

    let source: ConfigSource
    let logger: Logger
    private let apply: Apply
    /// Looks up on this host what a valid configuration names.
    let prepare: Prepare
    private let started: Configuration
    private(set) var applied: Configuration
    private var lastPlan: ReloadPlan?
    private var paths: Set<String> = []
    private var watch = ConfigWatch(read: [:])
    private var notifications: DirectoryWatch?
    private var settling: TimerToken?
    private var postponements = 0
    private var thread: ReactorThread?

    /// - Parameter apply: makes a configuration the running one, as far as the plan says, then calls `done`.
    init(
        _ source: ConfigSource, started: Configuration, logger: Logger,
        prepare: @escaping Prepare, apply: @escaping Apply
    ) {
        self.source = source
        self.prepare = prepare
        self.started = started
        applied = started
        self.logger = logger
        self.apply = apply
    }

    // MARK: - Life

    func start() throws(EventLoopError) {
        thread = try Reactor.spawnThread(name: "config") { [self] reactor in begin(in: reactor) }
    }

    func stop() {
        thread?.handle.stop()
        thread?.join()
    }

    private func begin(in reactor: Reactor) {
        paths = (try? source.read())?.paths ?? []
        paths.formUnion(started.files)
        watch = ConfigWatch(read: stamps())
        do throws(EventLoopError) {
            notifications = try DirectoryWatch(on: reactor) { [weak self] names, reactor in
                self?.changed(names, in: reactor)
            }
        } catch {
            logger.log(.info, "config", "files are looked at every 2 s, as the kernel tells nothing: \(error)")
        }
        watchDirectories()
        look(in: reactor)
    }

    private func watchDirectories() {
        notifications?.watch(Set(paths.map(Files.parent(of:))))
    }

    func stamps() -> ConfigWatch.Stamps {
        Dictionary(uniqueKeysWithValues: paths.compactMap { path in FileStamp(path).map { (path, $0) } })
    }

    // MARK: - Looking

    private var isOff: Bool { applied.gateway.reload.mode == .off }

    private func look(in reactor: Reactor) {
        if !isOff, watch.shouldRead(stamps(), isSettled: false) { reload(because: "the files changed") }
        reactor.schedule(after: Self.lookInterval) { [weak self] reactor in self?.look(in: reactor) }
    }

    private func changed(_ names: Set<String>, in reactor: Reactor) {
        let isOurs = names.isEmpty || paths.contains { names.contains(PathName.last(of: $0)) }
        guard isOurs, !isOff else { return }
        if let settling {
            guard postponements < Self.maxPostponements else { return }
            postponements += 1
            reactor.cancel(settling)
        }
        settling = reactor.schedule(after: applied.gateway.reload.debounce) { [weak self] _ in
            guard let self else { return }
            settling = nil
            postponements = 0
            watchDirectories()
            if watch.shouldRead(stamps(), isSettled: true) { reload(because: "the files changed") }
        }
    }

    /// Reads everything now (SIGHUP), in whatever mode.
    func look(because reason: String) {
        thread?.handle.enqueue { [self] _ in reload(because: reason) }
    }

    // MARK: - Taking up

    private func reload(because reason: String) {
        let before = stamps()
        guard let reading = try? source.read() else { return }
        take(reading, stampedAs: before, because: reason) { _ in }
    }

    /// Takes up what was read, or keeps what there is and says why.
    ///
    /// - Parameters:
    ///   - before: the files as they were when the reading began; one that was written meanwhile is read again.
    ///   - done: called once it is the running one; with nil when the reading is no good.
    func take(
        _ reading: ConfigSource.Reading, stampedAs before: ConfigWatch.Stamps, because reason: String,
        done: @escaping @Sendable (ReloadPlan?) -> Void
    ) {
        let known = paths
        paths = reading.paths.union(reading.result.configuration?.files ?? started.files)
        let kept = before.filter { paths.contains($0.key) }
        watch = ConfigWatch(read: kept.merging(stamps().filter { !known.contains($0.key) }) { $1 })
        watchDirectories()
        guard let (next, preparations) = usable(reading) else { return done(nil) }
        let plan = ReloadPlan(started: started, applied: applied, next: next)
        applied = next
        let isNews = plan != lastPlan
        lastPlan = plan
        let reloaded = ReloadedConfiguration(
            configuration: next, plan: plan, preparations: preparations,
            warnings: reading.result.warnings.map(\.description),
            configPath: reading.locations.configFile)
        apply(reloaded) { [self] in
            // Said when it is true.
            tell(reading.result.warnings, plan, isNews: isNews, because: reason)
            done(plan)
        }
    }

    private func tell(_ warnings: [ConfigProblem], _ plan: ReloadPlan, isNews: Bool, because reason: String) {
        for warning in warnings where isNews { logger.log(.warn, "config", warning.logLine) }
        if plan.applied.isEmpty {
            logger.log(.info, "config", "\(reason): nothing to apply")
        } else {
            logger.log(.info, "config", "\(reason): config reload applied: \(plan.applied.joined(separator: ", "))")
        }
        if isNews, !plan.restart.isEmpty {
            logger.log(
                .warn, "config",
                "restart needed for: \(plan.restart.joined(separator: ", ")); run: sallyport gateway restart")
        }
    }

    private func usable(_ reading: ConfigSource.Reading) -> (Configuration, ReloadPreparations)? {
        guard let next = reading.result.configuration else {
            for error in reading.result.errors {
                let line = "config reload skipped (invalid config): \(error.logLine) (rule=\(error.rule.rawValue))"
                logger.log(LogLine(.error, "config", line, ids: [.rule: error.rule.rawValue]))
            }
            return nil
        }
        // Without it, defaults would take the place of everything.
        guard reading.main != nil || started.files.isEmpty && applied.files.isEmpty else {
            logger.log(.error, "config", "config reload skipped: the configuration file is gone")
            return nil
        }
        switch prepare(next) {
        case .success(let preparations): return (next, preparations)
        case .failure(let failure):
            logger.log(.error, "config", "config reload skipped", failure)
            return nil
        }
    }

    // MARK: - config.*

    func take(
        _ request: ConfigRequest, answer: @escaping @Sendable (Result<JSON, GatewayError>) -> Void
    ) {
        guard let thread else {
            return answer(.failure(GatewayError(.unavailable, .gatewayStarting, retryable: true)))
        }
        thread.handle.enqueue { [self] _ in perform(request, answer: answer) }
    }
}

/// A valid configuration, and what of it can be applied now.
struct ReloadedConfiguration: Sendable {
    let configuration: Configuration
    let plan: ReloadPlan
    let preparations: ReloadPreparations
    let warnings: [String]
    let configPath: String?
}

/// What a configuration names, found on this host.
struct ReloadPreparations: Sendable {
    let trust: ProxyTrust
    /// By the ids of the agents.
    let isolations: [String: Isolation]
    let warnings: [String]
}

extension ConfigProblem {
    /// On one line.
    var logLine: String {
        "\(location.map { "\($0): " } ?? "")\(message)\(remedy.map { " (\($0))" } ?? "")"
    }
}

/// The last part of a path.
enum PathName {
    static func last(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
