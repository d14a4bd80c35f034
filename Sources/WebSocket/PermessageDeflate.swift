/// What two endpoints have agreed on for compressing messages (RFC 7692 §7).
package struct PermessageDeflate: Equatable, Sendable {
    /// What a server asks for beyond what a client offers. Either saves memory and costs compression.
    package struct Policy: Equatable, Sendable {
        package var serverNoContextTakeover: Bool
        package var clientNoContextTakeover: Bool

        package init(serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false) {
            self.serverNoContextTakeover = serverNoContextTakeover
            self.clientNoContextTakeover = clientNoContextTakeover
        }
    }

    private static let name = "permessage-deflate"
    /// Logarithms of the sizes that a window may have (RFC 7692 §7.1.2).
    package static let windowBits = 8...15

    /// Whether the server forgets what it sent at the end of each message.
    package var serverNoContextTakeover: Bool
    /// Whether the client does.
    package var clientNoContextTakeover: Bool
    /// How far back the server refers, as a power of two.
    package var serverMaxWindowBits: Int
    /// How far back the client refers.
    package var clientMaxWindowBits: Int

    /// - Precondition: Both numbers of bits are in ``windowBits``.
    package init(
        serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false, serverMaxWindowBits: Int = 15,
        clientMaxWindowBits: Int = 15
    ) {
        precondition(
            Self.windowBits.contains(serverMaxWindowBits) && Self.windowBits.contains(clientMaxWindowBits),
            "a window of 8 to 15 bits")
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
    }

    /// The server's choice: the first offer that it can accept (RFC 7692 §5.1).
    ///
    /// - Parameter lines: The values of all `Sec-WebSocket-Extensions` fields of the request.
    /// - Returns: `nil` when no offer is acceptable; the connection then goes on without compression.
    /// - Throws: When the field is malformed: such a handshake fails (RFC 6455 §9.1).
    package static func negotiate(
        offers lines: [String], policy: Policy = Policy()
    ) throws(ExtensionSyntaxError) -> PermessageDeflate? {
        let offers = try ExtensionList.parse(lines)
        return offers.lazy.compactMap { accept($0, policy: policy) }.first
    }

    /// The value of `Sec-WebSocket-Extensions` in the server's answer. Names what differs from the defaults only.
    package var responseValue: String {
        var value = Self.name
        if serverNoContextTakeover { value += "; server_no_context_takeover" }
        if clientNoContextTakeover { value += "; client_no_context_takeover" }
        if serverMaxWindowBits < 15 { value += "; server_max_window_bits=\(serverMaxWindowBits)" }
        if clientMaxWindowBits < 15 { value += "; client_max_window_bits=\(clientMaxWindowBits)" }
        return value
    }

    /// Whether the endpoint keeps what it sent as context for its next message.
    package func keepsContext(of endpoint: Endpoint) -> Bool {
        endpoint == .server ? !serverNoContextTakeover : !clientNoContextTakeover
    }

    /// `nil` for another extension, and for an offer with a parameter that is unknown, repeated or has a value that it
    /// cannot have (RFC 7692 §7.1): the server has to decline that offer.
    private static func accept(_ offer: ExtensionOffer, policy: Policy) -> PermessageDeflate? {
        guard offer.name == name else { return nil }
        var agreed = PermessageDeflate(
            serverNoContextTakeover: policy.serverNoContextTakeover,
            clientNoContextTakeover: policy.clientNoContextTakeover)
        var seen: Set<String> = []
        for parameter in offer.parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil):
                agreed.serverNoContextTakeover = true
            case ("client_no_context_takeover", nil):
                agreed.clientNoContextTakeover = true
            case ("server_max_window_bits", let value?):
                guard let bits = windowBits(value) else { return nil }
                agreed.serverMaxWindowBits = bits
            case ("client_max_window_bits", nil):
                // Says only that the client would let us limit it.
                break
            case ("client_max_window_bits", let value?):
                guard let bits = windowBits(value) else { return nil }
                agreed.clientMaxWindowBits = bits
            default:
                return nil
            }
        }
        return agreed
    }

    /// A decimal number from 8 to 15 without leading zeros.
    private static func windowBits(_ text: String) -> Int? {
        windowBits.first { text == String($0) }
    }
}
