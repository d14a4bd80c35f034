import Agents
import Files
import Foundation
import Testing

/// What a service manager says to a gateway, and hears from it.
struct ServiceManagerTests {
    private static let configuration = #"{ gateway: { mode: "local", tls: { enabled: true } } }"#

    @Test func itSaysWhenItIsReadyReloadsLivesAndStops() throws {
        let sandbox = try Sandbox()
        try sandbox.write("state/openclaw.json", Self.configuration)
        let manager = try NotifySocket(sandbox.path + "/notify")
        let (gateway, _) = try sandbox.begin(
            "gateway", "run", "--port", "0",
            environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"])
        let ready = try manager.message(with: "READY=1")
        #expect(ready.contains("MAINPID=\(gateway.pid)"), "\(ready)")
        #expect(ready.contains("STATUS=listening wss://127.0.0.1:"), "\(ready)")
        for _ in 0..<3 { _ = try manager.message(with: "WATCHDOG=1") }
        gateway.signal(SIGHUP)
        #expect(try manager.message(with: "RELOADING=1").contains("MONOTONIC_USEC="))
        _ = try manager.message(with: "READY=1")
        gateway.signal(SIGUSR1)
        _ = try manager.message(with: "RELOADING=1")
        // By the program that took its place.
        #expect(try manager.message(with: "READY=1").contains("MAINPID=\(gateway.pid)"))
        gateway.signal(SIGTERM)
        _ = try manager.message(with: "STOPPING=1")
        let status = try Sandbox.eventually("its end") { gateway.reap() }
        #expect(status.exitCode == 0)
    }

    @Test func itTakesASocketThatTheManagerListensOn() throws {
        let sandbox = try Sandbox()
        let port = try TCPSockets.freePort()
        try sandbox.write(
            "state/openclaw.json", #"{ gateway: { mode: "local", port: \#(port), tls: { enabled: true } } }"#)
        let listener = try #require(TCPSockets.listen(port: port))
        defer { close(listener) }
        // Somebody comes before there is a gateway.
        #expect(TCPSockets.connect(port: port))
        let gateway = try ChildProcess.spawn(
            ProcessSpec(
                executable: "/bin/bash",
                arguments: ["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec '\(Program.path)' gateway run"],
                environment: ["PATH": "/usr/bin:/bin", "SALLYPORT_STATE_DIR": sandbox.stateDirectory],
                inherited: [.init(parent: listener, child: 3)]))
        defer { gateway.signal(SIGKILL) }
        try Sandbox.eventually("the gateway answers") {
            try sandbox.run("gateway", "health").exitCode == 0 ? true : nil
        }
        gateway.signal(SIGTERM)
        #expect(try Sandbox.eventually("its end") { gateway.reap() }.exitCode == 0)
        // The socket is the manager's: whoever comes now waits for the next gateway.
        #expect(TCPSockets.connect(port: port))
    }

    @Test func theUnitIsOneOfSystemd() throws {
        let sandbox = try Sandbox()
        let printed = try sandbox.run("gateway", "install", "--print", "--port", "4000")
        #expect(printed.exitCode == 0, "\(printed.errors)")
        for line in [
            "Type=notify", "WatchdogSec=30", "RestartPreventExitStatus=78", "Restart=always",
            "Environment=SALLYPORT_STATE_DIR=\(sandbox.stateDirectory)",
        ] {
            #expect(printed.output.split(separator: "\n").contains(Substring(line)), "\(line)")
        }
        #expect(printed.output.contains(" gateway run --port 4000\n"))
        guard ReferenceTests.isInstalled("systemd-analyze") else { return }
        try sandbox.write("sallyport.service", printed.output)
        let verified = try sandbox.run(shell: "systemd-analyze verify --man=no ./sallyport.service")
        #expect(!verified.errors.contains("sallyport.service"), "\(verified.errors)")
    }

    /// A systemctl that writes down what it is asked, and directories of systemd that only the command sees.
    static let surroundings = """
        mkdir -p bin empty home; printf '#!/bin/sh\\necho "$@" >> "$SANDBOX/calls"\\n[ "$1" != is-active ]\\n' > bin/systemctl
        chmod +x bin/systemctl; export PATH="$SANDBOX/bin:$PATH" HOME="$SANDBOX/home"
        mount -t tmpfs none /run && mkdir -p /run/systemd/system && mount -t tmpfs none /etc/systemd/system || exit 99
        """

    static var mayMount: Bool {
        geteuid() == 0 && (try? Sandbox().run(shell: "unshare -m mount -t tmpfs none /mnt").exitCode) == 0
    }

    @Test(.enabled(if: mayMount, "needs root and mount namespaces"))
    func installStartAndUninstallGoToSystemd() throws {
        let sandbox = try Sandbox()
        try sandbox.write("state/openclaw.json", Self.configuration)
        try sandbox.write(
            "steps",
            Self.surroundings + """

                "$SALLYPORT" gateway start; echo "start: $?"
                "$SALLYPORT" gateway install --json; echo "install: $?"
                grep -c ExecStart /etc/systemd/system/sallyport.service
                "$SALLYPORT" gateway install --port 4000; echo "another: $?"
                "$SALLYPORT" gateway install --port 4000 --force
                "$SALLYPORT" gateway start --wait 0s; echo "still: $?"
                "$SALLYPORT" gateway stop --disable
                "$SALLYPORT" gateway uninstall; ls /etc/systemd/system
                "$SALLYPORT" gateway uninstall
                """)
        let outcome = try sandbox.run(shell: "unshare -m bash ./steps")
        let text = outcome.output + outcome.errors
        #expect(outcome.errors.contains("hint: sallyport gateway install, then start"), "\(text)")
        #expect(outcome.output.contains("start: 1\n"), "\(text)")
        #expect(outcome.output.contains("install: 0\n1\n"), "\(text)")
        #expect(outcome.output.contains("another: 1\n"), "\(text)")
        #expect(outcome.output.contains("still: 2\n"), "\(text)")
        #expect(outcome.output.contains("Gateway: not running\n"), "\(text)")
        #expect(outcome.output.hasSuffix("Gateway: not installed\n"), "\(text)")
        #expect(
            sandbox.text("calls").split(separator: "\n").filter { !$0.hasPrefix("is-active") } == [
                "daemon-reload", "enable sallyport.service", "daemon-reload", "enable sallyport.service",
                "start sallyport.service", "disable sallyport.service", "disable --now sallyport.service",
                "daemon-reload",
            ], "\(sandbox.text("calls"))")
    }
}

/// Where a gateway's notices arrive.
private final class NotifySocket {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in bytes.enumerated() { unsafe room[index] = byte }
        }
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isBound == 0 else { throw Unexpected(description: "cannot listen at \(path)") }
    }

    deinit { close(descriptor) }

    /// The next one that has this line.
    func message(with line: String) throws -> String {
        try Sandbox.eventually("a notice \(line)") {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return nil }
            let text = String(decoding: buffer.prefix(count), as: UTF8.self)
            return text.split(separator: "\n").contains(Substring(line)) ? text : nil
        }
    }
}
