import Config
import Foundation
import JSON
import Testing

@Suite("Configurations without their secrets")
struct ConfigRedactionTests {
    static let text = """
        {
          // mine
          gateway: { auth: { mode: 'token', token: 'hush1' }, remote: { token: { source: 'env', id: 'REMOTE' } } },
          env: { OPENAI_API_KEY: "hush2", vars: { OTHER: 'hush3' }, shellEnv: { enabled: true } },
          agents: { list: [{ id: 'a', env: { KEY: 'hush4' }, name: 'A' }, { id: 'b', env: { KEY: "hush5" } }] },
          channels: { telegram: { botToken: 'hush6', apiKey: "${TELEGRAM_KEY}", allowFrom: ['me'] } },
          models: { providers: { x: { apiKey: 'hush7', headers: { Authorization: 'hush8' }, maxTokens: 5 } } },
          web: { proxy: 'http://user:hush9@proxy:3128/' },
        }

        """

    private static func string(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test("nothing secret is left, and everything else is")
    func redacted() throws {
        let text = Self.string(ConfigRedaction.redacted(text: Array(Self.text.utf8)))
        #expect(!text.contains("hush"), "\(text)")
        #expect(text.components(separatedBy: ConfigRedaction.sentinel).count == 10)
        for kept in ["// mine", "'token'", "source: 'env', id: 'REMOTE'", "${TELEGRAM_KEY}", "['me']", "maxTokens: 5"] {
            #expect(text.contains(kept), "\(kept)")
        }
        let value = ConfigRedaction.redacted(try JSONParser.parse(Self.text, dialect: .json5))
        #expect(value == (try JSONParser.parse(text, dialect: .json5)))
        #expect(ConfigRedaction.redacted(text: Array("{ token: 'x' ".utf8)) == nil)
    }

    @Test("what is sent back as it was shown is what was there")
    func roundTrip() throws {
        let old = try JSONParser.parse(Self.text, dialect: .json5)
        let shown = try #require(ConfigRedaction.redacted(text: Array(Self.text.utf8)))
        #expect(Self.string(try ConfigRedaction.restored(text: shown, from: old)) == Self.text)
        #expect(try ConfigRedaction.restored(ConfigRedaction.redacted(old), from: old) == old)
    }

    @Test("agents are found by their ids, and a new secret is taken")
    func moved() throws {
        let old = try JSONParser.parse(Self.text, dialect: .json5)
        let shown: JSON = [
            "agents": ["list": [["id": "b", "env": ["KEY": .string(ConfigRedaction.sentinel)]], ["id": "c"]]],
            "gateway": ["auth": ["token": "fresh"]],
        ]
        let restored = try ConfigRedaction.restored(shown, from: old)
        #expect(restored["agents"]?["list"]?[0]?["env"]?["KEY"] == "hush5")
        #expect(restored["gateway"]?["auth"]?["token"] == "fresh")
    }

    @Test("a redacted value that never was is refused")
    func nothing() throws {
        let shown: JSON = ["gateway": ["auth": ["password": .string(ConfigRedaction.sentinel)]]]
        let error = #expect(throws: ConfigRedaction.NothingToKeep.self) {
            try ConfigRedaction.restored(shown, from: ["gateway": ["auth": ["token": "x"]]])
        }
        #expect(error?.path == "gateway.auth.password")
    }
}
