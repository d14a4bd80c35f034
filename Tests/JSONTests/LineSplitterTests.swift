import JSON
import Testing

@Suite("Lines")
struct LineSplitterTests {
    @Test("every split of the input gives the same lines")
    func splits() {
        let input = Array("one\n\ntwo\r\nthree\n".utf8)
        let expected = ["one", "two", "three"].map { LineSplitter.Line.whole(Array($0.utf8)) }
        for first in 0...input.count {
            for second in first...input.count {
                var splitter = LineSplitter()
                var lines = splitter.append(input[..<first])
                lines += splitter.append(input[first..<second])
                lines += splitter.append(input[second...])
                #expect(lines == expected)
            }
        }
    }

    @Test("a line of the limit passes, a longer one is thrown away, and the next is read", arguments: [-1, 0, 1])
    func limit(_ over: Int) {
        var splitter = LineSplitter(maxBytes: 10)
        let long = [UInt8](repeating: 0x61, count: 10 + over)
        let lines = splitter.append(long + Array("\nb\n".utf8))
        #expect(lines == [over > 0 ? .tooLong : .whole(long), .whole([0x62])])
    }
}
