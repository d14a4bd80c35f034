/// What the command line itself can fail by. A failure names its case; kind and exit code follow from it.
enum CommandRule: String, CaseIterable, Sendable {
    // The line as it was typed.
    case unknownCommand = "cli-unknown-command"
    case unknownOption = "cli-unknown-option"
    case missingValue = "cli-missing-value"
    case unexpectedValue = "cli-unexpected-value"
    case operands = "cli-operands"
    case missingOption = "cli-missing-option"
    case excludingOptions = "cli-excluding-options"
    case invalidChoice = "cli-invalid-choice"
    case invalidNumber = "cli-invalid-number"
    case invalidTime = "cli-invalid-time"
    case invalidName = "cli-invalid-name"
    case invalidPin = "cli-invalid-pin"
    case invalidURL = "cli-invalid-url"
    case invalidJSON = "cli-invalid-json"
    case invalidPath = "cli-invalid-path"
    case unknownCode = "cli-unknown-code"
    case noTunnel = "cli-no-tunnel"

    // Files of this host.
    case location = "cli-location"
    case stateDirectory = "cli-state-directory"
    case unknownSetting = "cli-unknown-setting"
    case settingNotSet = "cli-setting-not-set"
    case foreignConfiguration = "cli-foreign-configuration"
    case configurationEdit = "cli-configuration-edit"
    case configurationWrite = "cli-configuration-write"
    case remoteURL = "cli-remote-url"
    case remoteCertificate = "cli-remote-certificate"
    case clientCertificate = "cli-client-certificate"
    case identity = "cli-identity"
    case outputFile = "cli-output-file"
    case system = "cli-system"

    // The certificate.
    case certificateUnreadable = "cli-certificate-unreadable"
    case noCertificate = "cli-no-certificate"
    case nextCertificateUnreadable = "cli-next-certificate-unreadable"
    case otherCertificate = "cli-other-certificate"
    case ownCertificate = "cli-own-certificate"
    case withoutTLS = "cli-without-tls"
    case pinnedCertificate = "cli-pinned-certificate"
    case rotationPending = "cli-rotation-pending"
    case noRotation = "cli-no-rotation"
    case rotationLock = "cli-rotation-lock"
    case rotationFailed = "cli-rotation-failed"
    case rotationDelayed = "cli-rotation-delayed"

    // The service.
    case noService = "cli-no-service"
    case noServiceManager = "cli-no-service-manager"
    case otherUnit = "cli-other-unit"
    case serviceManager = "cli-service-manager"
    case supervisor = "cli-supervisor"
    case ownProgram = "cli-own-program"
    case didNotStart = "cli-did-not-start"
    case stillStarting = "cli-still-starting"
    case stillRunning = "cli-still-running"
    case signalRefused = "cli-signal-refused"
    case restartInPlace = "cli-restart-in-place"

    // Workers.
    case notByHand = "cli-not-by-hand"
    case notEnrolled = "cli-not-enrolled"
    case confinement = "cli-confinement"

    // What is asked of a gateway.
    case noGateway = "cli-no-gateway"
    case urlWithoutCredentials = "cli-url-without-credentials"
    case ambiguousDevice = "cli-ambiguous-device"
    case spawnRefused = "cli-spawn-refused"

    // The connection to it.
    case unreachable = "cli-unreachable"
    case timeout = "cli-timeout"
    case connectionClosed = "cli-connection-closed"
    case untrustedCertificate = "cli-untrusted-certificate"
    case pinMismatch = "cli-pin-mismatch"
    case clientCertificateRefused = "cli-client-certificate-refused"
    case peerWithoutTLS = "cli-peer-without-tls"
    case plaintextRefused = "cli-plaintext-refused"
    case tls = "cli-tls"
    case proxyRefused = "cli-proxy-refused"
    case proxyUnusable = "cli-proxy-unusable"
    case upgradeRefused = "cli-upgrade-refused"
    case protocolViolation = "cli-protocol-violation"
    case messageTooLarge = "cli-message-too-large"
    case sendQueueFull = "cli-send-queue-full"
    case interrupted = "cli-interrupted"
}

extension CommandRule {
    var kind: CommandFailure.Kind {
        switch self {
        case .unknownCommand, .unknownOption, .missingValue, .unexpectedValue, .operands, .missingOption,
            .excludingOptions, .invalidChoice, .invalidNumber, .invalidTime, .invalidName, .invalidPin, .invalidURL,
            .invalidJSON, .invalidPath, .unknownCode, .noTunnel:
            .usage
        case .location, .stateDirectory, .foreignConfiguration, .configurationEdit, .configurationWrite, .remoteURL,
            .remoteCertificate, .certificateUnreadable, .ownCertificate, .withoutTLS, .pinnedCertificate, .didNotStart:
            .configuration
        case .noGateway, .unreachable, .timeout, .connectionClosed, .untrustedCertificate, .pinMismatch,
            .clientCertificateRefused, .peerWithoutTLS, .plaintextRefused, .tls, .proxyRefused, .proxyUnusable,
            .upgradeRefused, .protocolViolation, .sendQueueFull, .interrupted:
            .transport
        case .spawnRefused, .messageTooLarge: .refused
        case .unknownSetting, .settingNotSet, .clientCertificate, .identity, .outputFile, .system, .noCertificate,
            .nextCertificateUnreadable, .otherCertificate, .rotationPending, .noRotation, .rotationLock,
            .rotationFailed, .rotationDelayed, .noService, .noServiceManager, .otherUnit, .serviceManager, .supervisor,
            .ownProgram, .stillStarting, .stillRunning, .signalRefused, .restartInPlace, .notByHand, .notEnrolled,
            .confinement, .urlWithoutCredentials, .ambiguousDevice:
            .command
        }
    }

    var exitCode: Int32 {
        switch self {
        case .stillStarting: 2
        // What a shell says for a command that it cannot run.
        case .confinement: 127
        default:
            switch kind {
            case .usage: 2
            case .configuration: 78
            case .transport, .refused, .command: 1
            }
        }
    }
}
