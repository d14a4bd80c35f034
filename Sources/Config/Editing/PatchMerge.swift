internal import JSON

/// Applies a merge patch as OpenClaw does: elements of arrays that have an `id` are merged by it, and an array does not
/// lose elements unless its path is named.
struct PatchMerge {
    let replacing: Set<String>
    /// The first array that would lose elements.
    private(set) var refused: String?

    init(replacing: Set<String>) { self.replacing = replacing }

    /// - Parameter path: with `[]` for the elements of arrays.
    mutating func merged(_ value: JSON, with patch: JSON, at path: String) -> JSON {
        switch (value, patch) {
        case (_, .object(let members)):
            var result = value.object ?? JSONObject()
            for (name, change) in members {
                let place = SourceMap.path(path, name: name)
                if change.isNull {
                    result[name] = Optional.none
                } else {
                    result[name] = merged(result[name] ?? .null, with: change, at: place)
                }
            }
            return .object(result)
        case (.array(let old), .array(let new)) where !replacing.contains(path):
            return .array(elements(old, with: new, at: path))
        default:
            return patch
        }
    }

    private mutating func elements(_ old: [JSON], with new: [JSON], at path: String) -> [JSON] {
        guard let oldIDs = Self.ids(old), let newIDs = Self.ids(new), !newIDs.isEmpty else {
            if old.contains(where: { !new.contains($0) }) { refused = refused ?? path }
            return new
        }
        var result = old
        for (id, element) in zip(newIDs, new) {
            if let index = oldIDs.firstIndex(of: id) {
                result[index] = merged(result[index], with: element, at: path + "[]")
            } else {
                result.append(JSON.null.merging(patch: element))
            }
        }
        return result
    }

    /// Nil unless each element has one, and no two the same.
    private static func ids(_ elements: [JSON]) -> [String]? {
        let ids = elements.compactMap { $0["id"]?.string }
        return ids.count == elements.count && Set(ids).count == ids.count ? ids : nil
    }
}
