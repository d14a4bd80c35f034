internal import Agents
internal import JSON

/// What `run.attach` answers: the task and how to run it.
struct WorkOrder {
    let task: String
    let command: [String]
    let stdin: ExecCommand.StdinMode
    let workingDirectory: String?
    let environment: [String: String]

    init?(_ json: JSON) {
        guard let task = json["task"]?.string, let command = json["exec"]?["command"]?.array?.compactMap(\.string),
            !command.isEmpty
        else { return nil }
        self.task = task
        self.command = command
        stdin = json["exec"]?["stdin"]?.string == "none" ? .none : .task
        workingDirectory = json["cwd"]?.string
        var environment: [String: String] = [:]
        for (name, value) in json["env"]?.object?.members ?? [] { environment[name] = value.string }
        self.environment = environment
    }
}
