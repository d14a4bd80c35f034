package import JSON

/// One message of JSON-RPC 2.0, as the Model Context Protocol frames it: one object on a line.
package enum MCPMessage: Equatable, Sendable {
    case request(id: JSON, method: String, params: JSON?)
    case notification(method: String, params: JSON?)
    /// We ask nothing, so nothing is answered to us; it is passed over.
    case response

    package static let parseError = -32700
    package static let invalidRequest = -32600
    package static let methodNotFound = -32601
    package static let invalidParams = -32602
    package static let internalError = -32603

    /// Why a line is no message, and the answer to it.
    package struct Failure: Error, Equatable, Sendable {
        package let code: Int
        package let message: String
        package let id: JSON

        package var line: [UInt8] { MCPMessage.failure(id: id, code, message) }
    }

    package init(_ line: some Collection<UInt8>) throws(Failure) {
        let json: JSON
        do throws(JSONError) {
            json = try JSONParser.parse(Array(line))
        } catch {
            throw Failure(code: Self.parseError, message: "Parse error: \(error)", id: .null)
        }
        guard case .object(let object) = json, object["jsonrpc"]?.string == "2.0" else {
            throw Failure(
                code: Self.invalidRequest, message: "Invalid Request: one JSON-RPC 2.0 object on a line", id: .null)
        }
        let id = object["id"]
        switch id {
        case nil, .string, .integer: break
        default: throw Failure(code: Self.invalidRequest, message: "Invalid Request: id", id: .null)
        }
        guard let method = object["method"]?.string else {
            guard object["result"] != nil || object["error"] != nil else {
                throw Failure(code: Self.invalidRequest, message: "Invalid Request: method", id: id ?? .null)
            }
            self = .response
            return
        }
        if let id {
            self = .request(id: id, method: method, params: object["params"])
        } else {
            self = .notification(method: method, params: object["params"])
        }
    }

    package static func result(id: JSON, _ result: JSON) -> [UInt8] {
        line(JSONObject([("jsonrpc", "2.0"), ("id", id), ("result", result)]))
    }

    package static func failure(id: JSON, _ code: Int, _ message: String) -> [UInt8] {
        let error = JSONObject([("code", .integer(Int64(code))), ("message", .string(message))])
        return line(JSONObject([("jsonrpc", "2.0"), ("id", id), ("error", .object(error))]))
    }

    private static func line(_ object: JSONObject) -> [UInt8] {
        JSON.object(object).serialized() + [UInt8(ascii: "\n")]
    }
}
