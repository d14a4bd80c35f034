import Testing

@testable import TLS

@Suite("ALPN lists, RFC 7301")
struct ApplicationProtocolTests {
    @Test("http/1.1 is found wherever it stands")
    func found() {
        let list: [UInt8] = [2] + Array("h2".utf8) + ApplicationProtocol.http11List
        #expect(ApplicationProtocol.http11(in: list.span) == 4..<12)
        let single = ApplicationProtocol.http11List
        #expect(ApplicationProtocol.http11(in: single.span) == 1..<9)
    }

    @Test("it is not found in other lists or in any that is cut off")
    func notFound() {
        let others: [[UInt8]] = [[], [0], [2] + Array("h2".utf8), [9] + Array("http/1.1x".utf8), [255]]
        for list in others { #expect(ApplicationProtocol.http11(in: list.span) == nil) }
        for length in ApplicationProtocol.http11List.indices {
            let cut = Array(ApplicationProtocol.http11List.prefix(length))
            #expect(ApplicationProtocol.http11(in: cut.span) == nil)
        }
    }
}
