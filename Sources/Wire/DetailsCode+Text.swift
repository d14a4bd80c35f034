package import Errors

extension DetailsCode: Catalogued {
    package static let family = ErrorFamily.answer

    package var text: ErrorText {
        switch self {
        // Connect
        case .firstRequestNotConnect:
            ErrorText(
                "invalid handshake: first request must be connect",
                rule: "a connection begins with one connect request",
                remedy: "send connect, as one JSON object in one text message, when connect.challenge has come")
        case .invalidConnectParams:
            ErrorText(
                "invalid connect params",
                rule: "connect.params have the fields and types of the protocol",
                remedy: "send connect.params as the protocol has them; the message names the field")
        case .connectRepeated:
            ErrorText(
                "connect is only valid as the first request",
                rule: "a connection is let in once",
                remedy: "open another connection to connect anew")
        case .invalidRole:
            ErrorText(
                "invalid role",
                rule: "roles are operator and node; a derived device is an operator",
                remedy: "role must be \"operator\" or \"node\"")
        case .protocolMismatch:
            ErrorText(
                "protocol mismatch",
                rule: "the versions that the client offers overlap with 3 and 4",
                remedy: "offer protocol 3 or 4: another release of the client, or of the gateway")
        case .controlUIOriginNotAllowed:
            ErrorText(
                "origin not allowed",
                rule: "pages of other origins may not connect",
                remedy: "add the page's origin to gateway.controlUi.allowedOrigins; no other client sends one")
        case .controlUIDeviceIdentityRequired:
            ErrorText(
                "control ui requires device identity (use HTTPS or localhost secure context)",
                rule: "a browser shows a device key, which it has in secure contexts only",
                remedy: "open the Control UI over https, or set gateway.controlUi.allowInsecureAuth")
        case .deviceIdentityRequired:
            ErrorText(
                "device identity required",
                rule: "who is no local command line or backend shows a device key",
                remedy: "send connect.params.device, signed over the challenge's nonce")
        case .pairingRequired:
            ErrorText(
                "pairing required",
                rule: "a device that no parent vouches for is approved by the owner, for its role, scopes and platform",
                remedy: "on the gateway's host: sallyport devices approve REQUEST-ID; children are never asked")
        case .spawnGrantRefused:
            ErrorText(
                "spawn grant refused",
                rule: "the line of a derived device holds: its grant, its ancestors and its run",
                remedy: "the reason has a remedy of its own: sallyport explain error REASON")
        case .spawnRefused:
            ErrorText(
                "the spawn that a presented grant asks for is refused",
                rule: "a presented grant is checked as every spawn is",
                remedy: "the reason has a remedy of its own: sallyport explain error REASON")
        // Device proof
        case .deviceAuthDeviceIDMismatch: ProofFailure.deviceIDMismatch.text
        case .deviceAuthSignatureExpired: ProofFailure.signatureStale.text
        case .deviceAuthNonceRequired: ProofFailure.nonceMissing.text
        case .deviceAuthNonceMismatch: ProofFailure.nonceMismatch.text
        case .deviceAuthSignatureInvalid: ProofFailure.signatureInvalid.text
        case .deviceAuthPublicKeyInvalid: ProofFailure.publicKeyInvalid.text
        // Credentials
        case .authTokenMissing: AuthFailure.tokenMissing.text
        case .authTokenMismatch: AuthFailure.tokenMismatch.text
        case .authTokenNotConfigured: AuthFailure.tokenNotConfigured.text
        case .authPasswordMissing: AuthFailure.passwordMissing.text
        case .authPasswordMismatch: AuthFailure.passwordMismatch.text
        case .authPasswordNotConfigured: AuthFailure.passwordNotConfigured.text
        case .authBootstrapTokenInvalid: AuthFailure.bootstrapTokenInvalid.text
        case .authDeviceTokenMismatch: AuthFailure.deviceTokenMismatch.text
        case .authScopeMismatch: AuthFailure.scopeMismatch.text
        case .authRateLimited: AuthFailure.rateLimited.text
        case .authLineageCredential: AuthFailure.lineageCredential.text
        case .authRequired: AuthFailure.required.text
        case .authIdentityHeaderRequired: AuthFailure.trustedProxyMissingHeader.text
        case .authTailscaleProxyMissing: AuthFailure.tailscaleProxyMissing.text
        case .authTailscaleWhoisFailed: AuthFailure.tailscaleWhoisFailed.text
        case .authTailscaleIdentityMismatch: AuthFailure.tailscaleUserMismatch.text
        case .authUnauthorized:
            ErrorText(
                "unauthorized",
                rule: "in mode trusted-proxy the proxy names an allowed user",
                remedy: "authReason says what is amiss: sallyport explain error REASON")
        // Requests
        case .invalidFrame:
            ErrorText(
                "invalid request frame",
                rule: "a request is a JSON object with type, id, method and params",
                remedy: "send requests as the protocol has them; the message names the field")
        case .unknownMethod:
            ErrorText(
                "unknown method",
                rule: "methods are those of the protocol, in hello-ok's features.methods",
                remedy: "call a method of hello-ok's features.methods")
        case .invalidParams:
            ErrorText(
                "invalid params",
                rule: "params have the fields and types of the method",
                remedy: "send what the method takes; the message names the field")
        case .missingScope:
            ErrorText(
                "missing scope",
                rule: "a method needs its scope; admin covers write, write covers read",
                remedy: "ask for the scope in connect, and approve it on the gateway's host: sallyport devices list")
        case .scopeExceeded:
            ErrorText(
                "missing scope",
                rule: "nobody grants more than they hold",
                remedy: "let a device with these scopes do it, or the owner: sallyport devices approve REQUEST-ID")
        case .scopeNotOfRole:
            ErrorText(
                "invalid scope for requested roles",
                rule: "operator scopes are for operators",
                remedy: "leave the scope out, or ask for role operator")
        case .unauthorizedRole:
            ErrorText(
                "unauthorized role",
                rule: "methods of nodes are for nodes, all others for operators",
                remedy: "connect with the role that the method is for")
        case .storeUnavailable:
            ErrorText(
                "the gateway's store refused the change",
                rule: "what is acknowledged is on the disk",
                remedy: "see the gateway's log, and on its host: sallyport doctor")
        case .gatewayStarting:
            ErrorText(
                "the gateway is starting",
                rule: "requests are answered when the store has been read",
                remedy: "try again in a moment")
        case .gatewayClosing:
            ErrorText(
                "the connection is closed",
                rule: "what is under way ends with its connection",
                remedy: "try again; the message is the close reason")
        case .internalError:
            ErrorText(
                "the gateway could not do it",
                rule: "a request ends in an answer or a refusal with a code of its own",
                remedy: "report this with the gateway's log")
        case .rateLimited:
            ErrorText(
                "rate limit exceeded",
                rule: "a device changes the configuration at most 30 times in 60 s",
                remedy: "wait as retryAfterMs says")
        // The configuration
        case .configNotVisible:
            ErrorText(
                "the configuration is not for the devices of runs",
                rule: "the devices of runs neither read nor write the configuration",
                remedy: "ask from a paired device, or on the gateway's host: sallyport config show")
        case .configPathUnknown:
            ErrorText(
                "config schema path not found",
                rule: "the path is one of the settings",
                remedy: "use a path of config.schema: sallyport config schema")
        case .configLocationUnknown:
            ErrorText(
                "no home directory is known",
                rule: "the configuration has a place",
                remedy: "start the gateway with --config, or with SALLYPORT_STATE_DIR")
        case .configRedactedValue:
            ErrorText(
                "a redacted value comes back where there is none that could stay",
                rule: "secrets are not shown, and stay when they come back as they were shown",
                remedy: "send the value itself, or leave it out")
        case .configInvalid:
            ErrorText(
                "invalid config",
                rule: "only a configuration without errors is written",
                remedy: "mend what issues names; docs/configuration.md has every setting")
        case .configBaseHashRequired:
            ErrorText(
                "config base hash required; re-run config.get and retry",
                rule: "who writes says what they have read",
                remedy: "send baseHash: the hash of config.get")
        case .configChanged:
            ErrorText(
                "config changed since last load; re-run config.get and retry",
                rule: "nobody's change is overwritten",
                remedy: "read again with config.get, and send its hash as baseHash")
        case .configEditRefused:
            ErrorText(
                "the change cannot be made in this file",
                rule: "a change touches only what it means",
                remedy: "write the whole file instead, or change the included file")
        case .configReadOnly:
            ErrorText(
                "the configuration of an OpenClaw installation is not written",
                rule: "what belongs to OpenClaw stays as it is",
                remedy: "copy it into the gateway's state directory, or start the gateway with --config")
        case .configNotWritten:
            ErrorText(
                "the configuration was not written",
                rule: "the file and its directory belong to the gateway's user and have room",
                remedy: "on the gateway's host: sallyport doctor")
        // Devices
        case .pairingRequestNotFound:
            ErrorText(
                "unknown requestId",
                rule: "requests are kept for 5 minutes, and one of each device",
                remedy: "requests are kept for 5 minutes; see: sallyport devices list")
        case .deviceNotFound:
            ErrorText(
                "unknown deviceId",
                rule: "the device is paired, and named by its id",
                remedy: "see: sallyport devices list")
        case .deviceTokenNotFound:
            ErrorText(
                "there is no such device token: name a paired device",
                rule: "a token is explained by its device",
                remedy: "see: sallyport devices list")
        case .deviceManagementDenied:
            ErrorText(
                "device pairing approval denied",
                rule: "a device without admin scope manages itself only",
                remedy: "let the owner do it on the gateway's host: sallyport devices list")
        case .enrolmentDenied:
            ErrorText(
                "device enrolment denied",
                rule: "enrolment tokens are the owner's",
                remedy: "on the gateway's host: sallyport devices enroll")
        case .invitationLimit:
            ErrorText(
                "there are as many enrolment tokens as may be",
                rule: "enrolment tokens are bounded until they expire",
                remedy: "revoke some: sallyport devices enroll --list")
        case .invitationNotFound:
            ErrorText(
                "unknown id",
                rule: "the enrolment token exists and has not expired",
                remedy: "see: sallyport devices enroll --list")
        case .decisionNotFound:
            ErrorText(
                "unknown decision, request or run id",
                rule: "the last decisions since the gateway's start are kept",
                remedy: "log lines and refusals name decisions; for runs: sallyport sessions list --json")
        case .noProxyIdentity:
            ErrorText(
                "no proxy names users here",
                rule: "users are named in mode trusted-proxy only",
                remedy: "set gateway.auth.mode: \"trusted-proxy\" and gateway.auth.trustedProxy.userHeader")
        case .notATrustedProxy:
            ErrorText(
                "the peer is no trusted proxy, and is refused before any rule",
                rule: "a PROXY header may come only from gateway.trustedProxies",
                remedy: "add the peer to gateway.trustedProxies if it is your proxy")
        // Sessions and runs
        case .agentNotFound:
            ErrorText(
                "unknown agent id",
                rule: "the agent is configured",
                remedy: "use an id of agents.list")
        case .agentNotRunnable:
            ErrorText(
                "the agent has nothing to run",
                rule: "an agent has a command, or speaks ACP",
                remedy: "give it a command: agents.list[].exec.command, or agents.list[].runtime.acp.command")
        case .nodeNotFound:
            ErrorText(
                "unknown nodeId",
                rule: "the node is connected",
                remedy: "use an id of node.list")
        case .modelOverrideDenied:
            ErrorText(
                "provider/model overrides are not authorized for this caller.",
                rule: "models are the owner's choice",
                remedy: "leave provider and model out, or ask with admin scope")
        case .ownerField:
            ErrorText(
                "originating route fields require admin scope",
                rule: "who may speak for others has admin scope",
                remedy: "leave the field out, or ask with admin scope")
        case .attachmentsUnsupported:
            ErrorText(
                "attachments are not available: agents here are commands that read text",
                rule: "commands read text",
                remedy: "put the content into the message, or the path of a file the agent can read")
        case .messageRequired:
            ErrorText(
                "message or attachment required",
                rule: "a turn has a message",
                remedy: "send message")
        case .idempotencyConflict:
            ErrorText(
                "the idempotencyKey is in use by another run",
                rule: "an idempotencyKey belongs to one message of one session",
                remedy: "use a new idempotencyKey for each message")
        case .sessionNotFound:
            ErrorText(
                "session not found",
                rule: "the session exists, or belongs to a configured agent",
                remedy: "use a key of sallyport sessions list, or agent:<id>:<name> of a configured agent")
        case .sessionNotVisible:
            ErrorText(
                "this device sees its own session and those below it",
                rule: "a child sees its own session and those below it",
                remedy: "name one of them, or ask from the parent")
        case .sessionNotOurs:
            ErrorText(
                "the session belongs to another host, which alone can speak for it",
                rule: "a session that a grant brought along is its own host's",
                remedy: "send it from where it was spawned")
        case .sessionBusy:
            ErrorText(
                "the session is busy",
                rule: "a session takes one turn at a time",
                remedy: "wait for the turn, abort it, or set messages.queue.mode")
        case .queueFull:
            ErrorText(
                "as many wait already as may",
                rule: "what waits for a session is bounded",
                remedy: "wait for the session's turn, or raise messages.queue.cap")
        case .sendBlocked:
            ErrorText(
                "send blocked by session policy",
                rule: "the session's sendPolicy is allow",
                remedy: "sessions.patch {key, sendPolicy: \"allow\"}")
        case .labelInUse:
            ErrorText(
                "label already in use",
                rule: "a label names one session",
                remedy: "choose another label, or clear that of the other session")
        case .mainSessionProtected:
            ErrorText(
                "Cannot delete the main session",
                rule: "an agent has its main session",
                remedy: "reset it: sessions.reset")
        case .tooManySessions:
            ErrorText(
                "there are as many sessions already as may be",
                rule: "sessions are bounded",
                remedy: "delete some, or set session.maintenance.maxEntries and its mode")
        case .lineageField:
            ErrorText(
                "sessions.patch cannot set lineage",
                rule: "lineage is what the gateway knows of a spawn",
                remedy: "leave the field out")
        case .runNotFound:
            ErrorText(
                "unknown runId",
                rule: "the run is known to the gateway",
                remedy: "see: sallyport sessions list --json")
        case .runSessionMismatch:
            ErrorText(
                "runId does not match sessionKey",
                rule: "the run is of the session",
                remedy: "leave one of the two out")
        case .runFailed:
            ErrorText(
                "the run failed",
                rule: "a turn ends with an answer",
                remedy: "the message has the cause; see: sallyport sessions history KEY")
        case .notYourChild:
            ErrorText(
                "a spawned session can abort only what it spawned",
                rule: "a child ends what it spawned, and nothing else",
                remedy: "ask from the session that spawned it")
        case .tooManySubscriptions:
            ErrorText(
                "too many subscriptions",
                rule: "subscriptions of a connection are bounded",
                remedy: "call sessions.messages.unsubscribe, or sessions.subscribe for all sessions")
        case .tooManyWaits:
            ErrorText(
                "too many requests of this connection wait already",
                rule: "waiting requests of a connection are bounded",
                remedy: "let some of them end, or open another connection")
        case .toolNotFound:
            ErrorText(
                "tool not available",
                rule: "tools are those of tools.catalog",
                remedy: "use one of the available ones: tools.catalog")
        case .logNotVisible:
            ErrorText(
                "the log is not for the devices of runs",
                rule: "the devices of runs do not read the log",
                remedy: "ask from a paired device, or on the gateway's host: sallyport logs")
        case .approvalNotFound:
            ErrorText(
                "unknown or expired approval id",
                rule: "the approval is open",
                remedy: "exec.approval.list has those that are open")
        case .approvalAllowAlwaysUnavailable:
            ErrorText(
                "the agent does not offer to allow this always",
                rule: "an answer is one that the agent offers",
                remedy: "use allow-once or deny")
        // Schedules
        case .cronJobNotFound:
            ErrorText(
                "unknown cron job",
                rule: "the job exists",
                remedy: "use an id of cron.list: sallyport cron list")
        case .cronJobNotVisible:
            ErrorText(
                "a spawned session sees the runs of its own jobs only",
                rule: "a child sees its own jobs",
                remedy: "name the job: jobId")
        case .cronJobLimit:
            ErrorText(
                "there are as many cron jobs already as may be",
                rule: "jobs are bounded",
                remedy: "cron.remove those not needed: sallyport cron list")
        case .cronFiringRepeated:
            ErrorText(
                "this firing has happened",
                rule: "a firing runs once",
                remedy: "nothing is to be done: sallyport cron runs ID shows the run")
        case .timeZoneUnknown:
            ErrorText(
                "the time zone is unknown",
                rule: "zones are those of the IANA database",
                remedy: "use a name such as Europe/Berlin; install tzdata if it is missing")
        // Workers
        case .runEnded:
            ErrorText(
                "the run of this device has ended",
                rule: "a device of a run lives as long as the run",
                remedy: "only run.complete is answered until the grace is over")
        case .notARunDevice:
            ErrorText(
                "the method is for the derived device of a run",
                rule: "methods of workers are for derived devices",
                remedy: "connect with the identity that the run was given")
        case .notYourRun:
            ErrorText(
                "the run is not the run of this device",
                rule: "a worker speaks for its own run",
                remedy: "use the run id that came with the identity")
        case .runNotAttachable:
            ErrorText(
                "the run has ended, or was given to another worker",
                rule: "a run has one worker at a time",
                remedy: "nothing is to be done: the worker ends")
        case .notInPool:
            ErrorText(
                "this device is not enrolled for the pool",
                rule: "a pool's workers are enrolled for it",
                remedy: "on the gateway's host: sallyport devices enroll --pool NAME")
        case .notAttached:
            ErrorText(
                "this connection has not attached to a pool",
                rule: "a pool's worker attaches before it asks",
                remedy: "call worker.attach first")
        case .workerNotFound:
            ErrorText(
                "no worker is called so",
                rule: "the worker is attached, and named by one beginning of its id only",
                remedy: "see: sallyport workers list")
        }
    }
}
