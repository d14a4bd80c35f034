internal import EventLoop
internal import Files
package import Gateway
package import Sessions

/// The system's time zone files.
package struct ZoneDirectory: Sendable {
    package static let standard = "/usr/share/zoneinfo"

    private let path: String
    private let hostZoneName: String?

    /// - Parameter environment: `TZDIR` names another directory, `TZ` the host's zone.
    package init(environment: [String: String]) {
        path = environment["TZDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? Self.standard
        hostZoneName = environment["TZ"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Waits for the disk.
    package func read(_ name: String) -> Result<TimeZoneRules, ZoneFailure> {
        guard TimeZoneRules.isName(name) else {
            return .failure(
                ZoneFailure(message: "\"\(name)\" is no time zone", remedy: "use a name such as Europe/Berlin"))
        }
        do throws(FileError) {
            return try rules(at: path + "/" + name)
        } catch {
            guard Files.exists(path) else {
                return .failure(
                    ZoneFailure(
                        message: "time zone \"\(name)\" cannot be read: this system has no time zones in \(path)",
                        remedy: "install tzdata, set TZDIR, or use tz: \"UTC\""))
            }
            return .failure(
                ZoneFailure(
                    message: "time zone \"\(name)\" is not known: \(path) has none of this name",
                    remedy: "use a name of that directory, such as Europe/Berlin; a newer tzdata may have more"))
        }
    }

    private func rules(at file: String) throws(FileError) -> Result<TimeZoneRules, ZoneFailure> {
        let bytes = try Files.read(file, maxBytes: TimeZoneRules.maxFileBytes)
        do throws(TZifError) {
            return .success(try TimeZoneRules(tzif: bytes))
        } catch {
            return .failure(ZoneFailure(message: "\(file) cannot be used: \(error)", remedy: "install tzdata again"))
        }
    }

    /// The zone of this host: `TZ`, or `/etc/localtime`.
    ///
    /// - Returns: `why`: set when it cannot be known, and UTC is used.
    package func host() -> (rules: TimeZoneRules, why: String?) {
        if let hostZoneName {
            let name = hostZoneName.hasPrefix(":") ? String(hostZoneName.dropFirst()) : hostZoneName
            if name == "UTC" { return (.utc, nil) }
            if name.hasPrefix("/"), case .success(let rules)? = try? rules(at: name) { return (rules, nil) }
            if let rules = TimeZoneRules(posix: name) { return (rules, nil) }
            switch read(name) {
            case .success(let rules): return (rules, nil)
            case .failure(let failure): return (.utc, "TZ: \(failure.message)")
            }
        }
        // A host without it is on UTC.
        guard Files.exists("/etc/localtime") else { return (.utc, nil) }
        guard case .success(let rules)? = try? rules(at: "/etc/localtime") else {
            return (.utc, "/etc/localtime cannot be read")
        }
        return (rules, nil)
    }

    /// Reads on a thread of its own, which then calls `completion`.
    func read(_ name: String, completion: @escaping @Sendable (Result<TimeZoneRules, ZoneFailure>) -> Void) {
        do throws(EventLoopError) {
            _ = try Reactor.spawnThread(name: "time-zone") { reactor in
                completion(read(name))
                reactor.stop()
            }
        } catch {
            completion(
                .failure(ZoneFailure(message: "time zone \"\(name)\" cannot be read: \(error)", remedy: "try again")))
        }
    }
}
