/// What doctor looks for and somebody should know of. What it finds of the configuration, of a start or of a connection has
/// the code that it has there.
enum FindingRule: String, CaseIterable, Sendable {
    case noConfigurationFile = "no-configuration-file"
    case agentWithoutCommand = "agent-without-command"
    case agentProgram = "agent-program"
    case shortToken = "short-token"
    case plaintextBeyondLoopback = "plaintext-beyond-loopback"
    case pairingNotEnforced = "pairing-not-enforced"
    // The state directory
    case stateOwner = "state-owner"
    case stateLink = "state-link"
    case stateOpen = "state-open"
    case leftoverFile = "leftover-file"
    case diskReadOnly = "disk-read-only"
    case diskFull = "disk-full"
    case diskScarce = "disk-scarce"
    // The certificate
    case halfPair = "half-pair"
    case certificateOutOfDate = "certificate-out-of-date"
    case certificateExpires = "certificate-expires"
    case certificateNames = "certificate-names"
    case certificateNotServed = "certificate-not-served"
    // The host
    case containerLoopback = "container-loopback"
    case fewDescriptors = "few-descriptors"
    case serviceInactive = "service-inactive"
    case clockUnkept = "clock-unkept"
    // The running gateway
    case gatewayNotRunning = "gateway-not-running"
    case addressNotReached = "address-not-reached"
    case gatewayWarning = "gateway-warning"
    case otherVersion = "other-version"
    case clockSkew = "clock-skew"
    case runsWaiting = "runs-waiting"
    case workerSilent = "worker-silent"
    case workerDrained = "worker-drained"
    case poolEmpty = "pool-empty"
    case poolStarved = "pool-starved"
    case unnamedProxy = "unnamed-proxy"
    case loggedErrors = "logged-errors"

    var check: Finding.Check {
        switch self {
        case .noConfigurationFile: .configuration
        case .agentWithoutCommand, .agentProgram: .agents
        case .shortToken, .plaintextBeyondLoopback, .pairingNotEnforced: .secrets
        case .stateOwner, .stateLink, .stateOpen: .permissions
        case .leftoverFile: .leftovers
        case .diskReadOnly, .diskFull, .diskScarce: .disk
        case .halfPair, .certificateOutOfDate, .certificateExpires, .certificateNames, .certificateNotServed:
            .certificate
        case .containerLoopback: .container
        case .fewDescriptors: .descriptors
        case .serviceInactive: .service
        case .gatewayNotRunning, .gatewayWarning, .otherVersion: .gateway
        case .addressNotReached: .reachability
        case .clockUnkept, .clockSkew: .clock
        case .runsWaiting: .workers
        case .workerSilent, .workerDrained, .poolEmpty, .poolStarved: .pools
        case .unnamedProxy: .proxy
        case .loggedErrors: .log
        }
    }

    var severity: Finding.Severity {
        switch self {
        case .stateOwner, .stateOpen, .diskReadOnly, .diskFull, .halfPair, .certificateOutOfDate,
            .certificateNotServed, .addressNotReached, .clockSkew:
            .error
        case .agentProgram, .shortToken, .plaintextBeyondLoopback, .pairingNotEnforced, .stateLink, .leftoverFile,
            .diskScarce, .certificateExpires, .certificateNames, .containerLoopback, .fewDescriptors,
            .serviceInactive, .gatewayWarning, .otherVersion, .workerSilent, .poolStarved, .unnamedProxy,
            .loggedErrors:
            .warning
        case .noConfigurationFile, .agentWithoutCommand, .clockUnkept, .gatewayNotRunning, .runsWaiting,
            .workerDrained, .poolEmpty:
            .info
        }
    }
}
