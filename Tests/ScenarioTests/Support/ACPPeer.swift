import Foundation

/// Agents of the Agent Client Protocol's own Python package.
enum ACPPeer {
    private static let package = "agent-client-protocol==0.12.1"
    private static let environment = PythonEnvironment(
        "acp-peer", modules: ["acp"], requirements: [package], sources: [package])

    /// Why they cannot be had, nil when they can.
    static var problem: String? { environment.problem }

    /// The example of the package, as it is published.
    static var example: [String] {
        [environment.python, environment.sources + "/agent_client_protocol-0.12.1/examples/agent.py"]
    }

    /// Does what its prompt says.
    static var wordByWord: [String] {
        [environment.python, Bundle.module.bundlePath + "/Peers/acp_agent.py"]
    }
}
