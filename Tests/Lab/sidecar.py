"""compose.tailscale.yaml with an image that stands in for Tailscale's: the file's wiring is run, tailscaled is not.

The stand-in takes what the file gives the real image: a key, a state directory, /dev/net/tun, NET_ADMIN. After a while it
has the interface `tailscale0` with the address of a tailnet, in WireGuard (wireguard-go), and one peer outside.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile

from networks import HERE, stop, until

ENGINE = os.path.join(HERE, "engine")
OUTSIDE = "/run/netns/sp-engine-out"
ADDRESS, PEER = "100.64.0.10", "100.64.0.20"
#: What the image starts. It ends where the compose file leaves out what a real one needs, and has no address at first.
ENTRY = """#!/bin/sh
set -eu
: "${TS_AUTHKEY:?}" "${TS_STATE_DIR:?}"
[ "$TS_USERSPACE" = false ] && [ -c /dev/net/tun ]
mkdir -p /run/wireguard
[ -s "$TS_STATE_DIR/key" ] || (umask 077; wg genkey >"$TS_STATE_DIR/key")
echo "key $(wg pubkey <"$TS_STATE_DIR/key")"
wireguard-go -f tailscale0 &
trap 'kill $!; exit 0' TERM
until wg show tailscale0 >/dev/null 2>&1; do sleep 0.1; done
sleep 3
wg set tailscale0 private-key "$TS_STATE_DIR/key" peer "$STAND_IN_PEER" endpoint 10.97.0.2:41641 \\
    persistent-keepalive 1 allowed-ips 100.64.0.20/32
