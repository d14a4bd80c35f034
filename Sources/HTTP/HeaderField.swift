/// One field line of a message head (RFC 9110 §5).
package struct HeaderField: Hashable, Sendable {
    /// Lower-cased in what was received.
    package var name: String
    /// Without the white space around it. Octets that are not UTF-8 stand as U+FFFD.
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What both kinds of head answer about their fields. Names are given in lower case.
package protocol HeaderFields {
    var fields: [HeaderField] { get }
}

extension HeaderFields {
    /// The value of the first field of that name.
    package func first(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// The values of all fields of that name, in order.
    package func all(_ name: String) -> [String] {
        fields.compactMap { $0.name == name ? $0.value : nil }
    }

    /// The elements of a comma-separated list over all fields of that name (RFC 9110 §5.6.1), trimmed, without empty
    /// ones, in the case they came in. Not for fields with quoted strings.
    package func list(_ name: String) -> [String] {
        all(name).flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).compactMap { element in
                let trimmed = FieldSyntax.trimmed(element)
                return trimmed.isEmpty ? nil : String(Substring(trimmed))
            }
        }
    }

    /// Whether the list has that element, whatever the case. `token` is lower case.
    func list(_ name: String, contains token: String) -> Bool {
        list(name).contains { FieldSyntax.lowercased($0) == token }
    }
}
