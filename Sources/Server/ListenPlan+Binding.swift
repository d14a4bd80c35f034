internal import EventLoop
internal import Files

extension ListenPlan {
    /// Binds everything; the addresses come first.
    ///
    /// - Parameters:
    ///   - inherited: sockets that take the place of our own.
    ///   - warn: gets a sentence for each listener that was left out.
    func listen(
        _ inherited: InheritedSockets = InheritedSockets(), warn: (String) -> Void
    ) throws(StartFailure) -> [BoundListener] {
        var bound = try listenOnAddresses(inherited)
        for extra in extras {
            do throws(StartFailure) {
                bound.append(try Self.bind(extra, inherited))
            } catch {
                guard extra.isOptional else {
                    Self.remove(bound)
                    throw error
                }
                warn(error.logText)
            }
        }
        return bound
    }

    /// Removes the files of Unix sockets, unless others have come in their place.
    static func remove(_ listeners: [BoundListener]) {
        for listener in listeners {
            if let file = listener.file { Sockets.removeUnixSocket(file) }
        }
    }

    /// With port 0 the kernel chooses for the first, and the others take the same.
    private func listenOnAddresses(_ inherited: InheritedSockets) throws(StartFailure) -> [BoundListener] {
        let isAnyPort = addresses.first?.port == 0
        for attempt in 0..<16 {
            do throws(EventLoopError) {
                return try bindAddresses(inherited)
            } catch .addressInUse(let address) {
                if isAnyPort, attempt < 15 { continue }
                throw Self.isTaken(address, hint: "stop it, or choose another port with --port or gateway.port")
            } catch {
                throw StartFailure(
                    .cannotListen, "cannot listen: \(error.description)", hint: "check gateway.bind and gateway.port")
            }
        }
        throw StartFailure(.noFreePort, "no free port was found")
    }

    private static func isTaken(_ address: SocketAddress, hint: String) -> StartFailure {
        let holder = PortHolder.find(port: address.port).map { " by \($0)" } ?? ""
        return StartFailure(
            .portInUse,
            "Gateway failed to start: another gateway instance is already listening on \(address)\(holder)", hint: hint)
    }

    private func bindAddresses(_ inherited: InheritedSockets) throws(EventLoopError) -> [BoundListener] {
        var bound: [BoundListener] = []
        var port = addresses.first?.port ?? 0
        for address in addresses {
            if let found = inherited.take(address.with(port: port)) {
                port = found.address.port
                bound.append(
                    BoundListener(socket: found.socket, address: found.address, traits: ListenerTraits(isTLS: isTLS)))
                continue
            }
            do throws(EventLoopError) {
                let socket = try Sockets.listen(on: address.with(port: port))
                let local = try Sockets.localAddress(of: socket)
                port = local.port
                bound.append(
                    BoundListener(
                        socket: FileDescriptorBox(socket), address: local, traits: ListenerTraits(isTLS: isTLS)))
            } catch .addressInUse(let taken) {
                throw .addressInUse(taken)
            } catch {
                // A machine without IPv6 is served on IPv4 alone.
                guard address.family == .v6, !bound.isEmpty, address.isLoopback || address.isUnspecified else {
                    throw error
                }
            }
        }
        return bound
    }

    private static func bind(_ extra: Extra, _ inherited: InheritedSockets) throws(StartFailure) -> BoundListener {
        if let found = inherited.take(extra.address) {
            return BoundListener(
                socket: found.socket, address: found.address, traits: extra.traits,
                file: found.address.path.flatMap { Sockets.identity(ofUnixSocket: $0) })
        }
        do throws(EventLoopError) {
            guard let path = extra.address.path else {
                let socket = try Sockets.listen(on: extra.address)
                let local = try Sockets.localAddress(of: socket)
                return BoundListener(socket: FileDescriptorBox(socket), address: local, traits: extra.traits)
            }
            let socket = try Sockets.listenUnix(path: path, mode: extra.mode)
            return BoundListener(
                socket: FileDescriptorBox(socket), address: extra.address, traits: extra.traits,
                file: Sockets.identity(ofUnixSocket: path))
        } catch .addressInUse(let address) {
            guard extra.address.path != nil else {
                throw isTaken(address, hint: "stop it, or choose another port in \(extra.setting)")
            }
            throw StartFailure(
                .socketInUse,
                "\(extra.setting): another process listens on \(address)",
                hint: "stop it, or choose another path in \(extra.setting)")
        } catch {
            throw StartFailure(
                .cannotListen,
                "\(extra.setting): cannot listen on \(extra.address): \(error.description)", hint: hint(extra))
        }
    }

    private static func hint(_ extra: Extra) -> String {
        guard let path = extra.address.path else { return "check the address and the port in \(extra.setting)" }
        let directory = Files.parent(of: path)
        return Files.exists(directory)
            ? "the gateway's user has to be able to write to \(directory)"
            : "make the directory \(directory), which the gateway's user has to be able to write to"
    }
}