ip addr add 100.64.0.10/32 dev tailscale0
ip link set tailscale0 mtu 1280 up
ip route add 100.64.0.0/10 dev tailscale0
wait
"""


class Sidecar:
    def __init__(self, lab):
        self.lab = lab
        self.peer = None

    def missing(self):
        if not self.lab.has_own_engine:
            return "needs Tests/Lab/engine"
        for program in ("wireguard-go", "wg", "ip"):
            if not shutil.which(program):
                return f"{program} is not installed"
        return None if os.path.exists("/dev/net/tun") else "there is no /dev/net/tun"

    def try_all(self):
        reason = self.missing()
        if reason:
            print(f"skipped: Tailscale as a sidecar, with a stand-in: {reason}")
            return
        self.lab.compose("down", "-t", "15", "--remove-orphans")
        self.make_image()
        self.files = ["-f", self.write_override()]
        try:
            self.try_sidecar()
        finally:
            self.compose("down", "-v", "-t", "15", check=False)
            if self.peer:
                stop(self.peer)

    def compose(self, *words, **options):
        return self.lab.compose("-f", "compose.tailscale.yaml", *self.files, *words, **options)

    # MARK: The stand-in

    def make_image(self):
        with tempfile.TemporaryDirectory(prefix="sallyport-lab.") as context:
            for program in ("wireguard-go", "wg", "ip"):
                found = os.path.realpath(shutil.which(program))
                shutil.copy(found, os.path.join(context, program))
                libraries = subprocess.run(["ldd", found], capture_output=True, text=True).stdout
                for library in re.findall(r"=> (/\S+)", libraries):
                    shutil.copy(library, context)
            with open(os.path.join(context, "entry"), "w", encoding="ascii") as file:
                file.write(ENTRY)
            os.chmod(os.path.join(context, "entry"), 0o755)
            with open(os.path.join(context, "Dockerfile"), "w", encoding="ascii") as file:
                file.write(f"FROM {self.lab.base or 'debian:bookworm-slim'}\n"
                           "COPY wireguard-go wg ip entry /usr/local/bin/\nCOPY *.so* /usr/local/lib/stand-in/\n"
                           "ENV LD_LIBRARY_PATH=/usr/local/lib/stand-in\nENTRYPOINT [\"entry\"]\n")
            self.lab.run(self.lab.docker, "build", "-q", "-t", "local/tailscale", context)
        self.key = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
        public = subprocess.run(["wg", "pubkey"], input=self.key, capture_output=True, text=True, check=True).stdout
        self.public = public.strip()
        self.lab.environment |= {"TAILSCALE_IMAGE": "local/tailscale", "TS_AUTHKEY": "tskey-stand-in"}

    def write_override(self):
        """Only what the stand-in has to be told and a real tailnet tells: the peer's key."""
        path = os.path.join(self.lab.work, "stand-in.yaml")
        with open(path, "w", encoding="ascii") as file:
            file.write('services: { tailscale: { environment: { STAND_IN_PEER: "%s" } } }\n' % self.public)
        return path

    def join_from_outside(self, public):
        """The peer: a machine of the tailnet that is not the engine's host."""
        script = ("mkdir -p /run/wireguard && mount -t tmpfs none /run/wireguard && exec nsenter --net=%s "
                  "wireguard-go -f tailscale1" % OUTSIDE)
        self.peer = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        view = ["nsenter", f"--mount=/proc/{self.peer.pid}/ns/mnt", f"--net={OUTSIDE}"]
        until(lambda: subprocess.run(view + ["wg", "show", "tailscale1"], capture_output=True).returncode == 0,
              "WireGuard outside", 10)
        key = os.path.join(self.lab.work, "peer.key")
        with open(key, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(self.key)
        for command in (["wg", "set", "tailscale1", "listen-port", "41641", "private-key", key, "peer", public,
                         "allowed-ips", f"{ADDRESS}/32"],
                        ["ip", "addr", "add", f"{PEER}/10", "dev", "tailscale1"],
                        ["ip", "link", "set", "tailscale1", "mtu", "1280", "up"]):
            subprocess.run(view + command, check=True, capture_output=True)

    # MARK: Trying

    def log(self):
        return self.compose("logs", "--no-color", "gateway").stdout

    def is_up(self):
        return self.compose("exec", "-T", "gateway", "sallyport", "gateway", "status", check=False).returncode == 0

    def stranger(self, pin):
        result = self.lab.run(ENGINE, "out", self.lab.python, os.path.join(HERE, "peer.py"), "stranger", "--url",
                              f"wss://{ADDRESS}:18789", "--token", self.lab.token(), "--pin", pin, check=False)
        told = json.loads(result.stdout or "{}")
        return told.get("code") == 1008 and told["reason"].startswith("pairing required")

    def try_sidecar(self):
        lab = self.lab
        self.compose("up", "-d", "--no-build")
        told = until(lambda: re.search(r"key (\S{43}=)", self.compose("logs", "--no-color", "tailscale").stdout),
                     "the stand-in tells its key", 20)
        self.join_from_outside(told.group(1))
        until(self.is_up, "the gateway is up", 60)
        was_early = f"listening wss://{ADDRESS}:18789" not in self.log()
        until(lambda: f"listening wss://{ADDRESS}:18789" in self.log(), "the gateway listens on the tailnet's address", 60)
        lab.check("sidecar: the gateway listens on the tailnet's address once it is there", True,
                  "it was not at first" if was_early else "it was at first")
        until(self.is_up, "the gateway is up", 60)
        log = self.log()
        spawned = self.compose("exec", "-T", "gateway", "sallyport", "sessions_spawn", "--agent", "lines", "--",
                               "/etc/passwd").stdout
        lab.check("sidecar: the command line in the container is trusted and spawns", "Exit code: 0" in spawned)
        pin = re.search(r"pin (sha256:\w+)", log).group(1)
        lab.check("sidecar: a stranger from the tailnet has to pair", self.stranger(pin))
        tried = lab.run(ENGINE, "out", "bash", "-c", "exec 3<>/dev/tcp/10.97.0.1/18789", check=False)
        lab.check("sidecar: nothing is published on the host", tried.returncode != 0)
        name = self.compose("ps", "-q", "gateway").stdout.strip()
        until(lambda: "healthy" == lab.run(lab.docker, "inspect", "-f", "{{.State.Health.Status}}", name).stdout.strip(),
              "the health check says healthy", 60)
        lab.check("sidecar: HEALTHCHECK says healthy", True)
        self.compose("restart", "-t", "5", "tailscale")
        self.compose("restart", "-t", "15", "gateway")
        until(self.is_up, "the gateway is up again", 60)
        until(lambda: self.stranger(pin), "a stranger reaches it again", 20)
        lab.check("sidecar: both were started anew: same address, same pin", True)
