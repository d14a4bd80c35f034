import Crypto

func sha256(_ text: String) -> [UInt8] { SHA256.digest(Array(text.utf8)) }
