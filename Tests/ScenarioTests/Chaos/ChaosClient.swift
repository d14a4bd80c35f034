import Client
import Foundation
import JSON

/// Spawns trees one after the other and waits for each result, over however many ends of its connection.
struct ChaosClient: Sendable {
    let trees: [ChaosLedger.Tree]
    let ledger: ChaosLedger

    func run() {
        var connection: GatewayClient?
        for tree in trees {
            while !ledger.isOver {
                do {
                    let open: GatewayClient
                    if let connection { open = connection } else { open = try connect() }
                    connection = open
                    // Twice, so that a result that comes twice is seen to be one.
                    let run = try spawn(tree, open)
                    ledger.accept(tree, run)
                    for _ in 0..<2 { ledger.arrived(run, try wait(run, open)) }
                    break
                } catch {
                    connection?.close()
                    connection = nil
                    Thread.sleep(forTimeInterval: 0.02)
                }
            }
        }
        connection?.close()
    }

    private func connect() throws -> GatewayClient {
        guard let options = ledger.options else { throw Unexpected("the gateway is down") }
        return try GatewayClient.connect(options)
    }

    private func spawn(_ tree: ChaosLedger.Tree, _ owner: GatewayClient) throws -> GatewayClient.Spawned {
        try owner.spawn("1", agent: "main", [("idempotencyKey", .string(tree.name)), ("label", .string(tree.name))])
    }

    private func wait(_ run: GatewayClient.Spawned, _ owner: GatewayClient) throws -> JSON {
        while !ledger.isOver {
            let answer = try owner.request(
                "agent.wait", ["runId": .string(run.runID), "timeoutMs": 2000], timeout: .seconds(5))
            if let result = answer["result"] { return result }
        }
        throw Unexpected("given up")
    }
}
