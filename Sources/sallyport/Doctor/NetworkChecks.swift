internal import Config
internal import EventLoop
internal import Server

enum NetworkChecks {
    static func port(_ subject: Subject) -> [Finding] {
        guard subject.gateway == nil, let port = subject.configuration?.gateway.port, port != 0 else { return [] }
        guard let holder = PortHolder.find(port: port) else { return [.ok(.port, "\(port) is free")] }
        return [
            Finding(
                .port, .error, StartRule.portInUse, "\(port) is taken by \(holder)",
                fix: "stop it, or choose another with gateway.port")
        ]
    }

    /// What is published from a container arrives on its outer interface.
    static func container(_ subject: Subject) -> [Finding] {
        guard NetworkPosition.isContainer, let gateway = subject.configuration?.gateway else { return [] }
        guard gateway.bind == .loopback else { return [.ok(.container, "bind is \(gateway.bind.rawValue)")] }
        return [
            Finding(
                .containerLoopback, "gateway.bind is loopback inside a container: published ports do not reach it")
        ]
    }

    private static let fewDescriptors = 2048

    static func descriptors(_ subject: Subject) -> [Finding] {
        let limit = DescriptorLimit.raiseToMaximum()
        guard limit < fewDescriptors else { return [.ok(.descriptors, "\(limit)")] }
        return [
            Finding(
                .fewDescriptors, "only \(limit) descriptors may be open: \(max(limit - 256, 64)) connections")
        ]
    }
}
