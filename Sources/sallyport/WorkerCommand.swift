internal import Worker

enum WorkerCommand {
    static let command = Command(
        "worker", summary: "Runs one agent for the gateway (started by it).", handlesSignals: true, isHidden: true
    ) { invocation in
        do throws(Worker.Failure) {
            return try Worker.run(environment: invocation.environment)
        } catch {
            switch error {
            case .bootstrap(let why): throw CommandFailure(why)
            }
        }
    }
}
