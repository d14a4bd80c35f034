internal import Config
internal import EventLoop
internal import Files
internal import Gateway
internal import TLS

/// Whoever serves with the certificate.
protocol CertificateKeeperDelegate: AnyObject {
    var reactorCount: Int { get }
    /// New handshakes use these from now on, one for each reactor.
    func install(_ contexts: [ServerTLSContext])
    /// The certificate in use, or the one to follow, is another now.
    func certificateChanged(_ served: ServedCertificate)
}

/// The certificate's life in a running gateway: taken up when its files change, followed by the next pair when that is
/// due. Used on the control reactor's thread only.
final class CertificateKeeper {
    private static let lookInterval = Duration.seconds(2)
    private static let ticketKeyInterval = Duration.seconds(2 * 3600)

    private let files: CertificateFiles
    private let state: StateDirectory
    private let logger: Logger
    private var watch: CertificateWatch
    private var rotation = CertificateRotation()
    private var next: NextCertificate?
    private var nextStamps: [FileStamp?] = []
    private(set) var current: ServerTLSContext
    weak var delegate: (any CertificateKeeperDelegate)?

    /// Loads the pair, or makes the first; a next pair that is due takes its place before.
    /// - Parameters:
    ///   - names, addresses: of this host, for a new certificate.
    ///   - wanted: `gateway.tls`, whose names a new certificate has too.
    init(
        _ files: CertificateFiles, _ state: StateDirectory, _ logger: Logger, names: [String], addresses: [String],
        wanted: TLSSettings
    ) throws(StartFailure) {
        self.files = files
        self.state = state
        self.logger = logger
        do throws(FileError) {
            try files.next?.finishPromotion()
        } catch {
            throw StartFailure(.rotationUnfinished, "gateway tls: cannot finish the rotation: \(error)")
        }
        current = try files.loadOrGenerate(
            names: names + wanted.hostNames, addresses: addresses + wanted.addresses)
        watch = CertificateWatch(loaded: files.stamps)
        lookAtNext()
        try files.checkFingerprint(of: current.info)
        if let warning { logger.log(.warn, "tls", warning) }
        if let warning = CertificateNames.warning(
            wanted.names, current.info, isGenerated: files.next != nil, path: files.certificatePath)
        {
            logger.log(.warn, "tls", warning)
        }
        writeForChildren()
    }

    // MARK: - What others need to know

    var served: ServedCertificate {
        ServedCertificate(
            current: CertificatePins(current.info), next: next.map { CertificatePins($0.info) },
            effectiveAtMs: next?.effectiveAtMs)
    }

    /// What clients may pin now: the certificate in use, and the next while there is one.
    var pins: [String] {
        [current.info.certificateSHA256Hex] + (next.map { [$0.info.certificateSHA256Hex] } ?? [])
    }

    /// Nil while there is nothing to say about its dates.
    var warning: String? {
        let remedy =
            files.next == nil
            ? "replace \(files.certificatePath) and its key" : "replace it with: sallyport tls rotate"
        return CertificateDates.warning(current.info, now: GatewayClock.systemMs() / 1000, remedy: remedy)
    }

    // MARK: - Looking

    /// Begins to look at the files, and to change the tickets' keys.
    func start(in reactor: Reactor) {
        delegate?.certificateChanged(served)
        schedule(in: reactor)
        scheduleTicketKeys(in: reactor)
    }

    private func schedule(in reactor: Reactor) {
        _ = reactor.schedule(after: Self.lookInterval) { [weak self] reactor in
            guard let self else { return }
            self.lookAtNext()
            if self.watch.shouldReload(self.files.stamps) { self.reload(because: "the files changed") }
            self.schedule(in: reactor)
        }
    }

    private func scheduleTicketKeys(in reactor: Reactor) {
        _ = reactor.schedule(after: Self.ticketKeyInterval) { [weak self] reactor in
            guard let self else { return }
            self.current.rotateTicketKeys()
            self.scheduleTicketKeys(in: reactor)
        }
    }

    /// Looks at everything now (SIGHUP).
    func look(because reason: String) {
        rotation.retry()
        let before = current
        lookAtNext()
        if current === before { reload(because: reason) }
    }

    // MARK: - The files of the pair in use

    /// New handshakes use the pair that is there now; connections stay. A bad pair changes nothing.
    private func reload(because reason: String) {
        watch = CertificateWatch(loaded: files.stamps)
        do throws(StartFailure) {
            let replacement = try files.reload()
            guard !replacement.isEquivalent(to: current) else {
                logger.log(.info, "tls", "\(reason): the certificate is the same")
                return
            }
            try files.checkFingerprint(of: replacement.info)
            try use(replacement, because: reason)
        } catch {
            logger.log(
                .error, "tls", "\(reason): keeping the old certificate sha256:\(current.info.certificateSHA256Hex)",
                error)
        }
    }

