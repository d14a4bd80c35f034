internal import JSON
internal import Server

/// `gateway status --no-probe`: what processes and files of this host tell.
enum StatusWithoutProbe {
    static func run(_ invocation: Invocation) throws -> Int32 {
        let arguments = invocation.arguments
        for name in ["url", "deep", "require-rpc"] where arguments.has(name) || arguments[name] != nil {
            throw CommandFailure(
                .excludingOptions, "--no-probe and --\(name) exclude each other",
                hint: "without connecting only this host's gateway is seen")
        }
        let service = try Service(invocation)
        let gateway = try service.gateway()
        if arguments.has("json") {
            var object = JSONObject([("ok", .bool(gateway != nil)), ("probed", false)])
            object["pid"] = gateway.map { .integer(Int64($0.pid)) }
            object["url"] = gateway.map { .string($0.url) }
            object["certificateSHA256"] = gateway?.pin.map { .string($0) }
            object["service"] = service.json
            invocation.terminal.print(JSON.object(object).prettyPrinted())
        } else {
            invocation.terminal.print(lines(gateway, service).joined(separator: "\n"))
        }
        return gateway == nil ? 1 : 0
    }

    private static func lines(_ gateway: LocalGateway?, _ service: Service) -> [String] {
        guard let gateway else {
            return ["Gateway:   none runs on \(service.state.path)", "Service:   \(service.sentence)"]
        }
        var lines = ["Gateway:   running at \(gateway.url), not asked", "Process:   \(gateway.pid)"]
        lines += gateway.urls.map { "Listening: \($0)" }
        lines.append("Service:   \(service.sentence)")
        if let pin = gateway.pin { lines.append("Pin:       sha256:\(pin)") }
        return lines
    }
}
