internal import Glibc

/// A parser and what has to hold for every input.
struct Target: Sendable {
    let name: String
    let check: @Sendable ([UInt8]) -> Void

    static let all = [
        Target(name: "client-address", check: ClientAddressTarget.check),
        Target(name: "connect-params", check: ConnectParamsTarget.check),
        Target(name: "deflate", check: DeflateTarget.check),
        Target(name: "forwarded", check: ForwardedTarget.check),
        Target(name: "http-body", check: RequestBodyTarget.check),
        Target(name: "json5", check: JSON5Target.check),
        Target(name: "proxy-header", check: ProxyHeaderTarget.check),
        Target(name: "request-envelope", check: RequestEnvelopeTarget.check),
        Target(name: "request-head", check: RequestHeadTarget.check),
        Target(name: "response-head", check: ResponseHeadTarget.check),
        Target(name: "session-key", check: SessionKeyTarget.check),
        Target(name: "spawn-grant", check: SpawnGrantTarget.check),
        Target(name: "websocket-client", check: WebSocketTarget.checkClient),
        Target(name: "websocket-server", check: WebSocketTarget.checkServer),
    ]

    /// The one that `FUZZ_TARGET` names. Not an argument, because libFuzzer starts this program again with its own
    /// arguments when it minimises.
    static let selected: Target? = {
        let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) }
        return all.first { $0.name == name }
    }()
}

/// Ends the program, which is how libFuzzer learns of a finding.
func require(_ claim: Bool, _ message: @autoclosure () -> String) {
    if !claim { found(message()) }
}

func found(_ message: String) -> Never {
    // Optimised builds drop the texts of preconditions.
    print("finding: \(message)")
    fflush(nil)
    abort()
}

/// The text that these bytes are; nil when they are not UTF-8.
func text(_ bytes: some Collection<UInt8>) -> String? {
    String(validating: bytes, as: UTF8.self)
}

/// The ends of the pieces in which input arrives: `rule` 0 means single bytes, others repeat two sizes.
func pieceEnds(_ count: Int, rule: UInt8) -> [Int] {
    let sizes = [Int(rule & 0x0F) + 1, Int(rule >> 4) * 7 + 1]
    var ends: [Int] = []
    var end = 0
    while end < count {
        end = min(count, end + sizes[ends.count % 2])
        ends.append(end)
    }
    return ends
}
