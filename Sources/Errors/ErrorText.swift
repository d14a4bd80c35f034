/// What there is to say of one error: three sentences without a full stop, with no fact of a single case in them.
package struct ErrorText: Equatable, Sendable {
    /// What happened.
    package let sentence: String
    /// What has to hold, and did not.
    package let rule: String
    /// What mends it: a key, a command, or what the peer has to do.
    package let remedy: String

    package init(_ sentence: String, rule: String, remedy: String) {
        self.sentence = sentence
        self.rule = rule
        self.remedy = remedy
    }
}
