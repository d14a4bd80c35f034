internal import JSON

/// Reads `gateway.listeners`.
struct ListenersDecoder {
    private static let defaultMode: UInt32 = 0o660

    /// The section of the gateway.
    let gateway: Section
    let isTLSEnabled: Bool
    let hasTrustedProxies: Bool

    private var context: LoadContext { gateway.context }

    func decode() -> [ListenerSettings] {
        context.note("listeners", in: gateway.path)
        guard let list = gateway.node?["listeners"] else { return [] }
        let listPath = gateway.path(of: "listeners")
        guard let elements = list.elements else {
            refuse(list, listPath, "an array of listeners")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            let path = SourceMap.path(listPath, index: index)
            guard element.members != nil else {
                refuse(element, path, "an object")
                return nil
            }
            return listener(Section(path: path, node: element, context: context, recordsDefaults: false))
        }
    }

    private func refuse(_ node: ConfigNode, _ path: String, _ allowed: String) {
        context.error(
            .invalidValue, path, "\(path) must be \(allowed), not \(Seen.describe(node.json))", at: node.location)
    }

    private func listener(_ section: Section) -> ListenerSettings? {
        let address = address(section)
        let port = section.optionalInteger("port", in: 0...65535)
        let path = path(section)
        let mode = mode(section)
        let isUnix = section.node?["path"] != nil
        let settings = ListenerSettings(
            path: section.path,
            place: isUnix
                ? .unix(path: path ?? "", mode: mode ?? Self.defaultMode)
                : .address(address ?? "", port: UInt16(truncatingIfNeeded: port ?? 0)),
            isTLS: section.bool("tls", default: isUnix ? false : isTLSEnabled),
            proxyProtocol: section.choice("proxyProtocol", default: .forbidden))
        section.warnAboutUnknownKeys()
        checkPlace(section)
        check(settings, section)
        // What was wrong has been reported, and the configuration is not used.
        return settings
    }

    private func address(_ section: Section) -> String? {
        section.read("address", as: .string, default: nil, show: Self.show) { raw throws(Refusal) in
            let text = try raw.string()
            guard AddressSyntax.isAddress(text) else {
                throw Refusal(allowed: "an IP address, such as 127.0.0.1, 0.0.0.0 or ::")
            }
            return text
        }
    }

    private func path(_ section: Section) -> String? {
        section.read("path", as: .string, default: nil, show: Self.show) { raw throws(Refusal) in
            let path = PathText.expandingHome(try raw.string(), home: context.variables.home)
            guard path.hasPrefix("/"), !path.hasSuffix("/") else {
                throw Refusal(allowed: "an absolute path of a file")
            }
            // `sun_path` has 108 bytes, the last of them NUL.
            guard path.utf8.count <= 107 else {
                throw Refusal(
                    allowed: "a path of at most 107 bytes", seen: "one of \(path.utf8.count)",
                    remedy: "the kernel allows no more; choose a directory with a shorter name, such as /run/sallyport")
            }
            return path
        }
    }

    /// Written in octal, as `chmod` has it.
    private func mode(_ section: Section) -> UInt32? {
        section.read("mode", as: .string, default: nil, show: { .string($0.map { "0" + String($0, radix: 8) } ?? "") })
        {
            raw throws(Refusal) in
            let allowed = "an octal mode in quotes, such as \"0660\""
            guard let text = raw.node.string, (3...4).contains(text.utf8.count),
                text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
                let mode = UInt32(text, radix: 8), mode <= 0o777
            else { throw Refusal(allowed: allowed) }
            return mode
        }
    }

    private static func show(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }

    // MARK: Rules across members

    private func checkPlace(_ section: Section) {
        func has(_ name: String) -> Bool { section.node?[name] != nil }
        let place = section.node?.location
        if has("path") == has("address") {
            context.error(
                .conflict, section.path, "\(section.path) has \(has("path") ? "both" : "neither") address and path",
                at: place,
                remedy: "write address and port for a network listener, or path for a Unix socket")
        } else if has("address"), !has("port") {
            context.error(
                .incomplete, section.path(of: "port"),
                "\(section.path(of: "address")) is set without \(section.path(of: "port"))",
                at: place, remedy: "add the port; gateway.port belongs to the addresses of gateway.bind")
        } else if has("path"), has("port") {
            context.warn(
                .noEffect, section.path(of: "port"), "\(section.path(of: "port")) has no effect beside path",
                at: context.location(of: section.path(of: "port")))
        }
        if has("mode"), !has("path") {
            context.warn(
                .noEffect, section.path(of: "mode"), "\(section.path(of: "mode")) has no effect without path",
                at: context.location(of: section.path(of: "mode")))
        }
    }

    private func check(_ settings: ListenerSettings, _ section: Section) {
        if settings.isTLS, !isTLSEnabled {
            let path = section.path(of: "tls")
            context.error(
                .conflict, path, "\(path) is true while gateway.tls.enabled is false: there is no certificate",
                at: context.location(of: path), remedy: "set gateway.tls.enabled: true")
        }
        switch settings.place {
        case .address(let host, _):
            if !settings.isTLS, !AddressSyntax.isLoopback(host) {
                let path = context.location(of: section.path(of: "tls")) == nil ? section.path : section.path(of: "tls")
                context.warn(
                    .exposed, path,
                    "\(section.path) listens beyond loopback without TLS: tokens can be read on the way",
                    at: context.location(of: path) ?? section.node?.location, remedy: "set tls: true")
            }
            guard settings.proxyProtocol == .required, !hasTrustedProxies else { break }
            let path = section.path(of: "proxyProtocol")
            context.error(
                .incomplete, path,
                "\(path) is \"required\" but gateway.trustedProxies is empty: nobody may send such a header",
                at: context.location(of: path),
                remedy: "add trustedProxies: [\"<address of the proxy>\"] to the gateway block")
        case .unix(_, let mode):
            guard mode & 0o002 != 0 else { break }
            let path = section.path(of: "mode")
            context.warn(
                .exposed, path, "\(path) lets every user of this host connect, who can then name any client address",
                at: context.location(of: path), remedy: "use \"0660\" and put the proxy into the socket's group")
        }
    }
}
