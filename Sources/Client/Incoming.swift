package import JSON

/// What a gateway sends after `hello-ok`.
package enum Incoming: Equatable, Sendable {
    /// One request may have several: first accepted, later the outcome.
    case response(id: String, Result<JSON, GatewayErrorBody>)
    /// Targeted events have no `sequence`.
    case event(name: String, payload: JSON, sequence: Int64?)

    /// `nil` for frames that are neither, which newer gateways may send.
    internal init?(_ frame: JSON) {
        switch frame["type"]?.string {
        case "res":
            guard let id = frame["id"]?.string else { return nil }
            let isSuccess = frame["ok"]?.bool ?? (frame["error"] == nil)
            self = .response(
                id: id,
                isSuccess ? .success(frame["payload"] ?? .null) : .failure(GatewayErrorBody(frame["error"])))
        case "event":
            guard let name = frame["event"]?.string else { return nil }
            self = .event(name: name, payload: frame["payload"] ?? .null, sequence: frame["seq"]?.integer)
        default:
            return nil
        }
    }
}
