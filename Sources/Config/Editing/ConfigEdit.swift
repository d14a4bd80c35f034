package import JSON

/// A change of the main file's text. Pure: the caller reads and writes.
package enum ConfigEdit: Equatable, Sendable {
    case set(JSONPath, JSON)
    case unset(JSONPath)
    /// A merge patch (RFC 7396), except that in arrays of objects with an `id` elements are merged by it.
    ///
    /// `replacing`: arrays from which elements may vanish: `agents.list`, `agents.list[].allowAgents`.
    case patch(JSON, replacing: [String])
    /// The whole text.
    case replace([UInt8])

    package enum Failure: Error, Equatable, Sendable {
        case notJSON5(path: String, JSONError)
        case edit(EditError)
        /// There is nothing at that path.
        case absent(path: String)
        /// The value stands in an included file.
        case included(path: String, file: String)
        /// Elements of an array would vanish, and nobody said that they should.
        case wouldRemoveElements(path: String)
    }

    /// What a new file begins with: what was in effect without one goes on, local mode and TLS.
    package static let newFile = Array(
        "{\n  gateway: {\n    mode: \"local\",\n    tls: { enabled: true },\n  },\n}\n".utf8)

    /// - Parameters:
    ///   - file: the main file; nil when there is none yet.
    ///   - path: of the main file.
    ///   - readFile: as for ``ConfigLoader``.
    /// - Returns: The new text, which may be the old one.
    package func apply(
        to file: ConfigInput.File?, path: String, readFile: @escaping (String) -> [UInt8]?
    ) throws(Failure) -> [UInt8] {
        if case .replace(let bytes) = self {
            _ = try Self.editor(bytes, path)
            return bytes
        }
        var editor = try Self.editor(file?.bytes ?? Self.newFile, path)
        let includes = file.map { IncludedValues($0, readFile: readFile) }
        func refuseIncluded(_ place: JSONPath) throws(Failure) {
            guard let other = includes?.file(of: place) else { return }
            throw .included(path: place.description, file: other)
        }
        switch self {
        case .set(let place, let value):
            try refuseIncluded(place)
            try Self.edit(&editor, place, value)
        case .unset(let place):
            guard editor.value[place] != nil else {
                try refuseIncluded(place)
                throw .absent(path: place.description)
            }
            do throws(EditError) {
                try editor.unset(place)
            } catch {
                throw .edit(error)
            }
        case .patch(let patch, let replacing):
            for place in Self.leaves(of: patch, at: JSONPath()) { try refuseIncluded(place) }
            var merge = PatchMerge(replacing: Set(replacing))
            let merged = merge.merged(editor.value, with: patch, at: "")
            if let path = merge.refused { throw .wouldRemoveElements(path: path) }
            try Self.edit(&editor, JSONPath(), merged)
        case .replace: break
        }
        return editor.bytes
    }

    private static func editor(_ bytes: [UInt8], _ path: String) throws(Failure) -> JSONEditor {
        do throws(JSONError) {
            return try JSONEditor(bytes)
        } catch {
            throw .notJSON5(path: path, error)
        }
    }

    private static func edit(_ editor: inout JSONEditor, _ place: JSONPath, _ value: JSON) throws(Failure) {
        do throws(EditError) {
            try editor.set(place, to: value)
        } catch {
            throw .edit(error)
        }
    }

    /// Where a patch writes.
    private static func leaves(of patch: JSON, at path: JSONPath) -> [JSONPath] {
        guard let members = patch.object, !members.isEmpty else { return path.isRoot ? [] : [path] }
        return members.flatMap { leaves(of: $0.value, at: path.appending($0.name)) }
    }
}

extension ConfigEdit.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notJSON5(let path, let error): "\(path):\(error.line):\(error.column): not valid JSON5: \(error.kind)"
        case .edit(let error): error.description
        case .absent(let path): "\(path) is not set"
        case .included(let path, let file): "\(path) stands in an included file, \(file)"
        case .wouldRemoveElements(let path): "the patch would remove elements of \(path)"
        }
    }

    package var remedy: String? {
        switch self {
        case .notJSON5: "mend it with an editor"
        case .edit: nil
        case .absent(let path): "see: sallyport config get \(path)"
        case .included(_, let file): "edit \(file)"
        case .wouldRemoveElements(let path): "send all elements, or name \(path) in replacePaths"
        }
    }
}
