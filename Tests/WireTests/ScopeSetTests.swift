import Testing
import Wire

@Suite("The scope lattice, wire protocol 2.3")
struct ScopeSetTests {
    static let names = [
        "operator.read", "operator.write", "operator.admin", "operator.approvals", "operator.pairing",
        "operator.talk.secrets", "operator.questions", "operator.talk",
    ]

    /// The documented implications, written out: admin covers every `operator.*`, write covers read and talk.
    static func implies(_ held: String, _ wanted: String) -> Bool {
        if held == wanted || (held == "operator.admin" && wanted.hasPrefix("operator.")) { return true }
        return held == "operator.write" && (wanted == "operator.read" || wanted == "operator.talk")
    }

    static func covers(_ held: [String], _ wanted: [String]) -> Bool {
        wanted.allSatisfy { name in held.contains { implies($0, name) } }
    }

    static func subset(_ bits: Int) -> [String] { names.indices.filter { bits >> $0 & 1 == 1 }.map { names[$0] } }

    @Test("the known scopes are the documented ones")
    func known() {
        #expect(OperatorScope.allCases.map(\.rawValue) == Self.names)
    }

    @Test("each of the 65,536 pairs of sets of known scopes is covered exactly as documented")
    func exhaustive() {
        let sets = (0..<256).map { (Self.subset($0), ScopeSet(Self.subset($0))) }
        var wrong: [String] = []
        for (held, heldSet) in sets {
            for (wanted, wantedSet) in sets
            where heldSet.covers(wantedSet) != Self.covers(held, wanted) && wrong.count < 10 {
                wrong.append("\(held) covers \(wanted)")
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test("covering is reflexive and transitive, and a union is the least upper bound")
    func lattice() {
        let sets = (0..<256).map { ScopeSet(Self.subset($0)) }
        for set in sets {
            #expect(set.covers(set) && set.covers(.none))
            #expect(set.covers(.read) == set.covers("operator.read"))
        }
        for left in stride(from: 0, to: 256, by: 7) {
            for right in stride(from: 0, to: 256, by: 5) {
                let union = sets[left].union(sets[right])
                #expect(union.covers(sets[left]) && union.covers(sets[right]))
                #expect(sets[left | right].covers(union) && union.covers(sets[left | right]))
            }
        }
        for a in stride(from: 1, to: 256, by: 23) {
            for b in stride(from: 1, to: 256, by: 19) where sets[a].covers(sets[b]) {
                for c in 0..<256 where sets[b].covers(sets[c]) { #expect(sets[a].covers(sets[c])) }
            }
        }
    }

    @Test("what is left of a request lies within both, and nothing that both have is lost")
    func clamping() {
        let sets = (0..<256).map { ScopeSet(Self.subset($0)) }
        var wrong: [String] = []
        for held in sets {
            for requested in sets {
                let granted = held.clamping(requested)
                let isWithin = held.covers(granted) && requested.covers(granted)
                let isWhole = Self.names.allSatisfy {
                    granted.covers($0) == (held.covers($0) && requested.covers($0))
                }
                if !isWithin || !isWhole, wrong.count < 10 {
                    wrong.append("\(held.names) ∩ \(requested.names) = \(granted.names)")
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test("a stock client that asks for admin keeps what its grant holds")
    func stockClient() {
        let granted = ScopeSet(.read, .write).clamping(ScopeSet(.admin))
        #expect(granted.names == ["operator.read", "operator.write"])
        #expect(!granted.covers(.admin))
        #expect(ScopeSet(.read, .write).missing(from: ScopeSet(.admin)) == ["operator.admin"])
    }

    @Test("what is granted of a request keeps the order of the request")
    func clampingOrder() {
        let held = ScopeSet(.write, .approvals)
        let requested = ScopeSet(["operator.approvals", "operator.pairing", "operator.read", "operator.write"])
        #expect(held.clamping(requested).names == ["operator.approvals", "operator.read", "operator.write"])
        #expect(held.missing(from: requested) == ["operator.pairing"])
        #expect(held.clamping(.none).isEmpty)
        #expect(ScopeSet.none.clamping(requested).isEmpty)
    }

    @Test("unknown operator scopes need an exact match or admin; foreign ones an exact match")
    func unknown() {
        let held = ScopeSet(["operator.write", "operator.future", "canvas"])
        #expect(held.covers("operator.future") && held.covers("canvas"))
        #expect(!held.covers("operator.futures") && !held.covers("operator.Future") && !held.covers("operator."))
        let admin = ScopeSet(.admin)
        #expect(admin.covers("operator.future") && admin.covers("operator.x.y"))
        #expect(!admin.covers("canvas") && !admin.covers("operator") && !admin.covers("Operator.read"))
        #expect(!ScopeSet(.write).covers("operator.talk.secrets"))
    }

    @Test("names keep their order and lose their repeats")
    func names() {
        #expect(ScopeSet(["b", "a", "b", "a"]).names == ["b", "a"])
        #expect(ScopeSet(.write, .read, .write).names == ["operator.write", "operator.read"])
        #expect(ScopeSet([String]()).isEmpty && ScopeSet.none.isEmpty)
    }

    @Test("ten thousand names are taken in without a quadratic search")
    func many() {
        let names = (0..<10_000).map { "scope.\($0)" }
        #expect(ScopeSet(names + names).names.count == 10_000)
    }
}
