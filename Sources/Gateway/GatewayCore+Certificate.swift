internal import JSON
internal import Wire

/// What connected clients hear of the certificate: whoever pins it has to know the next before it is shown.
extension GatewayCore {
    /// The certificate in use or the one to follow is another, or is known for the first time. Everybody hears of it,
    /// workers too: they have to find back to us.
    package mutating func certificateChanged(_ served: ServedCertificate, nowMs: Int64) -> [Effect] {
        defer { self.served = served }
        guard let before = self.served, before != served, !connections.isEmpty else { return [] }
        return [.event(Self.pinEvent(served, nowMs: nowMs), to: Array(connections.keys))]
    }

    /// For a connection that was not there when the next certificate was announced.
    func pinNotice(for id: ConnectionID, nowMs: Int64) -> [Effect] {
        guard let served, served.next != nil else { return [] }
        return [.event(Self.pinEvent(served, nowMs: nowMs), to: [id])]
    }

    private static func pinEvent(_ served: ServedCertificate, nowMs: Int64) -> OutboundEvent {
        let next = served.next ?? served.current
        let payload = JSONObject([
            ("certificateSHA256", .string(next.certificateSHA256)), ("spkiSHA256", .string(next.spkiSHA256)),
            ("effectiveAtMs", .integer(served.next == nil ? nowMs : served.effectiveAtMs ?? nowMs)),
            ("current", served.current.json),
        ])
        return OutboundEvent(.tlsPinNext, .object(payload))
    }

    /// For `status`; nil without TLS.
    var certificateStatus: JSON? {
        guard let served, var object = served.current.json.object else { return nil }
        if let next = served.next, var more = next.json.object {
            more["effectiveAtMs"] = served.effectiveAtMs.map { .integer($0) }
            object["next"] = .object(more)
        }
        return .object(object)
    }
}

extension CertificatePins {
    fileprivate var json: JSON {
        ["certificateSHA256": .string(certificateSHA256), "spkiSHA256": .string(spkiSHA256)]
    }
}
