/// One element of `Sec-WebSocket-Extensions`: a name and its parameters, in the order they came.
package struct ExtensionOffer: Equatable, Sendable {
    package struct Parameter: Equatable, Sendable {
        package let name: String
        /// Without quotes; `nil` when the parameter has none.
        package let value: String?

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }
    }

    package let name: String
    package let parameters: [Parameter]

    package init(name: String, parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }
}

/// `Sec-WebSocket-Extensions` does not have the form of RFC 6455 §9.1; the handshake has to fail.
package struct ExtensionSyntaxError: Error, Equatable, Sendable {
    package init() {}
}

/// Reads `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
package enum ExtensionList {
    /// - Parameter lines: The values of all fields of that name, in order: together they are one list.
    package static func parse(_ lines: [String]) throws(ExtensionSyntaxError) -> [ExtensionOffer] {
        var offers: [ExtensionOffer] = []
        for line in lines {
            var reader = Reader(octets: Array(line.utf8))
            while !reader.isAtEnd {
                // Empty elements are part of every list (RFC 9110 §5.6.1).
                if reader.skip(",") { continue }
                offers.append(try reader.offer())
                guard reader.isAtEnd || reader.skip(",") else { throw ExtensionSyntaxError() }
            }
        }
        return offers
    }

    /// White space is skipped wherever the next thing is looked at.
    private struct Reader {
        let octets: [UInt8]
        var index = 0

        var isAtEnd: Bool {
            mutating get {
                skipWhiteSpace()
                return index == octets.count
            }
        }

        mutating func offer() throws(ExtensionSyntaxError) -> ExtensionOffer {
            let name = try token()
            var parameters: [ExtensionOffer.Parameter] = []
            while skip(";") {
                let parameter = try token()
                let value = skip("=") ? try value() : nil
                parameters.append(ExtensionOffer.Parameter(name: parameter, value: value))
            }
            return ExtensionOffer(name: name, parameters: parameters)
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            skipWhiteSpace()
            guard index < octets.count, octets[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        /// A token, quoted or not: what is inside of quotes has to be a token as well.
        private mutating func value() throws(ExtensionSyntaxError) -> String {
            guard skip("\"") else { return try token() }
            var content: [UInt8] = []
            while index < octets.count, octets[index] != UInt8(ascii: "\"") {
                if octets[index] == UInt8(ascii: "\\") { index += 1 }
                guard index < octets.count, Self.isTokenOctet(octets[index]) else { throw ExtensionSyntaxError() }
                content.append(octets[index])
                index += 1
            }
            guard index < octets.count, !content.isEmpty else { throw ExtensionSyntaxError() }
            index += 1
            return String(decoding: content, as: UTF8.self)
        }

        private mutating func token() throws(ExtensionSyntaxError) -> String {
            skipWhiteSpace()
            let start = index
            while index < octets.count, Self.isTokenOctet(octets[index]) { index += 1 }
            guard index > start else { throw ExtensionSyntaxError() }
            return String(decoding: octets[start..<index], as: UTF8.self)
        }

        private mutating func skipWhiteSpace() {
            while index < octets.count, octets[index] == 0x20 || octets[index] == 0x09 { index += 1 }
        }

        /// `tchar`, RFC 9110 §5.6.2: visible ASCII without delimiters.
        private static func isTokenOctet(_ octet: UInt8) -> Bool {
            guard octet > 0x20 && octet < 0x7F else { return false }
            switch Unicode.Scalar(octet) {
            case "(", ")", "<", ">", "@", ",", ";", ":", "\\", "\"", "/", "[", "]", "?", "=", "{", "}": return false
            default: return true
            }
        }
    }
}
