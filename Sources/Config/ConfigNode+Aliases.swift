extension ConfigNode {
    /// Moves what is written under a second name to where it is read. The first name wins where both are written.
    mutating func moveAliases(reporting context: LoadContext) {
        move("security", "enforcePairing", to: ["gateway", "security", "enforcePairing"], context)
        move("agentDefaults", "subagents", to: ["agents", "defaults", "subagents"], context)
    }

    private mutating func move(_ parent: String, _ name: String, to path: [String], _ context: LoadContext) {
        guard var holder = self[parent], let member = holder.removeMember(name) else { return }
        var wrapped = member.value
        let location = member.keyLocation
        for name in path.reversed() {
            let step = Member(name: name, keyLocation: location, value: wrapped)
            wrapped = ConfigNode(content: .object([step]), location: location)
        }
        set(parent, holder)
        // Something other than an object in the way is reported where it stands, by whoever reads it.
        if let written = value(at: path), written.json != member.value.json {
            let first = path.joined(separator: ".")
            context.warn(
                .conflict, "\(parent).\(name)",
                "\(parent).\(name) and \(first) are both set; where they differ, \(first) is used",
                at: location, remedy: "keep \(first)")
        }
        self = wrapped.merged(with: self, arrays: .replace)
    }

    private func value(at path: [String]) -> ConfigNode? {
        var node: ConfigNode? = self
        for name in path { node = node?[name] }
        return node
    }

    private mutating func set(_ name: String, _ value: ConfigNode) {
        guard case .object(var members) = content, let index = members.firstIndex(where: { $0.name == name }) else {
            return
        }
        members[index].value = value
        content = .object(members)
    }
}
