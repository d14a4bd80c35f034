import Files
import Foundation

/// What isolations can be tried here, and the commands that try to get out of them.
enum IsolationStage {
    /// No user of the host has it.
    static let userID = 47_321

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        /// The value of `isolation`.
        let setting: String
        /// Why it cannot be tried here.
        let problem: String?
    }

    static let cases: [Case] = [uid, bubblewrap, container]

    static let uid = Case(
        description: "uid", setting: "{ type: \"uid\", user: \(userID), gid: \(userID) }",
        problem: geteuid() == 0 ? nil : "only root can run commands as another user")

    static let bubblewrap = Case(
        description: "bwrap",
        setting: geteuid() == 0 ? "{ type: \"bwrap\", user: \(userID), gid: \(userID) }" : "\"bwrap\"",
        problem: bubblewrapProblem)

    static let container = Case(
        description: "container",
        setting: "{ type: \"container\", image: \"\(image)\""
            + (geteuid() == 0 ? ", user: \(userID), gid: \(userID) }" : " }"),
        problem: containerProblem)

    /// Of Docker's, with `/bin/sh` and Perl; every image of Debian's has them.
    private static var image: String { environment["SALLYPORT_TEST_IMAGE"] ?? "debian:stable-slim" }

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// What a gateway needs to find an engine that is not where it usually is.
    static var engineEnvironment: [String: String] {
        environment.filter { ["DOCKER_HOST", "DOCKER_CONFIG", "CONTAINER_HOST"].contains($0.key) }
    }

    private static var bubblewrapProblem: String? {
        guard let path = InstalledProgram.path(of: "bwrap") else { return "bwrap is not installed" }
        let isAllowed = run([path, "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"])
        return isAllowed ? nil : "user namespaces are not allowed here"
    }

    private static var containerProblem: String? {
        guard let path = InstalledProgram.path(of: "docker") else { return "docker is not installed" }
        guard run([path, "image", "inspect", image]) else {
            return "no container engine answers, or it has no image \(image) (SALLYPORT_TEST_IMAGE names another)"
        }
        return nil
    }

    private static func run(_ command: [String]) -> Bool {
        guard let outputs = try? TemporaryDirectory(),
            let process = try? RunningProcess(
                command, environment: CommandLineTool.baseEnvironment.merging(engineEnvironment) { $1 },
                outputs: outputs.path)
        else { return false }
        return (try? process.wait(within: .seconds(20))) == 0
    }

    /// A program that tries what an agent of ill will would try, and prints `name=yes` or `name=no` for each attempt. Its
    /// argument is the gateway's state directory.
    static let hostile = #"""
        state=$1
        try() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name=yes"; else echo "$name=no"; fi; }
        socket() { perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or exit 1;
            connect(S, pack_sockaddr_un($ARGV[0])) or exit 1' "$state/run/owner.sock"; }
        processes() { for p in /proc/[0-9]*; do
            case "$(tr '\0' '\n' < $p/cmdline 2>/dev/null | head -2 | tr '\n' ' ')" in
            */sallyport\ worker\ |*/sallyport\ gateway\ )
                head -c 1 $p/environ >/dev/null 2>&1 && return 0
                ls $p/fd/ 2>/dev/null | grep -q . && return 0
                kill -0 ${p#/proc/} 2>/dev/null && return 0;;
            esac; done; return 1; }
        siblings() { ls "$OPENCLAW_STATE_DIR/.." 2>/dev/null | grep -v "^${OPENCLAW_STATE_DIR##*/}\$" | grep -q .; }
        try rootkey head -c 1 "$state/identity/gateway.json"
        try store head -c 1 "$state/state/sallyport.sqlite"
        try token head -c 1 "$state/openclaw.json"
        try tlskey head -c 1 "$state/gateway/tls/gateway-key.pem"
        try devicekey head -c 1 "$state/identity/device.json"
        try devicetoken head -c 1 "$state/identity/device-auth.json"
        try marks ls "$state/run/workers"
        try plant touch "$state/run/planted"
        try ownersocket socket
        try processes processes
        try siblings siblings
        try host touch /etc/sallyport-was-here
        try kernel sh -c 'echo x > /proc/sys/kernel/domainname'
        try identity head -c 1 "$OPENCLAW_STATE_DIR/identity/device.json"
        try certificate head -c 1 "$NODE_EXTRA_CA_CERTS"
        try bundle head -c 1 "$SSL_CERT_FILE"
        try work sh -c 'touch here && rm here'
        try home sh -c 'touch "$HOME/.x" && rm "$HOME/.x"'
        if [ -n "$SALLYPORT" ]; then try sessions "$SALLYPORT" sessions list; fi
        echo "uid=$(id -u)"
        """#
}
