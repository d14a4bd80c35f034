internal import Config
internal import Files
internal import JSON
internal import Server
internal import TLS

/// The certificate of this installation's gateway, and the one to follow it, read from their files.
struct LocalCertificate {
    let path: String
    let pem: String
    let info: CertificateInfo
    let next: NextCertificate?
    let configuration: Configuration
    let state: StateDirectory

    init(_ invocation: Invocation) throws {
        let locations = try Locations.resolve(invocation)
        let result = ConfigFiles.load(locations, environment: invocation.environment)
        guard let configuration = result.configuration else { throw CommandFailure.configuration(result) }
        self.configuration = configuration
        state = StateDirectory(locations.stateDirectory)
        path = configuration.gateway.tls.certPath ?? state.certificate
        do {
            pem = String(decoding: try Files.read(path, maxBytes: TLSFiles.maxFileBytes), as: UTF8.self)
            info = try CertificateInfo(pem: pem)
        } catch let error as FileError {
            guard error.isMissing else {
                throw CommandFailure(
                    .certificateUnreadable, "cannot read the certificate: \(error)",
                    hint: "run this as the user that the gateway runs as")
            }
            throw CommandFailure(
                .noCertificate, "cannot read the certificate: \(error)",
                hint: "it is made when the gateway starts with TLS for the first time")
        } catch {
            // What is in the file is none.
            throw CommandFailure(
                .noCertificate, "cannot read the certificate: \(path): \(error)",
                hint:
                    "put the right file there (gateway.tls.certPath), or remove it and its key: the gateway's next start "
                    + "makes both anew, and clients have to pin that")
        }
        do throws(TLSError) {
            next = configuration.gateway.tls.certPath == nil ? try NextCertificateFiles(state).read() : nil
        } catch {
            throw CommandFailure(
                .nextCertificateUnreadable, "cannot read the next certificate: \(error)",
                hint: "take it back: sallyport tls rotate --cancel")
        }
    }

    /// When the next certificate takes effect, for people.
    static func time(_ next: NextCertificate) -> String { Timestamp.text(next.effectiveAtMs) + " UTC" }

    var json: JSONObject {
        var object = Self.json(info)
        object["path"] = .string(path)
        if let next {
            var more = Self.json(next.info)
            more["effectiveAtMs"] = .integer(next.effectiveAtMs)
            object["next"] = .object(more)
        }
        return object
    }

    static func json(_ info: CertificateInfo) -> JSONObject {
        JSONObject([
            ("certificateSHA256", .string(info.certificateSHA256Hex)), ("spkiSHA256", .string(info.spkiSHA256Hex)),
            ("subject", .string(info.subject)), ("issuer", .string(info.issuer)),
            ("subjectAlternativeNames", .array(info.subjectAlternativeNames.map { .string($0) })),
            ("notBefore", .integer(info.notBefore)), ("notAfter", .integer(info.notAfter)),
        ])
    }
}
