internal import Client
internal import JSON

/// `gateway health`: whether it answers, and nothing that needs a scope.
enum HealthCommand {
    static let command = Command(
        "gateway health", aliases: ["health"], summary: "Asks a gateway whether it is well.",
        options: CommandTable.clientOptions,
        notes: ["Over HTTP: /healthz (it lives) and /readyz (it is ready), without authentication."]
    ) { invocation in
        let target = try Target.resolve(invocation, scopes: ["operator.read"], createsIdentity: false)
        let client = try target.connectAsOwner()
        let health = try client.request("health")
        client.close()
        let isWell = health["ok"]?.bool == true
        if invocation.arguments.has("json") {
            invocation.terminal.print(health.prettyPrinted())
        } else {
            let agents = health["agents"]?.array?.count ?? 0
            let sessions = health["sessions"]?["count"]?.integer ?? 0
            invocation.terminal.print(
                "\(isWell ? "Healthy" : "Not well"): \(target.options.url), \(agents) agents, \(sessions) sessions")
        }
        return isWell ? 0 : 1
    }
}
