internal import Config
internal import Crypto
internal import Files
internal import Gateway
internal import JSON
internal import Wire

/// `config.*` (wire protocol, section 6.10), on the keeper's thread.
extension ConfigKeeper {
    func perform(
        _ request: ConfigRequest, answer: @escaping @Sendable (Result<JSON, GatewayError>) -> Void
    ) {
        do throws(GatewayError) {
            switch request {
            case .get: answer(.success(ConfigSnapshot(try reading()).json))
            case .schema: answer(.success(schema))
            case .lookup(let path):
                guard let found = SettingCatalog.shared.lookup(path) else {
                    throw GatewayError(.invalidRequest, .configPathUnknown, "config schema path not found: \(path)")
                }
                answer(.success(found))
            case .set(let raw, let author):
                let reading = try reading()
                let text = try restored(Array(raw.utf8), from: reading)
                try write(.replace(text), over: reading, author, answer)
            case .patch(let patch, let replacing, let author):
                let reading = try reading()
                let restored: JSON
                do throws(ConfigRedaction.NothingToKeep) {
                    restored = try ConfigRedaction.restored(patch, from: old(reading))
                } catch {
                    throw Self.nothingToKeep(error.path)
                }
                try write(.patch(restored, replacing: replacing), over: reading, author, answer)
            }
        } catch {
            answer(.failure(error))
        }
    }

    private func reading(replacing bytes: [UInt8]? = nil) throws(GatewayError) -> ConfigSource.Reading {
        do throws(ConfigLocations.Failure) {
            return try source.read(replacing: bytes)
        } catch {
            throw GatewayError(.unavailable, .configLocationUnknown)
        }
    }

    private var schema: JSON {
        let catalog = SettingCatalog.shared
        return .object(
            JSONObject([
                ("schema", catalog.schema), ("uiHints", catalog.hints),
                ("version", .string(Self.hash(catalog.schema.serialized()))),
                ("generatedAt", .string(InstantText.utc(GatewayClock.systemMs()))),
            ]))
    }

    static func hash(_ bytes: [UInt8]) -> String { Hex.encode(SHA256.digest(bytes)) }

    // MARK: - Redacted values that stay

    private func old(_ reading: ConfigSource.Reading) -> JSON {
        reading.main.flatMap { try? JSONParser.parse($0.bytes, dialect: .json5) } ?? .null
    }

    private func restored(_ text: [UInt8], from reading: ConfigSource.Reading) throws(GatewayError) -> [UInt8] {
        do throws(ConfigRedaction.NothingToKeep) {
            return try ConfigRedaction.restored(text: text, from: old(reading))
        } catch {
            throw Self.nothingToKeep(error.path)
        }
    }

    private static func nothingToKeep(_ path: String) -> GatewayError {
        GatewayError(
            .invalidRequest, .configRedactedValue,
            "\(path) is \(ConfigRedaction.sentinel), and there is no value that could stay",
            details: JSONObject([("path", .string(path))]))
    }

    // MARK: - Writing

    private func write(
        _ edit: ConfigEdit, over reading: ConfigSource.Reading, _ author: ConfigAuthor,
        _ answer: @escaping @Sendable (Result<JSON, GatewayError>) -> Void
    ) throws(GatewayError) {
        try checkBase(reading, author)
        let locations = reading.locations
        let path = locations.configFile ?? locations.defaultConfigFile
        guard !locations.isReadOnly else { throw Self.readOnly(path) }
        let text = try apply(edit, to: reading.main, path)
        if text == reading.main?.bytes {
            return answer(.success(Self.result(ConfigSnapshot(reading), wrote: false, plan: nil)))
        }
        let next = try self.reading(replacing: text)
        guard let configuration = next.result.configuration else {
            let kept = ConfigFileWriter.keepRejected(path, text, nowMs: GatewayClock.systemMs())
            throw Self.invalid(next.result, author, kept: kept)
        }
        if case .failure(let failure) = prepare(configuration) {
            throw GatewayError(
                .invalidRequest, .configInvalid, "invalid config: \(failure.message)", remedy: failure.hint,
                details: JSONObject([("issues", .array([ConfigSnapshot.issue(failure)]))]))
        }
        do throws(ConfigFileWriter.Failure) {
            try ConfigFileWriter.write(path, text, before: reading.main?.bytes)
        } catch {
            throw Self.notWritten(error)
        }
        logger.log(
            .info, "config",
            "\(author.method) by \(author.name): wrote \(path)" + (author.note.map { ": \($0)" } ?? ""))
        let before = stamps()
        let written = try self.reading()
        take(written, stampedAs: before, because: author.method) { plan in
            answer(.success(Self.result(ConfigSnapshot(written), wrote: true, plan: plan)))
        }
    }

    private func checkBase(_ reading: ConfigSource.Reading, _ author: ConfigAuthor) throws(GatewayError) {
        guard let main = reading.main else { return }
        guard let base = author.baseHash else {
            throw GatewayError(.invalidRequest, .configBaseHashRequired)
        }
        guard base == Self.hash(main.bytes) else {
            throw GatewayError(.invalidRequest, .configChanged)
        }
    }

    private func apply(
        _ edit: ConfigEdit, to main: ConfigInput.File?, _ path: String
    ) throws(GatewayError) -> [UInt8] {
        do throws(ConfigEdit.Failure) {
            return try edit.apply(to: main, path: path) { try? Files.read($0, maxBytes: ConfigFiles.maxFileBytes) }
        } catch {
            throw GatewayError(.invalidRequest, .configEditRefused, error.description, remedy: error.remedy)
        }
    }

    private static func readOnly(_ path: String) -> GatewayError {
        GatewayError(
            .invalidRequest, .configReadOnly,
            "\(path) is the configuration of an OpenClaw installation, which is not written")
    }

    private static func notWritten(_ failure: ConfigFileWriter.Failure) -> GatewayError {
        if case .changedMeanwhile = failure { return GatewayError(.invalidRequest, .configChanged) }
        return GatewayError(
            .unavailable, .configNotWritten, "the configuration was not written: \(failure)", remedy: failure.remedy)
    }

    private static func invalid(_ result: ConfigResult, _ author: ConfigAuthor, kept: String?) -> GatewayError {
        let first = result.errors.first?.message ?? "it has errors"
        var details = JSONObject([("issues", .array(result.errors.map { ConfigSnapshot.issue($0) }))])
        details["rejectedPath"] = kept.map { .string($0) }
        return GatewayError(.invalidRequest, .configInvalid, "invalid config: \(first)", details: details)
    }

    private static func result(_ snapshot: ConfigSnapshot, wrote: Bool, plan: ReloadPlan?) -> JSON {
        var object = JSONObject([
            ("ok", true), ("path", .string(snapshot.path)), ("config", snapshot.config),
            ("hash", snapshot.hash.map { .string($0) } ?? .null),
        ])
        if !wrote { object["noop"] = true }
        guard let plan else { return .object(object) }
        object["applied"] = .array(plan.applied.map { .string($0) })
        var restart = JSONObject([
            ("scheduled", false), ("required", .bool(!plan.restart.isEmpty)),
            ("paths", .array(plan.restart.map { .string($0) })),
        ])
        if !plan.restart.isEmpty { restart["hint"] = "run: sallyport gateway restart" }
        object["restart"] = .object(restart)
        return .object(object)
    }
}
