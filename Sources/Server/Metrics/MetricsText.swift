internal import Text

/// The text format of Prometheus, version 0.0.4.
struct MetricsText {
    enum Kind: String { case counter, gauge, histogram }

    private(set) var text = ""

    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Int64) {
        text += name + Self.labels(labels) + " \(value)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        text += name + Self.labels(labels) + " \(value)\n"
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int64) {
        family(name, kind, help)
        sample(name, [], value)
    }

    mutating func histogram(_ name: String, _ labels: [(String, String)] = [], _ histogram: Histogram) {
        var below: Int64 = 0
        for (index, count) in histogram.buckets.enumerated() {
            below += count
            let bound = index < LatencyBounds.seconds.count ? "\(LatencyBounds.seconds[index])" : "+Inf"
            sample(name + "_bucket", labels + [("le", bound)], below)
        }
        sample(name + "_sum", labels, Double(histogram.sumMicroseconds) / 1_000_000)
        sample(name + "_count", labels, below)
    }

    private static func labels(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
