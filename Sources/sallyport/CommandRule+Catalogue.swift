internal import Errors

extension CommandRule: Catalogued {
    static let family = ErrorFamily.commandLine

    var text: ErrorText {
        switch self {
        // MARK: The line as it was typed
        case .unknownCommand:
            ErrorText(
                "there is no such command, or it needs another word", rule: "commands are those of sallyport --help",
                remedy: "use the command that the hint names; sallyport --help lists all of them")
        case .unknownOption:
            ErrorText(
                "the command has no such option", rule: "options are those of the command's --help",
                remedy: "use the option that the hint names, or see the command's --help")
        case .missingValue:
            ErrorText(
                "an option is without its value", rule: "an option that takes a value has it behind it",
                remedy: "write it as --option VALUE or --option=VALUE")
        case .unexpectedValue:
            ErrorText(
                "an option that takes no value has one", rule: "a switch is there, or not",
                remedy: "leave out = and what follows it")
        case .operands:
            ErrorText(
                "words are missing, or there are too many", rule: "a command takes the words that its usage line shows",
                remedy: "see the usage line of the command's --help; words with blanks go in quotes")
        case .missingOption:
            ErrorText(
                "an option is missing that the command or another option needs",
                rule: "options that belong together are given together",
                remedy: "give the option that the message names; the command's --help explains it")
        case .excludingOptions:
            ErrorText(
                "options exclude each other", rule: "one of several ways is chosen",
                remedy: "leave out all but one of those that the message names")
        case .invalidChoice:
            ErrorText(
                "a value is none of those that are allowed", rule: "some words can only be one of a few",
                remedy: "use one of those that the message names")
        case .invalidNumber:
            ErrorText(
                "a value is no number, or out of its range", rule: "numbers are whole and lie in the option's range",
                remedy: "use a number between those that the message names")
        case .invalidTime:
            ErrorText(
                "a value is no time, or too long a one", rule: "times are a number with s, m, h or d behind it",
                remedy: "write it like 90s, 10m, 24h or 7d, within the limit of the message")
        case .invalidName:
            ErrorText(
                "a value is no name, or no path, of the form that is needed",
                rule: "names of pools and paths of URLs have their form",
                remedy: "write it in the form that the message names")
        case .invalidPin:
            ErrorText(
                "a pin is not one", rule: "a pin is 64 hexadecimal digits, with sha256: before it or not",
                remedy: "copy it from the gateway's host: sallyport tls fingerprint")
        case .invalidURL:
            ErrorText(
                "a URL is not that of a gateway", rule: "gateways are at wss://HOST:PORT, or ws:// on this host",
                remedy: "write it like wss://example.org:18789")
        case .invalidJSON:
            ErrorText(
                "a value is not JSON, or not the JSON that is needed",
                rule: "params and merged values are JSON objects",
                remedy: "quote it for the shell: '{\"key\": \"main\"}'")
        case .invalidPath:
            ErrorText(
                "a value is no path of a setting", rule: "paths are like gateway.port, agents.list[0].id, env[\"A B\"]",
                remedy: "see the paths that there are: sallyport config show")
        case .unknownCode:
            ErrorText(
                "there is no error of this name", rule: "codes are those of docs/errors.md",
                remedy: "use the code that the hint names; sallyport explain error lists all of them")
        case .noTunnel:
            ErrorText(
                "no SSH tunnel is opened", rule: "what OpenSSH does better is left to it",
                remedy: "open the tunnel with ssh -N -L, and probe its end here: sallyport gateway probe")

        // MARK: Files of this host
        case .location:
            ErrorText(
                "it is not known where state and configuration are",
                rule: "there is a home directory or a state directory, and a profile's name is a word",
                remedy: "pass --state-dir, or set HOME; profiles have letters, digits, - and _")
        case .stateDirectory:
            ErrorText(
                "the state directory cannot be used", rule: "it belongs to who uses it, and to one process at a time",
                remedy: "run this as the user that the gateway runs as, or choose another with --state-dir")
        case .unknownSetting:
            ErrorText(
                "there is no such setting", rule: "settings are those of docs/configuration.md",
                remedy: "use the key that the hint names; all of them: sallyport config schema")
        case .settingNotSet:
            ErrorText(
                "there is nothing at that path", rule: "only what is set or has a default can be read or removed",
                remedy: "see what is set: sallyport config show --merged")
        case .foreignConfiguration:
            ErrorText(
                "the configuration is that of an OpenClaw installation", rule: "it is read, and never written",
                remedy: "copy it into the state directory, or name it with --config")
        case .configurationEdit:
            ErrorText(
                "the change cannot be made in the file", rule: "the file is JSON5, and the value stands in it",
                remedy: "mend what the message names: sallyport config validate")
        case .configurationWrite:
            ErrorText(
                "the changed configuration was not written",
                rule: "the file is a regular one that nobody else changes meanwhile",
                remedy: "try again; what cannot be written is named: sallyport config file")
        case .remoteURL:
            ErrorText(
                "gateway.mode is \"remote\", and no gateway is named", rule: "mode remote needs gateway.remote.url",
                remedy: "set gateway.remote.url, or gateway.mode: \"local\"")
        case .remoteCertificate:
            ErrorText(
                "the client certificate of gateway.remote cannot be used",
                rule: "certificate and key are PEM files that belong together, without a passphrase",
                remedy: "check gateway.remote.clientCertPath and gateway.remote.clientKeyPath")
        case .clientCertificate:
            ErrorText(
                "the client certificate cannot be used",
                rule: "certificate and key are PEM files that belong together, without a passphrase",
                remedy: "--client-cert and --client-key take PEM files that belong together")
        case .identity:
            ErrorText(
                "the identity of this machine's command line cannot be used",
                rule: "identity/device.json of the state directory is an Ed25519 key of its user's own",
                remedy: "mend it or move it away; a new identity has to be paired: sallyport devices approve")
        case .outputFile:
            ErrorText(
                "a file cannot be written", rule: "who calls may write where the output goes",
                remedy: "mend the permissions that the message names, or choose another directory")
        case .system:
            ErrorText(
                "the system refused something", rule: "files can be read and programs started",
                remedy: "mend what the message names: a path, permissions, memory or room on the disk")

        // MARK: The certificate
        case .certificateUnreadable:
            ErrorText(
                "the gateway's certificate may not be read", rule: "only the gateway's user reads its files",
                remedy: "run this as the user that the gateway runs as")
        case .noCertificate:
            ErrorText(
                "there is no certificate, or it is none", rule: "a gateway with TLS has a certificate in PEM",
                remedy: "start the gateway with TLS once: sallyport gateway run; or mend gateway.tls.certPath")
        case .nextCertificateUnreadable:
            ErrorText(
                "the announced certificate cannot be read", rule: "the next pair lies whole beside the present one",
                remedy: "take it back: sallyport tls rotate --cancel")
        case .otherCertificate:
            ErrorText(
                "the gateway serves another certificate than the pin names",
                rule: "a pin is compared with what is served",
                remedy: "if the certificate was replaced on purpose, use the new pin; else do not connect")
        case .ownCertificate:
            ErrorText(
                "the certificate is one of your own", rule: "only certificates that the gateway generated are rotated",
                remedy: "replace the two files: a running gateway takes them up within seconds, or at once on SIGHUP")
        case .withoutTLS:
            ErrorText(
                "the gateway serves without TLS", rule: "without TLS there is no certificate",
                remedy: "set gateway.tls.enabled to true")
        case .pinnedCertificate:
            ErrorText(
                "gateway.tls.fingerprint does not name the next certificate",
                rule: "where certificates are pinned, the next one is pinned before it is used",
                remedy: "rotate with an --overlap, and set gateway.tls.fingerprint to both pins meanwhile")
        case .rotationPending:
            ErrorText(
                "another certificate is announced already", rule: "there is one next certificate at a time",
                remedy: "use it at once or take it back: sallyport tls rotate --now, or --cancel")
        case .noRotation:
            ErrorText(
                "no next certificate is announced", rule: "only what is announced can be taken back",
                remedy: "see what is there: sallyport tls show")
        case .rotationLock:
            ErrorText(
                "the files of the rotation cannot be locked", rule: "one rotation at a time, by the gateway's user",
                remedy: "wait for the other one to end, or run this as the user that the gateway runs as")
        case .rotationFailed:
            ErrorText(
                "the next certificate cannot be made",
                rule: "the gateway's names stand in it, and its files are written",
                remedy: "mend what the message names: gateway.tls.names, or the state directory")
        case .rotationDelayed:
            ErrorText(
                "a gateway has not taken the next certificate up yet",
                rule: "a gateway looks at its files every two seconds, and when it gets SIGHUP",
                remedy: "wait a few seconds and see: sallyport tls show; the gateway's log says what is in the way")

        // MARK: The service
        case .noService:
            ErrorText(
                "the gateway is not installed as a service", rule: "systemd starts what is installed",
                remedy: "sallyport gateway install, then start; or sallyport gateway start --background")
        case .noServiceManager:
            ErrorText(
                "systemd does not run here", rule: "a service is installed where systemd runs",
                remedy: "run it in the background: sallyport gateway start")
        case .otherUnit:
            ErrorText(
                "there is another unit of this name", rule: "a unit that says something else is not overwritten",
                remedy: "overwrite it: sallyport gateway install --force")
        case .serviceManager:
            ErrorText(
                "systemctl failed, or gave no answer in time", rule: "systemctl may be asked, and does as it is told",
                remedy: "see: journalctl -u sallyport.service -n 20, systemctl status sallyport.service")
        case .supervisor:
            ErrorText(
                "the gateway cannot be kept running in the background",
                rule: "one supervisor for a state directory, which it may write",
                remedy: "stop the one that runs: sallyport gateway stop")
        case .ownProgram:
            ErrorText(
                "the path of this program is not known",
                rule: "/proc is mounted, or the program was called by its path",
                remedy: "mount /proc, or call the program by its whole path")
        case .didNotStart:
            ErrorText(
                "the gateway did not start", rule: "its configuration, state directory and port can be used",
                remedy: "mend what the end of its log says: sallyport doctor")
        case .stillStarting:
            ErrorText(
                "the gateway did not answer in time; exit code 2", rule: "it answers within --wait, 30 s by default",
                remedy: "look again: sallyport gateway status; its log says what it is at")
        case .stillRunning:
            ErrorText(
                "the gateway has not stopped in time",
                rule: "it ends its runs and stops within --wait, 30 s by default",
                remedy: "wait longer, or kill it: sallyport gateway stop --force")
        case .signalRefused:
            ErrorText(
                "the process may not be signalled", rule: "only the gateway's user and root signal it",
                remedy: "run this as the user that the gateway runs as")
        case .restartInPlace:
            ErrorText(
                "the gateway that runs cannot restart in place", rule: "its run file says when it started",
                remedy: "stop it and start it again: sallyport gateway stop, sallyport gateway start")

        // MARK: Workers
        case .notByHand:
            ErrorText(
                "the command is started by the gateway or a worker", rule: "who starts it says what it is to do",
                remedy: "for a worker of a pool: sallyport worker --pool NAME --url URL")
        case .notEnrolled:
            ErrorText(
                "the worker has no token yet", rule: "a worker enrols once, with a token of the gateway's host",
                remedy: "make one there: sallyport devices enroll --pool NAME; and pass it with --enrol")
        case .confinement:
            ErrorText(
                "an agent's command cannot be confined; exit code 127",
                rule: "namespaces, mounts and limits are as the agent's isolation wants them",
                remedy: "see docs/isolation.md, and on this host: sallyport doctor")

        // MARK: What is asked of a gateway
        case .noGateway:
            ErrorText(
                "no gateway is running on the state directory",
                rule: "a command without --url means this host's gateway",
                remedy: "start one with: sallyport gateway run; or name another with --url, --state-dir")
        case .urlWithoutCredentials:
            ErrorText(
                "a gateway is named without credentials", rule: "this host's secret goes to this host's gateway only",
                remedy: "pass --token, --password or --bootstrap-token with --url")
        case .ambiguousDevice:
            ErrorText(
                "several devices begin with these characters", rule: "a shortened id has to mean one device",
                remedy: "type more of the id: sallyport devices list --json shows it whole")
        case .spawnRefused:
            ErrorText(
                "the spawn was refused; exit code 7, 65, 78 or 1", rule: "`rule` of the answer is a code of its own",
                remedy: "see the rule that decides: sallyport explain spawn")

        // MARK: The connection
        case .unreachable:
            ErrorText(
                "nothing answers at the gateway's address", rule: "the gateway runs, and the network leads to it",
                remedy: "is it running? On its host: sallyport gateway status, sallyport gateway run")
        case .timeout:
            ErrorText(
                "the gateway did not answer in time", rule: "answers come within --timeout, 10 s by default",
                remedy: "wait longer with --timeout MS; on its host: sallyport doctor")
        case .connectionClosed:
            ErrorText(
                "the connection ended", rule: "a gateway that closes says why in the close reason",
                remedy:
                    "see the gateway's log: sallyport logs; a close reason has a remedy: sallyport explain error REASON"
            )
        case .untrustedCertificate:
            ErrorText(
                "the gateway's certificate is not trusted", rule: "an authority of the system vouches for it, or a pin",
                remedy:
                    "pin it with --tls-fingerprint; sallyport tls fingerprint on the gateway's host prints the pin")
        case .pinMismatch:
            ErrorText(
                "the gateway's certificate is not that of the pin", rule: "what is pinned is what is served",
                remedy: "if the certificate was replaced on purpose, use the new pin: sallyport tls fingerprint on the "
                    + "gateway's host")
        case .clientCertificateRefused:
            ErrorText(
                "the gateway wants a client certificate, or another one",
                rule: "an authority of gateway.tls.caPath vouches for the client",
                remedy:
                    "pass a certificate that the gateway's gateway.tls.caPath vouches for: --client-cert, --client-key")
        case .peerWithoutTLS:
            ErrorText(
                "what answers there does not speak TLS", rule: "wss:// is TLS from the first byte",
                remedy: "does the gateway serve ws:// there, without TLS? Then set gateway.tls.enabled, or mend the URL"
            )
        case .plaintextRefused:
            ErrorText(
                "ws:// to another host is refused", rule: "without TLS a credential stays on this host",
                remedy:
                    "use wss:// and pin the certificate: sallyport tls fingerprint on the gateway's host prints the pin"
            )
        case .tls:
            ErrorText(
                "the TLS handshake failed", rule: "both sides have a version, a suite and certificates in common",
                remedy: "check --tls-ca and --client-cert; the gateway's log has its side")
        case .proxyRefused:
            ErrorText(
                "a proxy does not connect to the gateway", rule: "a proxy of the environment lets CONNECT through",
                remedy:
                    "HTTPS_PROXY, ALL_PROXY and NO_PROXY decide about proxies; name the gateway in NO_PROXY to go without"
            )
        case .proxyUnusable:
            ErrorText(
                "a proxy of the environment cannot be used", rule: "proxies are http://HOST:PORT",
                remedy: "mend the variable that the message names, or name the gateway in NO_PROXY")
        case .upgradeRefused:
            ErrorText(
                "what answers there opens no WebSocket", rule: "a gateway answers an upgrade with 101",
                remedy: "is it a gateway, and does what stands before it pass upgrades on? See docs/proxies.md")
        case .protocolViolation:
            ErrorText(
                "what answers there does not speak the gateway's protocol", rule: "a gateway speaks protocol 3 or 4",
                remedy: "is it a gateway, and of this release? sallyport version on both sides")
        case .messageTooLarge:
            ErrorText(
                "a message is too large", rule: "messages keep to the limit that the gateway names",
                remedy: "send less at once, or ask for less with --limit")
        case .sendQueueFull:
            ErrorText(
                "the gateway does not read", rule: "who is sent something reads it",
                remedy: "is it overloaded? On its host: sallyport doctor, sallyport logs")
        case .interrupted:
            ErrorText(
                "the command was interrupted", rule: "SIGINT and SIGTERM end a command",
                remedy: "call it again")
        }
    }
}
