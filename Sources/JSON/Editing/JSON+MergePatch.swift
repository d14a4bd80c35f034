extension JSON {
    /// The value with a merge patch applied (RFC 7396): objects merge, null removes, everything else replaces.
    package func merging(patch: JSON) -> JSON {
        guard case .object(let members) = patch else { return patch }
        var result = object ?? JSONObject()
        for (name, value) in members {
            // A bare nil would be JSON's null.
            result[name] = value.isNull ? Optional.none : (result[name] ?? .null).merging(patch: value)
        }
        return .object(result)
    }
}
