internal import Gateway
internal import HTTP
internal import JSON
internal import Wire

/// A request by HTTP that the core answers (wire protocol, section 8).
struct APIRequest {
    enum Route: Equatable {
        case toolsInvoke
        case sessionKill(String)
        case sessionHistory(String)
    }

    static let maxBodyBytes = 2 << 20

    let route: Route
    let query: String?
    var body: BodyReader

    /// - Returns: nil for a path that is none of these.
    static func route(_ path: String) -> (Route, method: String)? {
        if path == "/tools/invoke" { return (.toolsInvoke, "POST") }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, parts[1] == "sessions", let key = decoded(parts[2]) else {
            return nil
        }
        switch parts[3] {
        case "kill": return (.sessionKill(key), "POST")
        case "history": return (.sessionHistory(key), "GET")
        default: return nil
        }
    }

    /// Percent-decoding (RFC 3986 §2.1); nil when it is malformed, or is no UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The request that the core understands.
    func request(_ connection: ConnectionID) throws(GatewayError) -> GatewayRequest {
        let id = Array(#""http""#.utf8)
        switch route {
        case .toolsInvoke:
            let params: JSON
            do throws(JSONError) {
                params = try JSONParser.parse(body.bytes)
            } catch {
                throw .invalidParams("tools.invoke", "\(error)")
            }
            return GatewayRequest(connection: connection, id: id, method: .toolsInvoke, params: params)
        case .sessionKill(let key):
            return GatewayRequest(
                connection: connection, id: id, method: .sessionsAbort, params: ["key": .string(key)])
        case .sessionHistory(let key):
            var params = JSONObject([("sessionKey", .string(key))])
            for pair in (query ?? "").split(separator: "&") where pair.hasPrefix("limit=") {
                let text = pair.dropFirst("limit=".count)
                // What is no number is refused as such.
                params["limit"] = Int64(text).map { .integer($0) } ?? .string(String(text))
            }
            return GatewayRequest(connection: connection, id: id, method: .chatHistory, params: .object(params))
        }
    }

    /// The core's answer as HTTP has it.
    func response(to frame: [UInt8]) -> Response {
        guard let answer = try? JSONParser.parse(frame) else { return Response(status: 500, text: "no answer\n") }
        if answer["ok"]?.bool == true {
            let payload = answer["payload"] ?? .null
            guard case .sessionKill = route else { return Response(status: 200, json: payload.serialized()) }
            let wasKilled = payload["status"]?.string == "aborted"
            return Response(
                status: 200, json: JSON.object(JSONObject([("ok", true), ("killed", .bool(wasKilled))])).serialized())
        }
        let error = answer["error"]
        let code = error?["details"]?["code"]?.string
        let (status, type) =
            switch (error?["code"]?.string, code) {
            case (_, "TOOL_NOT_FOUND"?), (_, "SESSION_NOT_FOUND"?): (404, "not_found")
            case ("FORBIDDEN", _): (403, "forbidden")
            case ("UNAVAILABLE", _): (503, "unavailable")
            default: (400, "invalid_request_error")
            }
        return Self.failure(status, type: type, error?["message"]?.string ?? "refused")
    }

    static func failure(_ status: Int, type: String, _ message: String, fields: [HeaderField] = []) -> Response {
        let error = JSONObject([("type", .string(type)), ("message", .string(message))])
        return Response(
            status: status, fields: fields,
            json: JSON.object(JSONObject([("ok", false), ("error", .object(error))])).serialized())
    }
}
