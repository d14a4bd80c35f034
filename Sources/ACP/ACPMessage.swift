package import JSON

/// One message of JSON-RPC 2.0, as the Agent Client Protocol frames it: one object on a line. Either side asks.
package enum ACPMessage: Equatable, Sendable {
    case request(id: JSON, method: String, params: JSON)
    case notification(method: String, params: JSON)
    case response(id: JSON, Result<JSON, RPCError>)

    package struct RPCError: Error, Equatable, Sendable {
        package let code: Int64
        package let message: String

        package static let invalidRequest: Int64 = -32600
        package static let methodNotFound: Int64 = -32601
        package static let invalidParams: Int64 = -32602
        package static let internalError: Int64 = -32603
        package static let authenticationRequired: Int64 = -32000
        package static let resourceNotFound: Int64 = -32002
        package static let requestCancelled: Int64 = -32800

        package init(_ code: Int64, _ message: String) {
            self.code = code
            self.message = message
        }
    }

    /// Nil: the line is no message.
    init?(_ line: [UInt8]) {
        guard let json = try? JSONParser.parse(line), case .object(let object) = json,
            object["jsonrpc"]?.string == "2.0"
        else { return nil }
        let params = object["params"] ?? .null
        guard let method = object["method"] else {
            guard let id = object["id"] else { return nil }
            if let error = object["error"], !error.isNull {
                let code = error["code"]?.integer ?? RPCError.internalError
                self = .response(id: id, .failure(RPCError(code, Self.sentence(error))))
            } else {
                guard object.contains("result") else { return nil }
                self = .response(id: id, .success(object["result"] ?? .null))
            }
            return
        }
        guard let method = method.string else { return nil }
        switch object["id"] {
        case nil: self = .notification(method: method, params: params)
        case .some(let id):
            switch id {
            case .string, .integer: self = .request(id: id, method: method, params: params)
            default: return nil
            }
        }
    }

    /// An error's message, and of its data what says more.
    private static func sentence(_ error: JSON) -> String {
        let message = error["message"]?.string ?? "no message"
        guard let details = error["data"]?["details"]?.string ?? error["data"]?.string else { return message }
        return "\(message): \(details)"
    }

    static func request(id: Int64, _ method: String, _ params: JSON) -> [UInt8] {
        line(JSONObject([("jsonrpc", "2.0"), ("id", .integer(id)), ("method", .string(method)), ("params", params)]))
    }

    static func notification(_ method: String, _ params: JSON) -> [UInt8] {
        line(JSONObject([("jsonrpc", "2.0"), ("method", .string(method)), ("params", params)]))
    }

    static func result(id: JSON, _ result: JSON) -> [UInt8] {
        line(JSONObject([("jsonrpc", "2.0"), ("id", id), ("result", result)]))
    }

    static func failure(id: JSON, _ error: RPCError) -> [UInt8] {
        let body: JSON = ["code": .integer(error.code), "message": .string(error.message)]
        return line(JSONObject([("jsonrpc", "2.0"), ("id", id), ("error", body)]))
    }

    private static func line(_ object: JSONObject) -> [UInt8] {
        JSON.object(object).serialized() + [UInt8(ascii: "\n")]
    }
}
