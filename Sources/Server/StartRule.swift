/// What has to hold for a gateway to start, and for its state to be copied or filled while it is away.
package enum StartRule: String, CaseIterable, Sendable {
    case servesElsewhere = "serves-elsewhere"
    case proxyRange = "proxy-range"
    case proxyIsBridge = "proxy-is-bridge"
    case preauthLimit = "preauth-limit"
    // The state directory
    case stateShared = "state-shared"
    case stateInUse = "state-in-use"
    case stateUnusable = "state-unusable"
    case storeUnusable = "store-unusable"
    case gatewayIdentity = "gateway-identity"
    case tokenFile = "token-file"
    case logFile = "log-file"
    // Listeners
    case listenAddress = "listen-address"
    case listenersConflict = "listeners-conflict"
    case portInUse = "port-in-use"
    case socketInUse = "socket-in-use"
    case noFreePort = "no-free-port"
    case cannotListen = "cannot-listen"
    // TLS
    case certificateUnusable = "certificate-unusable"
    case clientAuthorities = "client-authorities"
    case certificateFingerprint = "certificate-fingerprint"
    case rotationUnfinished = "rotation-unfinished"
    // Isolation of commands
    case isolationType = "isolation-type"
    case isolationBind = "isolation-bind"
    case isolationUser = "isolation-user"
    case isolationGroup = "isolation-group"
    case isolationOwnUser = "isolation-own-user"
    case isolationCapabilities = "isolation-capabilities"
    case isolationDirectory = "isolation-directory"
    case bubblewrapMissing = "bubblewrap-missing"
    case bubblewrapRefused = "bubblewrap-refused"
    case engineMissing = "engine-missing"
    case engineSilent = "engine-silent"
    // The host
    case ownProgram = "own-program"
    case hostResources = "host-resources"
    // `sallyport backup` and `sallyport import`
    case backupSource = "backup-source"
    case backupTarget = "backup-target"
    case backupFailed = "backup-failed"
    case importBesideGateway = "import-beside-gateway"
    case importSource = "import-source"
    case importFile = "import-file"
    case importStore = "import-store"

    /// 78 for what only a changed configuration, or another one at this place, mends: nobody tries it again. 1 for the rest.
    package var exitCode: Int32 {
        switch self {
        case .noFreePort, .ownProgram, .hostResources, .backupFailed, .importBesideGateway, .importSource, .importFile,
            .importStore:
            1
        default: 78
        }
    }
}
