internal import Errors

extension FindingRule: Catalogued {
    static let family = ErrorFamily.finding

    var text: ErrorText {
        switch self {
        case .noConfigurationFile:
            ErrorText(
                "there is no configuration file, and defaults hold",
                rule: "defaults serve loopback with TLS and a token",
                remedy: "none is needed; to have other settings: sallyport config set")
        case .agentWithoutCommand:
            ErrorText(
                "an agent has no command", rule: "an agent has a command, or speaks ACP",
                remedy: "set agents.list[].exec.command or agents.list[].runtime.acp.command")
        case .agentProgram:
            ErrorText(
                "the program of an agent is not there", rule: "the gateway's user finds what an agent runs",
                remedy: "install it, or correct agents.list[].exec.command; the PATH is that of the gateway")
        case .shortToken:
            ErrorText(
                "the token is short, and the gateway listens beyond loopback",
                rule: "a token that can be tried from elsewhere has at least 16 characters",
                remedy: "remove gateway.auth.token to have a strong one generated, or set a longer one")
        case .plaintextBeyondLoopback:
            ErrorText(
                "TLS is off, and the gateway listens beyond loopback", rule: "tokens are not to be read on the way",
                remedy: "set gateway.tls.enabled: true")
        case .pairingNotEnforced:
            ErrorText(
                "any device with the token is let in", rule: "devices are paired, or of a live lineage",
                remedy: "remove gateway.security.enforcePairing")
        case .stateOwner:
            ErrorText(
                "a file of the state directory belongs to another user",
                rule: "state and keys are the gateway's user's",
                remedy: "chown it to the user that the gateway runs as, or run sallyport doctor as that user")
        case .stateLink:
            ErrorText(
                "a file of the state directory is a link", rule: "state and keys lie in the state directory itself",
                remedy: "put the file itself there")
        case .stateOpen:
            ErrorText(
                "a file of the state directory is open to other users", rule: "keys and tokens are for one user",
                remedy: "sallyport doctor --fix closes it")
        case .leftoverFile:
            ErrorText(
                "there is a file of a process that is gone", rule: "what a gateway or a supervisor makes goes with it",
                remedy: "sallyport doctor --fix removes it")
        case .diskReadOnly:
            ErrorText(
                "the state directory is on a read-only file system", rule: "state is written before it is acknowledged",
                remedy: "mount it writable, or name another directory with --state-dir")
        case .diskFull:
            ErrorText(
                "the file system of the state directory is full", rule: "at least 16 MiB and a file are free",
                remedy: "make room: what cannot be written is refused")
        case .diskScarce:
            ErrorText(
                "the file system of the state directory is nearly full", rule: "at least 256 MiB are free",
                remedy: "make room before writing fails")
        case .halfPair:
            ErrorText(
                "of certificate and key one is missing", rule: "a pair is whole, or it is made anew",
                remedy: "restore the other, or remove both and let them be made anew, which clients have to pin anew")
        case .certificateOutOfDate:
            ErrorText(
                "the certificate has expired, or is not valid yet", rule: "a certificate is served within its dates",
                remedy: "sallyport tls rotate, or replace the files of gateway.tls.certPath and gateway.tls.keyPath")
        case .certificateExpires:
            ErrorText(
                "the certificate expires soon", rule: "it is replaced before",
                remedy: "sallyport tls rotate, or replace the files of gateway.tls.certPath and gateway.tls.keyPath")
        case .certificateNames:
            ErrorText(
                "the certificate lacks a name or an address by which the gateway is dialled",
                rule: "a certificate names what clients without a pin dial, and what gateway.tls.names has",
                remedy: "sallyport tls rotate, or replace the files of gateway.tls.certPath and gateway.tls.keyPath")
        case .certificateNotServed:
            ErrorText(
                "the gateway serves another certificate than its file has",
                rule: "a changed certificate is taken up, unless it cannot be used",
                remedy: "see why the log says that it keeps the old one: sallyport logs; then sallyport gateway restart"
            )
        case .containerLoopback:
            ErrorText(
                "the gateway listens on loopback inside a container",
                rule: "published ports arrive at another interface",
                remedy: "set gateway.bind: \"lan\"")
        case .fewDescriptors:
            ErrorText(
                "few descriptors may be open", rule: "each connection needs a descriptor, and the gateway 256 more",
                remedy: "raise the limit: ulimit -n, LimitNOFILE=")
        case .serviceInactive:
            ErrorText(
                "the unit is installed, and not active", rule: "an installed gateway runs",
                remedy: "sallyport gateway start")
        case .clockUnkept:
            ErrorText(
                "nothing that the kernel knows of keeps the clock", rule: "device proofs are good for 120 s",
                remedy: "timedatectl set-ntp true, or see that the host keeps it")
        case .gatewayNotRunning:
            ErrorText(
                "no gateway runs on the state directory", rule: "what needs a gateway is not looked at without one",
                remedy: "sallyport gateway start")
        case .addressNotReached:
            ErrorText(
                "an address that the gateway listens on is not reached from its host",
                rule: "the gateway answers on each of its addresses",
                remedy: "look for a firewall, or for another process on this address")
        case .gatewayWarning:
            ErrorText(
                "the gateway itself warns of something", rule: "a gateway says what weakens or hinders it",
                remedy: "see sallyport gateway status, and docs/security.md")
        case .otherVersion:
            ErrorText(
                "another version runs than this one", rule: "an upgraded gateway is restarted",
                remedy: "sallyport gateway restart")
        case .clockSkew:
            ErrorText(
                "the gateway's clock differs from this host's", rule: "device proofs are good for 120 s",
                remedy: "set both clocks by NTP")
        case .runsWaiting:
            ErrorText(
                "runs wait for a worker", rule: "as many run at a time as may",
                remedy: "raise agents.defaults.subagents.maxConcurrent, or end others: sallyport sessions kill")
        case .workerSilent:
            ErrorText(
                "a worker of a pool is not heard of", rule: "a worker says something every few seconds",
                remedy: "see that it runs and reaches the gateway: sallyport workers list")
        case .workerDrained:
            ErrorText(
                "a worker of a pool is drained", rule: "a drained worker gets no more runs",
                remedy: "sallyport workers drain ID --resume gives it runs again")
        case .poolEmpty:
            ErrorText(
                "a pool has no worker that takes runs", rule: "a pool has a worker before runs come",
                remedy: "start one as docs/workers.md says: sallyport worker --pool NAME")
        case .poolStarved:
            ErrorText(
                "runs wait in a pool that has no worker for them", rule: "a pool that gets runs has a worker",
                remedy: "start one as docs/workers.md says: sallyport worker --pool NAME")
        case .unnamedProxy:
            ErrorText(
                "a proxy that nobody has named speaks for clients",
                rule: "forwarding headers count when they come from gateway.trustedProxies",
                remedy: "name the proxy in gateway.trustedProxies, as docs/proxies.md says")
        case .loggedErrors:
            ErrorText(
                "the log of the running gateway has errors", rule: "a line of level error is for somebody to look at",
                remedy: "see sallyport logs --limit 1000")
        }
    }
}
