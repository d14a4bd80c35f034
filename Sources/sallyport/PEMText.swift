/// The parts of a PEM text (RFC 7468).
enum PEMText {
    /// Its certificates alone, each with a line end behind.
    static func certificates(of text: String) -> String {
        var kept: [Substring] = []
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            if line == "-----BEGIN CERTIFICATE-----" { isInside = true }
            if isInside { kept.append(line) }
            if line == "-----END CERTIFICATE-----" { isInside = false }
        }
        return kept.map { $0 + "\n" }.joined()
    }
}
