internal import Config
internal import EventLoop
internal import Files
internal import Glibc
internal import Server
internal import TLS
internal import Text

enum CertificateChecks {
    static func certificate(_ subject: Subject) -> [Finding] {
        guard let tls = subject.configuration?.gateway.tls else { return [] }
        guard tls.enabled else { return [.note(.certificate, "TLS is off (gateway.tls.enabled)")] }
        let certPath = tls.certPath ?? subject.state.certificate
        let keyPath = tls.keyPath ?? subject.state.privateKey
        switch (Files.exists(certPath), Files.exists(keyPath)) {
        case (false, false):
            return [.note(.certificate, "there is none yet: the first start makes it")]
        case (true, false):
            return [
                Finding(
                    .halfPair, "\(keyPath) is missing although \(certPath) is there",
                    fix: "restore the key, or remove the certificate too and let both be made anew (clients pin it)")
            ]
        case (false, true):
            return [
                Finding(
                    .halfPair, "\(certPath) is missing although \(keyPath) is there",
                    fix: "restore the certificate, or remove the key too and let both be made anew (clients pin it)")
            ]
        case (true, true): break
        }
        do {
            let local = try LocalCertificate(subject.invocation)
            return examine(local, subject)
        } catch {
            return [Finding(.certificate, CommandFailure(any: error), fix: "replace \(certPath)")]
        }
    }

    private static func examine(_ local: LocalCertificate, _ subject: Subject) -> [Finding] {
        var findings: [Finding] = []
        let renewal =
            local.configuration.gateway.tls.certPath == nil
            ? "sallyport tls rotate" : "replace \(local.path) and its key"
        let now = Int64(time(nil))
        if let warning = CertificateDates.warning(local.info, now: now, remedy: renewal) {
            let isOver = now > local.info.notAfter || now < local.info.notBefore
            findings.append(Finding(isOver ? .certificateOutOfDate : .certificateExpires, warning, fix: renewal))
        }
        // They are written as `DNS:localhost`, `IP:127.0.0.1`.
        let named = local.info.subjectAlternativeNames.map { $0.drop { $0 != ":" }.dropFirst() }
        let missing = expectedNames(subject).filter { !named.contains(Substring($0)) }
        if !missing.isEmpty {
            findings.append(
                Finding(
                    .certificateNames,
                    "it does not name \(missing.joined(separator: ", ")): clients without a pin refuse these",
                    fix: renewal))
        }
        let wanted = local.configuration.gateway.tls.names
        let isGenerated = local.configuration.gateway.tls.certPath == nil
        if let warning = CertificateNames.warning(wanted, local.info, isGenerated: isGenerated, path: local.path) {
            findings.append(
                Finding(.certificateNames, warning, fix: renewal))
        }
        if let pin = subject.gateway?.pin, pin != local.info.certificateSHA256Hex {
            findings.append(
                Finding(
                    .certificateNotServed,
                    "the gateway serves sha256:\(pin), the file is sha256:\(local.info.certificateSHA256Hex)"))
        }
        return findings.isEmpty
            ? [.ok(.certificate, "sha256:\(local.info.certificateSHA256Hex)")] : findings
    }

    /// By which names and addresses this gateway is likely to be dialled.
    private static func expectedNames(_ subject: Subject) -> [String] {
        var names = ["localhost", "127.0.0.1"]
        guard let gateway = subject.configuration?.gateway, gateway.tls.certPath == nil else { return names }
        if gateway.bind == .custom, let host = gateway.customBindHost, host != "0.0.0.0", host != "::" {
            names.append(host)
        }
        return names
    }
}
