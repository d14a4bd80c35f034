import Files

/// The program under test, which is built beside the test bundle.
enum Program {
    static let path: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? Files.currentExecutable() ?? ""
        var directory = Files.parent(of: bundle)
        while directory.count > 1 {
            let candidate = directory + "/sallyport"
            // A directory of this name is no program: the sources of the target are in one.
            if Files.exists(candidate), Files.names(in: candidate).isEmpty { return candidate }
            directory = Files.parent(of: directory)
        }
        preconditionFailure("the program sallyport was not built beside \(bundle)")
    }()
}
