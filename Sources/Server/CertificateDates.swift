package import TLS

/// What to say about the dates of a certificate.
package enum CertificateDates {
    private static let day: Int64 = 86_400
    private static let noticeDays: Int64 = 30

    /// - Parameter now: Unix seconds.
    /// - Returns: nil while it is valid for another 30 days.
    package static func warning(_ info: CertificateInfo, now: Int64, remedy: String) -> String? {
        if now < info.notBefore { return "the certificate is not valid yet; is the clock right?" }
        if now > info.notAfter { return "the certificate has expired: clients without a pin refuse it; \(remedy)" }
        let days = (info.notAfter - now) / day
        guard days < noticeDays else { return nil }
        return "the certificate expires in \(days) days; \(remedy)"
    }
}
