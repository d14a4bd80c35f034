internal import JSON
internal import Wire

/// The envelope scanner and the JSON parser are two readers of the same bytes and may not see different requests.
enum RequestEnvelopeTarget {
    static func check(_ input: [UInt8]) {
        // The WebSocket layer lets nothing else through.
        guard text(input) != nil else { return }
        let isObject = input.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
        // The scanner allows 64 levels below the frame itself.
        let maxDepth = isObject ? 65 : 64
        let scanned: Result<RequestEnvelope, RequestEnvelope.Failure> = Result { () throws(RequestEnvelope.Failure) in
            try RequestEnvelope.scan(input.span)
        }
        do throws(JSONError) {
            compare(scanned, try JSONParser.parse(input.span, maxDepth: maxDepth), input)
        } catch {
            switch error.kind {
            // Within the grammar; the parser refuses them on its own account.
            case .duplicateMember, .loneSurrogate, .numberOutOfRange: break
            default: require(scanned == .failure(.unparsable), "the scanner accepts what is no JSON: \(error)")
            }
        }
    }

    private static func compare(
        _ scanned: Result<RequestEnvelope, RequestEnvelope.Failure>, _ tree: JSON, _ input: [UInt8]
    ) {
        require(scanned != .failure(.unparsable), "the scanner refuses JSON")
        let isRequest =
            tree["type"] == "req" && tree["id"]?.string?.isEmpty == false && tree["method"]?.string?.isEmpty == false
        switch scanned {
        case .failure:
            // As it is written, with escapes: a shorter id may be too long as well.
            let mayBeTooLong = tree["id"]?.string.map { 6 * $0.utf8.count > RequestEnvelope.maxIDBytes } ?? false
            require(!isRequest || mayBeTooLong, "the scanner finds no request in one")
        case .success(let envelope):
            require(isRequest, "the scanner finds a request in something else")
            require(same(tree["method"]?.string, envelope.method), "method \(envelope.method)")
            require(
                same(part(input, envelope.id)?.string, tree["id"]?.string), "id at \(envelope.id)")
            let params = envelope.params.map { part(input, $0) }
            require(params == tree["params"].map { Optional($0) }, "params at \(String(describing: envelope.params))")
        }
    }

    private static func part(_ input: [UInt8], _ range: Range<Int>) -> JSON? {
        try? JSONParser.parse(input.span.extracting(range))
    }

    /// To the byte: `==` takes canonically equivalent texts for equal.
    private static func same(_ left: String?, _ right: String?) -> Bool {
        left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
    }
}
