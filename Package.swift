// swift-tools-version: 6.3
import PackageDescription

/// Fuzz targets and the instrumentation that they need; see Fuzz/README.md.
let isFuzzing = Context.environment["SALLYPORT_FUZZ"] != nil

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

/// Without the standard library's regular expressions, which nothing in the program needs and which would be a tenth of it.
let productSettings =
    swiftSettings + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]

/// For what does not run for each message: fewer pages of it are in memory.
let forSize: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

func module(_ name: String, _ dependencies: Target.Dependency..., runsOften: Bool = true) -> Target {
    .target(
        name: name, dependencies: dependencies,
        swiftSettings: productSettings + (runsOften ? [] : forSize))
}

func tests(_ name: String, _ dependencies: Target.Dependency..., resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

let package = Package(
    name: "sallyport",
    products: [.executable(name: "sallyport", targets: ["sallyport"])],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLinux"),

        module("Text"),
        module("Errors", runsOften: false),
        module("JSON"),
        module("ACP", "JSON", runsOften: false),
        module("Crypto", "COpenSSL", "CSodium"),
        module("TLS", "COpenSSL", "Crypto", "Files"),
        module("WebSocket", "CZlib"),
        module("HTTP", "Errors"),
        module("Wire", "Errors", "JSON"),
        module("Trust", "Crypto", "Errors", "JSON", "Wire", "Text"),
        module("Sessions", "Errors", "JSON", "Wire", "Text"),
        module("Config", "Agents", "Errors", "Files", "JSON", "Text", runsOften: false),
        module("Store", "CSQLite"),
        module("Agents", "CLinux", "Files", "JSON", "Wire", runsOften: false),
        module("EventLoop", "CLinux"),
        module("Files"),
        module("MCP", "JSON", runsOften: false),
        module(
            "Client", "CLinux", "Crypto", "EventLoop", "Files", "HTTP", "JSON", "TLS", "Text", "WebSocket",
            runsOften: false),
        module(
            "Worker", "ACP", "Agents", "CLinux", "Client", "Crypto", "EventLoop", "Files", "JSON", "TLS", "Trust",
            "Wire", runsOften: false),
        module("Gateway", "JSON", "Crypto", "Wire", "Trust", "Sessions", "Store", "Text"),
        module(
            "Server", "Agents", "CLinux", "Config", "Crypto", "Errors", "EventLoop", "Files", "Gateway", "HTTP", "JSON",
            "Sessions", "Store", "TLS", "Text", "Trust", "WebSocket", "Wire"),
        .executableTarget(
            name: "sallyport",
            dependencies: [
                "Agents", "CLinux", "Client", "Config", "Errors", "EventLoop", "Files", "HTTP", "JSON", "MCP", "Server",
                "Sessions", "TLS", "Text", "Trust", "Wire", "Worker",
            ],
            swiftSettings: productSettings + forSize,
            // Takes the place of the system's malloc. By name it is only asked to give memory back, where it is there.
            linkerSettings: [.linkedLibrary("mimalloc")]),

        // A second opinion on every digest, derivation and signature; linked into tests only.
        .target(name: "CryptoOracle", path: "Tests/CryptoOracle", linkerSettings: [.linkedLibrary("cryptopp")]),
        tests("ACPTests", "ACP", "JSON"),
        tests("AgentsTests", "Agents", "CLinux", "Files", "JSON", "Wire"),
        tests("ClientTests", "Client", "EventLoop", "TLS", "HTTP", "WebSocket", "JSON", "Crypto"),
        // Runs the program itself, as ScenarioTests does.
        tests("CommandTests", "sallyport", "Agents", "Files", "JSON"),
        tests("ConfigTests", "Config", "Files", "JSON"),
        tests("CryptoTests", "Crypto", "CryptoOracle", "COpenSSL"),
        tests("EventLoopTests", "EventLoop", "CLinux"),
        tests("GatewayTests", "Crypto", "Gateway", "JSON", "Sessions", "Store", "Trust", "Wire"),
        tests("HTTPTests", "HTTP"),
        tests("JSONTests", "JSON"),
        tests("MCPTests", "JSON", "MCP"),
        tests("AbuseTests", "Crypto", "Files", "Gateway", "JSON", "Sessions", "Store", "Trust", "Wire"),
        .systemLibrary(name: "CNamespaces", path: "Tests/CNamespaces"),
        // Runs the program itself, which is why it depends on it.
        tests(
            "ScenarioTests", "sallyport", "Agents", "CNamespaces", "CSQLite", "Client", "Crypto", "EventLoop", "Files",
            "JSON",
            "Store",
            "TLS", "Trust", "WebSocket", "Wire", resources: [.copy("Peers")]),
        tests(
            "ServerTests", "Agents", "Config", "EventLoop", "Files", "Gateway", "HTTP", "JSON", "Server", "TLS",
            "Trust",
            "WebSocket", "Wire"),
        tests("SessionsTests", "JSON", "Sessions", "Wire", resources: [.copy("Vectors")]),
        // A file layer for SQLite whose disks fail when they are told to.
        .target(name: "CFaultVFS", dependencies: ["CSQLite"], path: "Tests/CFaultVFS"),
        tests("StoreTests", "CFaultVFS", "Store"),
        tests("TLSTests", "TLS", "Crypto", "COpenSSL", "Files"),
        .testTarget(
            name: "TrustTests", dependencies: ["Crypto", "JSON", "Trust", "Wire"], resources: [.copy("Vectors")],
            swiftSettings: swiftSettings),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: productSettings),
        tests("WebSocketTests", "CZlib", "WebSocket"),
        tests("WireTests", "Errors", "JSON", "Wire"),
        tests("WorkerTests", "Agents", "Wire", "Worker"),
    ],
    cxxLanguageStandard: .cxx17
)

if isFuzzing {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
        .executableTarget(
            name: "sallyport-fuzz", dependencies: ["CFuzzer", "Crypto", "HTTP", "JSON", "Trust", "WebSocket", "Wire"],
            path: "Fuzz/Sources", swiftSettings: swiftSettings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
}
