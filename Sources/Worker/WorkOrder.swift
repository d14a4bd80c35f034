internal import ACP
internal import Agents
internal import Crypto
internal import JSON
internal import Wire

/// What `run.attach` answers: the task and how to run it.
struct WorkOrder {
    enum Program {
        /// Gets the task as its input or an argument; what it prints is the result.
        case exec([String], stdin: ExecCommand.StdinMode)
        /// Speaks the Agent Client Protocol.
        case acp([String], PermissionMode, resume: String?)
    }

    let task: String
    let program: Program
    let workingDirectory: String?
    let environment: [String: String]
    var isolation: Isolation
    let serverVersion: String
    let model: String?
    let thinking: String?
    let attachments: [AttachedFile]
    let attachMountPath: String?
    /// They stay with the session.
    let attachmentsStay: Bool
    /// They came with an earlier prompt.
    let attachmentsAreKnown: Bool

    init?(_ json: JSON) {
        guard let task = json["task"]?.string, let program = Self.program(json) else { return nil }
        self.task = task
        self.program = program
        if let isolation = json["isolation"] {
            guard let isolation = Isolation(isolation) else { return nil }
            self.isolation = isolation
        } else {
            isolation = Isolation()
        }
        workingDirectory = isolation.workingDirectory ?? json["cwd"]?.string
        model = json["model"]?.string
        thinking = json["thinking"]?.string
        attachMountPath = json["attachMountPath"]?.string
        attachmentsStay = json["attachmentsStay"]?.bool ?? false
        attachmentsAreKnown = json["attachmentsAreKnown"]?.bool ?? false
        let attached = json["attachments"]?.array ?? []
        attachments = attached.compactMap(AttachedFile.init)
        guard attachments.count == attached.count else { return nil }
        serverVersion = json["serverVersion"]?.string ?? ""
        var environment: [String: String] = [:]
        for (name, value) in json["env"]?.object?.members ?? [] { environment[name] = value.string }
        self.environment = environment
    }

    /// Files as a prompt has them.
    func promptAttachments(in directory: String) -> [ACPClient.Attachment] {
        guard !attachmentsAreKnown else { return [] }
        return attachments.map { file in
            ACPClient.Attachment(
                path: directory + "/" + AttachedFile.directory + "/" + file.name, name: file.name,
                mimeType: file.mimeType ?? "", base64: Base64.encode(file.bytes))
        }
    }

    /// What the command is told besides its task.
    func variables(in directory: String) -> [String: String] {
        var variables: [String: String] = [:]
        variables["SALLYPORT_MODEL"] = model
        variables["SALLYPORT_THINKING"] = thinking
        if !attachments.isEmpty {
            variables["SALLYPORT_ATTACHMENTS_DIR"] = directory + "/" + AttachedFile.directory
            variables["SALLYPORT_ATTACHMENTS_MOUNT"] = attachMountPath
        }
        return variables
    }

    private static func program(_ json: JSON) -> Program? {
        if let acp = json["acp"] {
            guard let command = command(acp),
                let mode = acp["permissionMode"]?.string.flatMap(PermissionMode.init(rawValue:))
            else { return nil }
            return .acp(command, mode, resume: acp["resumeSessionId"]?.string)
        }
        guard let exec = json["exec"], let command = command(exec) else { return nil }
        return .exec(command, stdin: exec["stdin"]?.string == "none" ? .none : .task)
    }

    private static func command(_ json: JSON) -> [String]? {
        guard let command = json["command"]?.array?.compactMap(\.string), !command.isEmpty else { return nil }
        return command
    }
}
