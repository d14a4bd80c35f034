package import Wire

/// Scopes of users by their login. Of e-mail addresses upper and lower case are the same.
package struct IdentityScopes: Equatable, Sendable {
    private var byLogin: [String: ScopeSet] = [:]

    package init(_ scopes: [String: [String]] = [:]) {
        // In order, so that the same configuration means the same each time.
        for (login, names) in scopes.sorted(by: { $0.key < $1.key }) {
            byLogin[Self.key(login)] = (byLogin[Self.key(login)] ?? .none).union(ScopeSet(names))
        }
    }

    package subscript(login: String) -> ScopeSet? { byLogin[Self.key(login)] }

    private static func key(_ login: String) -> String { login.contains("@") ? login.lowercased() : login }
}
