internal import Files

/// Small files that only their owner may read, with their errors as those of a device key file.
internal enum PrivateFile {
    /// - Returns: `nil` when there is no file.
    internal static func read(_ path: String, maxBytes: Int) throws(DeviceKeyFileError) -> [UInt8]? {
        do throws(FileError) {
            return try Files.read(path, maxBytes: maxBytes)
        } catch {
            if error.isMissing { return nil }
            throw DeviceKeyFileError(error)
        }
    }

    /// Creates the file with mode 0600, complete or not at all, and its missing directories with 0700. A file that
    /// appeared meanwhile is left alone.
    internal static func create(_ path: String, containing bytes: [UInt8]) throws(DeviceKeyFileError) {
        do throws(FileError) {
            try Files.makeDirectory(Files.parent(of: path))
            try Files.createExclusively(path, bytes)
        } catch {
            throw DeviceKeyFileError(error)
        }
    }
}

extension DeviceKeyFileError {
    fileprivate init(_ error: FileError) {
        switch error {
        case .failed(let operation, let path, let code):
            self = .io(path: path, operation: operation.rawValue, errno: code)
        case .notARegularFile(let path): self = .notAnIdentity(path: path)
        case .tooLarge(let path, let limit): self = .tooLarge(path: path, limit: limit)
        case .locked(let path, _): self = .notAnIdentity(path: path)
        }
    }
}
