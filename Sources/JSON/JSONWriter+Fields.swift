/// A member in one call: `field("status", "accepted")`.
extension JSONWriter {
    package mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func field(_ name: String, _ value: Int64) {
        key(name)
        integer(value)
    }

    package mutating func field(_ name: String, _ value: Int) { field(name, Int64(value)) }

    package mutating func field(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    package mutating func field(_ name: String, _ value: Double) {
        key(name)
        double(value)
    }

    package mutating func field(_ name: String, _ value: JSON) {
        key(name)
        self.value(value)
    }

    package mutating func field(_ name: String, _ value: JSONObject) {
        key(name)
        object(value)
    }

    package mutating func field(_ name: String, _ values: [String]) {
        key(name)
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    /// - Parameter raw: One complete JSON value, copied as it is.
    package mutating func field(_ name: String, raw: Span<UInt8>) {
        key(name)
        self.raw(raw)
    }

    /// Writes the member only when there is a value.
    package mutating func optionalField(_ name: String, _ value: String?) {
        if let value { field(name, value) }
    }

    /// Writes the member only when there is a value.
    package mutating func optionalField(_ name: String, _ value: Int64?) {
        if let value { field(name, value) }
    }

    /// Writes the member only when there is a value.
    package mutating func optionalField(_ name: String, _ value: Bool?) {
        if let value { field(name, value) }
    }

    /// Writes the member only when there is a value.
    package mutating func optionalField(_ name: String, _ value: JSON?) {
        if let value { field(name, value) }
    }
}
