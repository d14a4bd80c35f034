internal import Wire

/// A paired device keeps the platform and family that it was approved with (wire protocol, "Metadata pin").
enum MetadataPin {
    static func holds(record: PairedDevice, client: ClientInfo) -> Bool {
        matches(pinned: record.platform, claimed: client.platform, client: client)
            && matches(pinned: record.deviceFamily, claimed: client.deviceFamily, client: nil)
    }

    private static func matches(pinned: String?, claimed: String?, client: ClientInfo?) -> Bool {
        guard let pinned = pinned.map(DeviceProofCheck.normalised), !pinned.isEmpty else { return true }
        guard let claimed = claimed.map(DeviceProofCheck.normalised), !claimed.isEmpty else { return false }
        if pinned == claimed { return true }
        guard let client else { return false }
        switch (client.id, client.mode) {
        case ("node-host", "node"): return alias(pinned) == alias(claimed)
        case ("openclaw-ios", _): return ["ios", "ipados"].contains { isWord($0, startOf: claimed) }
        case ("openclaw-android", _): return claimed.hasPrefix("android")
        default: return false
        }
    }

    private static func alias(_ platform: String) -> String {
        switch platform {
        case "darwin": "macos"
        case "win32": "windows"
        default: platform
        }
    }

    private static func isWord(_ word: String, startOf text: String) -> Bool {
        guard text.hasPrefix(word) else { return false }
        guard let next = text.dropFirst(word.count).first else { return true }
        return !next.isLetter && !next.isNumber
    }
}
