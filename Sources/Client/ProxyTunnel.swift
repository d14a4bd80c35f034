internal import HTTP

/// Has a proxy connect us through to the gateway (RFC 9110 §9.3.6).
internal enum ProxyTunnel {
    /// - Parameter transport: The plain connection to the proxy. What is sent on it afterwards goes to the gateway.
    internal static func open(
        through proxy: Proxy, to endpoint: GatewayEndpoint, on transport: Transport, until deadline: Deadline
    ) throws(ClientError) {
        let exchange = HTTPExchange(transport: transport, deadline: deadline, subject: "the proxy \(proxy.name)")
        try exchange.send(request(to: endpoint, authorization: proxy.authorization))
        var received: [UInt8] = []
        let head: ResponseHead
        do throws(ClientError) {
            head = try exchange.readHead(&received)
        } catch .closed {
            throw .proxyRefused(proxy: proxy.name, status: nil, reason: "it closed the connection")
        }
        guard (200...299).contains(head.status) else {
            let reason = exchange.readReason(received)
            throw .proxyRefused(proxy: proxy.name, status: head.status, reason: reason)
        }
        // The gateway waits for our ClientHello, so nothing can have come from it.
        guard received.isEmpty else {
            throw .proxyRefused(proxy: proxy.name, status: head.status, reason: "it sent more than its answer")
        }
    }

    internal static func request(to endpoint: GatewayEndpoint, authorization: String?) -> [UInt8] {
        let authority = "\(endpoint.bracketedHost):\(endpoint.port)"
        var lines = ["CONNECT \(authority) HTTP/1.1", "Host: \(authority)"]
        if let authorization { lines.append("Proxy-Authorization: \(authorization)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