    /// - Parameter place: what has to succeed before anybody sees the certificate.
    private func use(
        _ replacement: ServerTLSContext, because reason: String, place: () throws(StartFailure) -> Void = {}
    ) throws(StartFailure) {
        var contexts = [replacement]
        do throws(TLSError) {
            // All or none: the reactors show one certificate.
            for _ in 1..<max(delegate?.reactorCount ?? 1, 1) { contexts.append(try replacement.makeSibling()) }
        } catch {
            throw StartFailure(.certificateUnusable, "gateway tls: \(error)")
        }
        try place()
        current = replacement
        watch = CertificateWatch(loaded: files.stamps)
        delegate?.install(contexts)
        logger.log(
            .info, "tls",
            "\(reason): new connections get certificate sha256:\(replacement.info.certificateSHA256Hex) "
                + "spki sha256:\(replacement.info.spkiSHA256Hex)")
        if let warning { logger.log(.warn, "tls", warning) }
        publish()
    }

    private func publish() {
        writeForChildren()
        delegate?.certificateChanged(served)
    }

    private func writeForChildren() {
        do throws(FileError) {
            try CABundle.write(
                [current.certificatePEM] + (next.map { [$0.certificatePEM] } ?? []), ownPath: state.ownCertificates,
                bundlePath: state.caBundle)
        } catch {
            logger.log(.warn, "tls", "children will not find the certificate: \(error.description)")
        }
    }

    // MARK: - The pair to follow

    private func lookAtNext() {
        guard let nextFiles = files.next else { return }
        let stamps = nextFiles.stamps
        if stamps != nextStamps {
            nextStamps = stamps
            do throws(TLSError) {
                next = try nextFiles.read()
            } catch {
                next = nil
                logger.log(
                    .error, "tls", "the next certificate cannot be used: \(error); sallyport tls rotate --cancel")
            }
        }
        let plan = next.map {
            CertificateRotation.Plan(
                certificateSHA256: $0.info.certificateSHA256Hex, effectiveAtMs: $0.effectiveAtMs)
        }
        switch rotation.look(at: plan, nowMs: GatewayClock.systemMs()) {
        case .announce: announceNext()
        case .switchOver: switchOver(nextFiles)
        case .withdraw:
            logger.log(.info, "tls", "the next certificate was taken back")
            publish()
        case nil: break
        }
    }

    private func announceNext() {
        guard let next else { return }
        logger.log(
            .info, "tls",
            "the next certificate sha256:\(next.info.certificateSHA256Hex) spki sha256:\(next.info.spkiSHA256Hex) "
                + "takes effect in \(max(0, next.effectiveAtMs - GatewayClock.systemMs()) / 1000) s; connected clients are told"
        )
        do throws(StartFailure) {
            try files.checkFingerprint(of: next.info)
        } catch {
            logger.log(.warn, "tls", "the next certificate will not be taken", Self.unnamed(next.info))
        }
        publish()
    }

    private func switchOver(_ nextFiles: NextCertificateFiles) {
        guard let next else { return }
        do throws(StartFailure) {
            let replacement = try files.context(next.certificatePEM, next.privateKeyPEM)
            do throws(StartFailure) {
                try files.checkFingerprint(of: next.info)
            } catch {
                throw Self.unnamed(next.info)
            }
            try use(replacement, because: "the next certificate is due") { () throws(StartFailure) in
                do throws(FileError) {
                    try nextFiles.promote()
                } catch {
                    throw StartFailure(.rotationUnfinished, error.description)
                }
                self.next = nil
                nextStamps = nextFiles.stamps
                rotation.finish()
            }
        } catch {
            rotation.hold()
            logger.log(
                .error, "tls",
                "keeping the old certificate sha256:\(current.info.certificateSHA256Hex), although the next is due",
                error)
        }
    }

    private static func unnamed(_ next: CertificateInfo) -> StartFailure {
        StartFailure(
            .certificateFingerprint, "gateway.tls.fingerprint does not name it",
            hint:
                "add sha256:\(next.certificateSHA256Hex) to it, as in fingerprint: [\"<present>\", \"<next>\"], and restart"
        )
    }
}

extension CertificatePins {
    init(_ info: CertificateInfo) {
        self.init(certificateSHA256: info.certificateSHA256Hex, spkiSHA256: info.spkiSHA256Hex)
    }
}
