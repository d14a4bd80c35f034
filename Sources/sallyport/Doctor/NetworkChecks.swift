internal import Config
internal import EventLoop
internal import Server

enum NetworkChecks {
    static func port(_ subject: Subject) -> [Finding] {
        guard subject.gateway == nil, let port = subject.configuration?.gateway.port, port != 0 else { return [] }
        guard let holder = PortHolder.find(port: port) else { return [Finding("port", .ok, "\(port) is free")] }
        return [
            Finding(
                "port", .error, "\(port) is taken by \(holder)", fix: "stop it, or choose another with gateway.port")
        ]
    }

    /// What is published from a container arrives on its outer interface.
    static func container(_ subject: Subject) -> [Finding] {
        guard NetworkPosition.isContainer, let gateway = subject.configuration?.gateway else { return [] }
        guard gateway.bind == .loopback else { return [Finding("container", .ok, "bind is \(gateway.bind.rawValue)")] }
        return [
            Finding(
                "container", .warning, "gateway.bind is loopback inside a container: published ports do not reach it",
                fix: "set gateway.bind: \"lan\"")
        ]
    }

    private static let fewDescriptors = 2048

    static func descriptors(_ subject: Subject) -> [Finding] {
        let limit = DescriptorLimit.raiseToMaximum()
        guard limit < fewDescriptors else { return [Finding("descriptors", .ok, "\(limit)")] }
        return [
            Finding(
                "descriptors", .warning, "only \(limit) descriptors may be open: \(max(limit - 256, 64)) connections",
                fix: "raise it: ulimit -n, LimitNOFILE=")
        ]
    }
}
