internal import Crypto
package import JSON
internal import Wire

/// OpenClaw's `devices/paired.json` (wire protocol, section 7.3), read to take its devices over.
///
/// Whatever is not as it should be is left out, never guessed: a record or token that is let through by mistake lets
/// somebody in.
package struct PairedDevicesFile: Equatable, Sendable {
    /// What was left out, or does not hold as it did, and why. `what` was written by whoever wrote the file.
    package struct Remark: Equatable, Sendable {
        package let what: String
        package let why: String
        /// Left out because it cannot be read.
        package let isDamage: Bool

        package init(_ what: String, _ why: String, isDamage: Bool = true) {
            self.what = what
            self.why = why
            self.isDamage = isDamage
        }
    }

    /// How a paired device came to us.
    package static let approvedVia = "import"
    /// Of another gateway's shared secret: our own generations are never negative, so such a token is void.
    static let foreignGeneration: Int64 = -1

    package private(set) var devices: [PairedDevice] = []
    package private(set) var remarks: [Remark] = []

    /// - Parameter nowMs: for records without times.
    /// - Returns: nil when the document is no object of records.
    package init?(_ document: JSON, nowMs: Int64) {
        guard let records = document.object else { return nil }
        for (name, record) in records {
            do throws(Damage) {
                let device = try device(name, record, nowMs: nowMs)
                devices.append(device)
            } catch {
                remarks.append(Remark("device \(name)", error.why))
            }
        }
    }

    private struct Damage: Error {
        let why: String

        init(_ why: String) { self.why = why }
    }

    private mutating func device(_ name: String, _ record: JSON, nowMs: Int64) throws(Damage) -> PairedDevice {
        guard record.object != nil else { throw Damage("is no object") }
        guard let key = try Self.text(record, "publicKey").flatMap(DeviceIdentity.publicKey(parsing:)) else {
            throw Damage("publicKey is no Ed25519 key")
        }
        let id = DeviceIdentity.id(ofPublicKey: key)
        guard id == name, try Self.text(record, "deviceId") ?? id == id else {
            throw Damage("the device id is not that of its publicKey")
        }
        let roles = try roles(record, of: id)
        let mirror = try Self.names(record, "scopes")
        guard let scopes = try Self.names(record, "approvedScopes") ?? mirror else {
            throw Damage("has neither approvedScopes nor scopes")
        }
        let createdAtMs = try Self.time(record, "createdAtMs")
        let approvedAtMs = try Self.time(record, "approvedAtMs")
        var device = PairedDevice(
            deviceID: id, publicKey: key, displayName: try Self.text(record, "displayName"),
            platform: try Self.text(record, "platform"), deviceFamily: try Self.text(record, "deviceFamily"),
            clientID: try Self.text(record, "clientId"), clientMode: try Self.text(record, "clientMode"), roles: roles,
            approvedScopes: ScopeSet(scopes), approvedVia: Self.approvedVia,
            remoteIP: try Self.text(record, "remoteIp"), createdAtMs: createdAtMs ?? approvedAtMs ?? nowMs,
            approvedAtMs: approvedAtMs ?? createdAtMs ?? nowMs, lastSeenAtMs: try Self.time(record, "lastSeenAtMs"))
        device.tokens = try tokens(record, of: device)
        return device
    }

    private mutating func roles(_ record: JSON, of id: String) throws(Damage) -> [String] {
        let single = try Self.text(record, "role").map { [$0] }
        guard let names = try Self.names(record, "roles") ?? single else { throw Damage("has no roles") }
        let known = names.filter { Role(rawValue: $0) != nil }
        for name in names where Role(rawValue: name) == nil {
            remarks.append(Remark("role \(name) of device \(id)", "there is no such role here", isDamage: false))
        }
        guard !known.isEmpty else { throw Damage("has no role that there is here") }
        return known
    }

    // MARK: - Tokens

    private mutating func tokens(_ record: JSON, of device: PairedDevice) throws(Damage) -> [String: DeviceToken] {
        guard let member = record["tokens"], !member.isNull else { return [:] }
        guard let entries = member.object else { throw Damage("tokens is no object") }
        var tokens: [String: DeviceToken] = [:]
        for (role, entry) in entries {
            let what = "token of role \(role) of device \(device.deviceID)"
            do throws(Damage) {
                let token = try Self.token(role, entry, of: device)
                tokens[role] = token
                if token.issuerGeneration != nil {
                    remarks.append(
                        Remark(
                            what, "is bound to the other gateway's shared secret: the device gets a new one with ours",
                            isDamage: false))
                }
            } catch {
                remarks.append(Remark(what, error.why))
            }
        }
        return tokens
    }

    private static func token(_ role: String, _ entry: JSON, of device: PairedDevice) throws(Damage) -> DeviceToken {
        guard device.roles.contains(role), try text(entry, "role") ?? role == role else {
            throw Damage("is for another role than the device has")
        }
        guard let secret = try text(entry, "token"), !secret.isEmpty else { throw Damage("has no token") }
        guard let names = try names(entry, "scopes") else { throw Damage("has no scopes") }
        let scopes = ScopeSet(names)
        guard device.approvedScopes.covers(scopes) else { throw Damage("has scopes that were never approved") }
        let isBound = entry["issuer"].map { !$0.isNull } ?? false
        return DeviceToken(
            role: role, digest: SHA256.digest(Array(secret.utf8)), scopes: scopes,
            issuerGeneration: isBound ? foreignGeneration : nil,
            createdAtMs: try time(entry, "createdAtMs") ?? device.createdAtMs,
            rotatedAtMs: try time(entry, "rotatedAtMs"), revokedAtMs: try time(entry, "revokedAtMs"),
            lastUsedAtMs: try time(entry, "lastUsedAtMs"))
    }

    // MARK: - Members

    /// Nil when it is not there; what is there and no text is damage, so that nothing falls back to something wider.
    private static func text(_ object: JSON, _ name: String) throws(Damage) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.string, text.utf8.count <= maxTextBytes else { throw Damage("\(name) is no short text") }
        return text
    }

    private static func names(_ object: JSON, _ name: String) throws(Damage) -> [String]? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let names = value.array?.map(\.string), names.count <= ConnectParams.maxNames,
            names.allSatisfy({ $0.map { $0.utf8.count <= ConnectParams.maxNameBytes } ?? false })
        else { throw Damage("\(name) is no list of names") }
        return names.compactMap(\.self)
    }

    private static func time(_ object: JSON, _ name: String) throws(Damage) -> Int64? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let time = value.integer, time >= 0 else { throw Damage("\(name) is no time") }
        return time
    }

    private static let maxTextBytes = 1024
}
