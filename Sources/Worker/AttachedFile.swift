internal import Crypto
internal import Files
internal import JSON

/// Files that came with the task.
struct AttachedFile {
    /// Below the run's own directory, as answers to spawns say.
    static let directory = "attachments"

    let name: String
    let bytes: [UInt8]
    let mimeType: String?

    init?(_ json: JSON) {
        guard let name = json["name"]?.string, let bytes = json["content"]?.string.flatMap(Base64.decode),
            !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
        else { return nil }
        self.name = name
        self.bytes = bytes
        mimeType = json["mimeType"]?.string
    }

    /// Writes them before the command runs, that is before anybody else can have put something there.
    static func write(_ files: [AttachedFile], to directory: String) throws(FileError) {
        try Files.makeDirectory(directory)
        for file in files { try Files.writeAtomically(directory + "/" + file.name, file.bytes) }
    }
}
