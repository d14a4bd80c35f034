package import Errors

extension StartRule: Catalogued {
    package static let family = ErrorFamily.start

    package var text: ErrorText {
        switch self {
        case .servesElsewhere:
            ErrorText(
                "the configuration is that of a client of a gateway elsewhere",
                rule: "a gateway serves where gateway.mode is \"local\"",
                remedy: "set gateway.mode: \"local\": sallyport config set gateway.mode local")
        case .proxyRange:
            ErrorText(
                "a trusted proxy is no address and no range",
                rule: "trusted proxies are IP addresses and ranges of them",
                remedy: "write an IP address or a range such as 10.0.0.0/8 into gateway.trustedProxies")
        case .proxyIsBridge:
            ErrorText(
                "a trusted proxy has the address of a container bridge, which strangers have too",
                rule: "the address of a trusted proxy is that proxy's alone",
                remedy:
                    "name the proxy's own address in gateway.trustedProxies, or let it connect through a Unix socket "
                    + "(gateway.listeners)")
        case .preauthLimit:
            ErrorText(
                "the limit of connections that wait for admission is no number of at least 1",
                rule: "OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP is an integer of at least 1",
                remedy: "correct or unset OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP")
        case .stateShared:
            ErrorText(
                "the state directory belongs to other users, or they can write to it",
                rule: "keys and tokens are in a directory of the gateway's user alone",
                remedy: "chown it to the gateway's user and chmod o-w it, or name another with --state-dir; "
                    + "sallyport doctor finds more like it")
        case .stateInUse:
            ErrorText(
                "another gateway uses the state directory", rule: "one gateway at a time uses a state directory",
                remedy: "stop it (sallyport gateway stop), or name another directory with --state-dir")
        case .stateUnusable:
            ErrorText(
                "the state directory cannot be made, read or written",
                rule: "the gateway's user may write to the state directory, and the disk takes it",
                remedy: "check its owner, its permissions and its file system: sallyport doctor")
        case .storeUnusable:
            ErrorText(
                "the database of the state directory cannot be opened or read",
                rule: "a gateway starts with all it knows: without it, devices are strangers and runs have ended",
                remedy: "do what the message says; a whole database is in what sallyport backup has made")
        case .gatewayIdentity:
            ErrorText(
                "the gateway's own key cannot be read or made",
                rule: "identity/gateway.json is readable, and stays: a fresh key ends every derived identity",
                remedy: "restore it from what sallyport backup has made, or move it away to begin anew")
        case .tokenFile:
            ErrorText(
                "the gateway's token cannot be read or kept", rule: "gateway/token in the state directory can be used",
                remedy:
                    "check the permissions of gateway/token and the disk (sallyport doctor), or set gateway.auth.token")
        case .logFile:
            ErrorText(
                "the log file cannot be written", rule: "the gateway's user may write to logging.file",
                remedy: "name a file that the gateway's user may write, or unset logging.file")
        case .listenAddress:
            ErrorText(
                "an address to listen on is not an IP address", rule: "listeners have IP addresses, not names",
                remedy: "write an IP address into gateway.customBindHost, or into gateway.listeners[].address")
        case .listenersConflict:
            ErrorText(
                "two listeners have one place", rule: "each listener has an address and a port, or a path, of its own",
                remedy: "give one of them another port or path in gateway.listeners, or change gateway.port")
        case .portInUse:
            ErrorText(
                "another process listens on the port", rule: "one process listens on a port",
                remedy: "stop it, or choose another port with --port, gateway.port or gateway.listeners[].port")
        case .socketInUse:
            ErrorText(
                "another process listens on the Unix socket", rule: "one process listens on a socket",
                remedy: "stop it, or choose another path in gateway.listeners[].path")
        case .noFreePort:
            ErrorText(
                "the kernel gave no port that is free on all addresses",
                rule: "port 0 takes a port that is free on all",
                remedy: "try again, or choose a port with --port or gateway.port")
        case .cannotListen:
            ErrorText(
                "the kernel refuses to listen there",
                rule: "the address is this host's, and the gateway's user may use it",
                remedy:
                    "check gateway.bind, gateway.port and gateway.listeners; ports below 1024 need CAP_NET_BIND_SERVICE"
            )
        case .certificateUnusable:
            ErrorText(
                "the certificate or its key cannot be used",
                rule: "certificate and key are PEM files of one pair, which the gateway's user may read",
                remedy: "check gateway.tls.certPath and gateway.tls.keyPath; without them, remove both files of "
                    + "gateway/tls in the state directory to have a new pair made, which clients have to pin anew")
        case .clientAuthorities:
            ErrorText(
                "the authorities of client certificates cannot be used",
                rule: "gateway.tls.caPath is a PEM file, or a directory of them",
                remedy: "correct gateway.tls.caPath, or remove it to ask clients for no certificate")
        case .certificateFingerprint:
            ErrorText(
                "the certificate is not the one that the configuration names",
                rule: "gateway.tls.fingerprint, where it is set, names the certificate that is served",
                remedy: "set gateway.tls.fingerprint to what sallyport tls fingerprint shows, or put the other "
                    + "certificate back")
        case .rotationUnfinished:
            ErrorText(
                "the next certificate cannot take the place of the present one",
                rule: "the gateway's user may write to gateway/tls in the state directory",
                remedy: "check that directory and the disk: sallyport doctor")
        case .isolationType:
            ErrorText(
                "a kind of isolation is not known", rule: "isolation is none, uid, bwrap or container",
                remedy: "correct agents.list[].isolation or agents.defaults.isolation")
        case .isolationBind:
            ErrorText(
                "a path that isolated commands get is not there", rule: "each path of isolation.binds exists",
                remedy: "create it, or take it out of binds of agents.list[].isolation")
        case .isolationUser:
            ErrorText(
                "the user of isolated commands does not exist",
                rule:
                    "isolation names a user of this host; under a gateway of root's, sallyport-agent when it names none",
                remedy: "make the user (useradd --system), or name another as user of agents.list[].isolation")
        case .isolationGroup:
            ErrorText(
                "the group of isolated commands is not known", rule: "a user that is a number only needs gid beside it",
                remedy: "set gid beside user of agents.list[].isolation")
        case .isolationOwnUser:
            ErrorText(
                "isolated commands would run as root or as the gateway's own user, which confines nothing",
                rule: "isolated commands run as a user that has nothing else to do",
                remedy: "name another user in agents.list[].isolation, such as sallyport-agent")
        case .isolationCapabilities:
            ErrorText(
                "the gateway may not run commands as another user",
                rule: "becoming another user takes root, or the capabilities that the message names",
                remedy: "run the gateway as root, give its service AmbientCapabilities=, or use isolation \"bwrap\" "
                    + "without a user")
        case .isolationDirectory:
            ErrorText(
                "the directory for the files of isolated commands cannot be had",
                rule: "it can be made, and nobody else has made it",
                remedy:
                    "set RUNTIME_DIRECTORY or TMPDIR to a directory of the gateway's, or remove what is in its place")
        case .bubblewrapMissing:
            ErrorText(
                "isolation \"bwrap\" is asked for, and bwrap is not there", rule: "bwrap is in PATH",
                remedy: "install it (apt-get install bubblewrap), or choose another agents.list[].isolation")
        case .bubblewrapRefused:
            ErrorText(
                "bwrap cannot make its namespaces here", rule: "the kernel lets the gateway's user make namespaces",
                remedy: "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
                    + "kernel.apparmor_restrict_unprivileged_userns=0), or choose another agents.list[].isolation")
        case .engineMissing:
            ErrorText(
                "isolation \"container\" is asked for, and there is no engine", rule: "docker or podman is in PATH",
                remedy: "install an engine, or choose another agents.list[].isolation")
        case .engineSilent:
            ErrorText(
                "the engine of containers does not answer", rule: "the gateway's user may use the engine, and it runs",
                remedy: "start the engine, set DOCKER_HOST, or let the gateway's user use it")
        case .ownProgram:
            ErrorText(
                "the gateway's own program file is not there, or cannot be run",
                rule: "workers and a restart run the same program",
                remedy: "put the program back where it was, and start the gateway anew: sallyport gateway start")
        case .hostResources:
            ErrorText(
                "the kernel gives no thread, descriptor or socket",
                rule: "the gateway needs a thread for each processor, and a few more",
                remedy: "raise the limits of its user or service (ulimit -n, ulimit -u, LimitNOFILE=, TasksMax=)")
        case .backupSource:
            ErrorText(
                "there is nothing to back up", rule: "a state directory holds the gateway's database",
                remedy: "name the gateway's state directory: sallyport backup --state-dir DIR")
        case .backupTarget:
            ErrorText(
                "the backup cannot be made there",
                rule: "a backup goes to a place that is free, and not into the state directory itself",
                remedy: "name another place: sallyport backup --output DIR")
        case .backupFailed:
            ErrorText(
                "the backup could not be made, and nothing of it stays", rule: "a backup is whole, or it is none",
                remedy: "make room, or mend what the message says; then sallyport backup once more")
        case .importBesideGateway:
            ErrorText(
                "the state directory is in use", rule: "an import changes what a gateway holds in memory",
                remedy: "stop the gateway first: sallyport gateway stop")
        case .importSource:
            ErrorText(
                "there is nothing to import",
                rule:
                    "a state directory has devices/paired.json, identity/device.json, agents/*/sessions/sessions.json "
                    + "or cron/jobs.json",
                remedy: "name the state directory of the other installation: sallyport import --from DIR")
        case .importFile:
            ErrorText(
                "the list of paired devices cannot be read, and nothing was imported from it",
                rule: "devices/paired.json is a JSON object of devices",
                remedy:
                    "mend or move away that file, then sallyport import once more: what is here already stays as it is")
        case .importStore:
            ErrorText(
                "the import cannot use the database", rule: "the database of the state directory can be written",
                remedy: "do what the message says, then sallyport import once more: what is here already stays as it is"
            )
        }
    }
}
