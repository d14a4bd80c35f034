/// A client in Python, with `websockets` for the transport and `cryptography` for the device.
enum PythonPeer {
    private static let environment = PythonEnvironment(
        "python-peer", modules: ["websockets", "cryptography"], requirements: ["websockets==15.0.1", "cryptography"])

    /// Why it cannot be had, nil when it can.
    static var problem: String? { environment.problem }

    static func run(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
        try environment.run(script: "gateway_client.py", arguments)
    }

    /// A whole conversation; says what came of it.
    static func converse(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
        try environment.run(script: "conversation.py", arguments, within: .seconds(90))
    }
}
