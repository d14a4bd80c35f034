import HTTP
import Testing

@Suite("Request head limits")
struct HeadLimitTests {
    @Test("a head of the limit passes, one byte more does not, nor one that never ends")
    func headBytes() throws {
        let frame = head("GET / HTTP/1.1", "Host: h", "X: ").count
        let limits = HeadLimits(maxHeadBytes: 300)
        let fitting = head("GET / HTTP/1.1", "Host: h", "X: " + String(repeating: "x", count: 300 - frame))
        #expect(try parse(fitting, limits: limits)?.consumed == 300)
        let larger = head("GET / HTTP/1.1", "Host: h", "X: " + String(repeating: "x", count: 301 - frame))
        #expect(error(of: larger, limits: limits) == .headTooLarge(limit: 300))
        let endless = Array("GET / HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 0x78, count: 300)
        #expect(error(of: endless, limits: limits) == .headTooLarge(limit: 300))
        #expect(HTTPError.headTooLarge(limit: 300).status == 431)
    }

    @Test("as many fields as the limit pass, one more does not")
    func fieldCount() throws {
        let limits = HeadLimits(maxFields: 5)
        let fields = (1...4).map { "X-\($0): v\r\n" }.joined()
        #expect(try parse(Array("GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n".utf8), limits: limits) != nil)
        let more = Array("GET / HTTP/1.1\r\nHost: h\r\n\(fields)X: v\r\n\r\n".utf8)
        #expect(error(of: more, limits: limits) == .tooManyFields(limit: 5))
        #expect(HTTPError.tooManyFields(limit: 5).status == 431)
    }

    @Test("a target of the limit passes, one byte more does not", arguments: ["GET", "M-SEARCH"])
    func targetBytes(_ method: String) throws {
        let limits = HeadLimits(maxTargetBytes: 40)
        let longest = "/" + String(repeating: "p", count: 39)
        let fitting = head("\(method) \(longest) HTTP/1.1", "Host: h")
        #expect(try parse(fitting, limits: limits)?.head.path == longest)
        #expect(try parse(fitting, cuts: Array(0..<fitting.count), limits: limits)?.head.path == longest)
        let longer = head("\(method) \(longest)p HTTP/1.1", "Host: h")
        #expect(error(of: longer, limits: limits) == .targetTooLong(limit: 40))
        #expect(HTTPError.targetTooLong(limit: 40).status == 414)
    }

    @Test(
        "a line that never ends is refused for the same reason however much of it comes at once",
        arguments: [1, 100, 50_000])
    func endlessLines(_ piece: Int) {
        let cuts = Array(stride(from: piece, to: 50_000, by: piece))
        let target = Array("GET /".utf8) + [UInt8](repeating: 0x70, count: 50_000)
        #expect(error(of: target, cuts: cuts) == .targetTooLong(limit: 8_192))
        #expect(error(of: [UInt8](repeating: 0x4D, count: 50_000), cuts: cuts) == .methodTooLong)
    }

    @Test("a target that never ends is refused long before the head's limit")
    func endlessTarget() {
        let endless = Array("GET /".utf8) + [UInt8](repeating: 0x70, count: 8_300)
        #expect(error(of: endless) == .targetTooLong(limit: 8_192))
        #expect(error(of: [UInt8](repeating: 0x41, count: 25)) == .methodTooLong)
        #expect(error(of: [UInt8](repeating: 0x41, count: 24)) == nil)
    }
}
