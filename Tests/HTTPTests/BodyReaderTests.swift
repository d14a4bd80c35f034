import HTTP
import Testing

@Suite("Request bodies, RFC 9112 §6 and §7.1")
struct BodyReaderTests {
    /// What became of input that came in pieces.
    enum Outcome: Equatable {
        case whole(String, rest: Int)
        case incomplete(String)
        case refused(HTTPError)
    }

    static func read(_ text: String, _ body: RequestHead.Body = .chunked, limit: Int = 1000, cuts: [Int] = [])
        -> Outcome
    {
        let input = Array(text.utf8)
        do throws(HTTPError) {
            var reader = try BodyReader(body, limit: limit)
            var used = 0
            for end in cuts + [input.count] {
                while used < end, !reader.isComplete {
                    used += try reader.take(input.span.extracting(used..<end))
                }
            }
            let taken = String(decoding: reader.bytes, as: UTF8.self)
            return reader.isComplete ? .whole(taken, rest: input.count - used) : .incomplete(taken)
        } catch {
            return .refused(error)
        }
    }

    static let bodies: [(String, RequestHead.Body, Outcome)] = [
        ("", .length(0), .whole("", rest: 0)),
        ("GET /", .length(0), .whole("", rest: 5)),
        ("hello", .length(5), .whole("hello", rest: 0)),
        ("helloGET", .length(5), .whole("hello", rest: 3)),
        ("hell", .length(5), .incomplete("hell")),
        ("0\r\n\r\n", .chunked, .whole("", rest: 0)),
        ("5\r\nhello\r\n0\r\n\r\nGET", .chunked, .whole("hello", rest: 3)),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", .chunked, .whole("hello world", rest: 0)),
        ("00000005\r\nhello\r\n000\r\n\r\n", .chunked, .whole("hello", rest: 0)),
        ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", .chunked, .whole("01234567890123456789", rest: 0)),
        ("5;name=value\r\nhello\r\n0 ;x\r\n\r\n", .chunked, .whole("hello", rest: 0)),
        ("2 \t\r\nhi\r\n0\r\nA: b\r\nC: d\r\n\r\nrest", .chunked, .whole("hi", rest: 4)),
        ("4\r\n\r\n\r\n\r\n0\r\n\r\n", .chunked, .whole("\r\n\r\n", rest: 0)),
        ("5\r\nhello\r\n0\r\n", .chunked, .incomplete("hello")),
        ("5\r\nhel", .chunked, .incomplete("hel")),
    ]

    @Test("a body is the same however it arrives", arguments: bodies)
    func pieces(_ text: String, _ body: RequestHead.Body, _ expected: Outcome) {
        #expect(Self.read(text, body) == expected)
        let count = text.utf8.count
        for cut in 0...count {
            #expect(Self.read(text, body, cuts: [cut]) == expected, "cut at \(cut)")
        }
        #expect(Self.read(text, body, cuts: Array(0..<count)) == expected, "byte by byte")
    }

    static let malformed: [(String, HTTPError)] = [
        ("\r\n", .malformedChunk), ("x\r\n", .malformedChunk), ("-1\r\n", .malformedChunk), ("+1\r\n", .malformedChunk),
        ("0x5\r\n", .malformedChunk), (" 5\r\n", .malformedChunk), (";x\r\n", .malformedChunk),
        ("5 hello\r\n", .malformedChunk), ("5 5\r\nhello\r\n", .malformedChunk), ("5,\r\n", .malformedChunk),
        ("000000005\r\nhello", .malformedChunk), ("5\r\nhelloX\r\n", .malformedChunk),
        ("5\r\nhello0\r\n", .malformedChunk),
        ("5\nhello", .bareLineFeed), ("5\r\nhello\n", .bareLineFeed), ("\n", .bareLineFeed),
        ("0\r\nA: b\n\r\n", .bareLineFeed), ("5\rhello", .bareCarriageReturn), ("0\r\n\r\r\n", .bareCarriageReturn),
    ]

    @Test("chunks that are none are refused, however they arrive", arguments: malformed)
    func refusals(_ text: String, _ error: HTTPError) {
        #expect(Self.read(text) == .refused(error))
        for cut in 0...text.utf8.count { #expect(Self.read(text, cuts: [cut]) == .refused(error), "cut at \(cut)") }
    }

    @Test("a body of the limit passes, one byte more does not")
    func limits() {
        let fitting = String(repeating: "x", count: 100)
        #expect(Self.read(fitting, .length(100), limit: 100) == .whole(fitting, rest: 0))
        #expect(Self.read("", .length(101), limit: 100) == .refused(.bodyTooLarge(limit: 100)))
        #expect(Self.read("", .length(.max), limit: 100) == .refused(.bodyTooLarge(limit: 100)))
        #expect(Self.read("64\r\n\(fitting)\r\n0\r\n\r\n", limit: 100) == .whole(fitting, rest: 0))
        #expect(Self.read("65\r\n", limit: 100) == .refused(.bodyTooLarge(limit: 100)))
        // Before any byte of the chunk that is too much.
        #expect(Self.read("63\r\n\(fitting.dropLast())\r\n2\r\n", limit: 100) == .refused(.bodyTooLarge(limit: 100)))
        #expect(Self.read("ffffffff\r\n", limit: 100) == .refused(.bodyTooLarge(limit: 100)))
        #expect(Self.read("0\r\n\r\n", limit: 0) == .whole("", rest: 0))
        #expect(HTTPError.bodyTooLarge(limit: 1).status == 413)
        #expect(HTTPError.malformedChunk.status == 400)
    }

    @Test("lines and trailers have their bounds", arguments: [0, 1, 7])
    func lines(_ cut: Int) {
        // With its CR a line has at most 256 bytes.
        let longest = "1;" + String(repeating: "x", count: 253)
        #expect(Self.read("\(longest)\r\nz\r\n0\r\n\r\n", cuts: [cut]) == .whole("z", rest: 0))
        #expect(Self.read("\(longest)x\r\nz\r\n0\r\n\r\n", cuts: [cut]) == .refused(.malformedChunk))
        let endless = "1;" + String(repeating: "x", count: 100_000)
        #expect(Self.read(endless, cuts: [cut]) == .refused(.malformedChunk))
        let trailers = String(repeating: "A: b\r\n", count: 32)
        #expect(Self.read("0\r\n\(trailers)\r\n", cuts: [cut]) == .whole("", rest: 0))
        #expect(Self.read("0\r\n\(trailers)A: b\r\n\r\n", cuts: [cut]) == .refused(.malformedChunk))
    }

    @Test("nothing is taken of what stands behind the body")
    func behind() throws {
        var reader = try BodyReader(.length(2), limit: 2)
        let input = Array("hiPOST".utf8)
        #expect(try reader.take(input.span) == 2)
        #expect(try reader.take(input.span.extracting(2...)) == 0)
        #expect(reader.bytes == Array("hi".utf8))
    }
}
