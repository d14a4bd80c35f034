#!/usr/bin/env python3
"""A small Internet in network namespaces. Nothing in it has a route to the outside. Needs root, iproute2 and nftables.

    outside 10.99.0.2 ───── 10.99.0.1 host 10.98.0.1 ───── 10.98.0.2 peer
                                   │                            ┊
                     docker0 172.18.0.1/16                      ┊  WireGuard (wireguard-go), MTU 1280
                       │         │        │                     ┊
                   gw .2      agent .3   front .4               ┊
                       ┊                                        ┊
               100.64.0.10 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ 100.64.0.20      host has 100.64.0.30

The host publishes the gateway's port in the three ways of container engines; they differ in what the gateway sees:

    8443  DNAT and masquerade     everybody is the bridge, 172.18.0.1
    8444  DNAT only               the client's own address
    8445  a process that relays   everybody is the bridge, and it is another TCP connection

and passes on port 443 to the proxy container. From `outside` there is a second way, through a link that can be made
slow and lossy: 10.97.0.2 ── 10.97.0.1.
"""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

GATEWAY_PORT, HAPROXY_PORT, FRONT_PORT = 18789, 18790, 443
MASQUERADED, KEPT, RELAYED = 8443, 8444, 8445
PUBLISHED = {"NAT": MASQUERADED, "NAT kept": KEPT, "NAT relayed": RELAYED}
ROLES = ("host", "gw", "agent", "front", "outside", "peer")
BRIDGE = {"gw": "172.18.0.2", "agent": "172.18.0.3", "front": "172.18.0.4"}
TAILNET = {"gw": "100.64.0.10", "host": "100.64.0.30", "peer": "100.64.0.20"}
#: The host, by the slow link.
SLOW = "10.97.0.1"
HERE = os.path.dirname(os.path.abspath(__file__))


class Trouble(Exception):
    """Why something cannot be tried here."""


def until(condition, what, seconds=15):
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Trouble(f"not within {seconds} s: {what}")
        time.sleep(0.03)


def stop(process, seconds=10):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Networks:
    """To be used with `with`: all of it is gone afterwards."""

    def __init__(self, prefix=None):
        self.prefix = prefix or f"sp{os.getpid()}"
        self.processes = []
        self.work = tempfile.mkdtemp(prefix="sallyport-lab.")
        #: Why the tunnel is not there; None when it is.
        self.no_tunnel = None
        #: Why nothing relays in user space.
        self.no_relay = None

    @staticmethod
    def missing():
        """Why there can be none here; None when there can."""
        if os.geteuid() != 0:
            return "this needs root"
        for program in ("ip", "nft", "nsenter"):
            if not shutil.which(program):
                return f"{program} is not installed"
        name = f"sp{os.getpid()}t"
        if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
            return "network namespaces cannot be made here"
        subprocess.run(["ip", "netns", "del", name], check=False)
        return None

    def name(self, role):
        return f"{self.prefix}-{role}"

    def inside(self, role):
        """What a command begins with to run there."""
        return ["ip", "netns", "exec", self.name(role)]

    def entered_from(self, role):
        """The same for a command that is in another of these: `ip` would have to find the names."""
        return ["nsenter", f"--net=/run/netns/{self.name(role)}"]

    # MARK: Building

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            stop(process)
        for role in ROLES:
            subprocess.run(["ip", "netns", "del", self.name(role)], capture_output=True, check=False)
            shutil.rmtree(f"/etc/netns/{self.name(role)}", ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir("/etc/netns")
        shutil.rmtree(self.work, ignore_errors=True)

    def ip(self, words, role=None):
        command = ["ip"] + (["-n", self.name(role)] if role else []) + words.split()
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise Trouble(f"{' '.join(command)}: {result.stderr.strip()}")

    def nft(self, role, rules):
        command = self.inside(role) + ["nft", "-f", "-"]
        result = subprocess.run(command, input=rules, capture_output=True, text=True)
        if result.returncode != 0:
            raise Trouble(f"nft in {role}: {result.stderr.strip()}")

    def cable(self, role, address, host_device, route=None):
        """Joins a namespace to the host; the host's end has no address yet."""
        self.ip(f"link add {host_device} netns {self.name('host')} type veth peer name eth0 netns {self.name(role)}")
        self.ip(f"addr add {address} dev eth0", role)
        self.ip("link set eth0 up", role)
        self.ip(f"link set {host_device} up", "host")
        if route:
            self.ip(f"route add default via {route}", role)

    def build(self):
        for role in ROLES:
            self.ip(f"netns add {self.name(role)}")
            self.ip("link set lo up", role)
            folder = f"/etc/netns/{self.name(role)}"
            os.makedirs(folder)
            with open(f"{folder}/hosts", "w", encoding="ascii") as hosts:
                hosts.write("127.0.0.1 localhost\n::1 localhost\n")
            open(f"{folder}/resolv.conf", "w", encoding="ascii").close()
        self.ip("link add docker0 type bridge", "host")
        self.ip("addr add 172.18.0.1/16 dev docker0", "host")
        self.ip("link set docker0 up", "host")
        for role, address in BRIDGE.items():
            # The bridge has to be up, and joined, before there is a route through it.
            self.cable(role, f"{address}/16", f"v-{role}")
            self.ip(f"link set v-{role} master docker0", "host")
            # A container may dial what the host publishes of its own.
            self.ip(f"link set v-{role} type bridge_slave hairpin on", "host")
            self.ip("route add default via 172.18.0.1", role)
        self.cable("outside", "10.99.0.2/24", "wan0", "10.99.0.1")
        self.ip("addr add 10.99.0.1/24 dev wan0", "host")
        self.cable("peer", "10.98.0.2/24", "wan1", "10.98.0.1")
        self.ip("addr add 10.98.0.1/24 dev wan1", "host")
        self.sysctl("host", "net.ipv4.ip_forward=1")
        self.publish()
        self.tunnel()
        self.relay()
        self.slow_link()

    def sysctl(self, role, setting):
        subprocess.run(self.inside(role) + ["sysctl", "-qw", setting], check=True)

    def publish(self):
        self.nft("host", f"""
            table ip published {{
                chain prerouting {{
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local tcp dport {{ {MASQUERADED}, {KEPT} }} dnat to {BRIDGE['gw']}:{GATEWAY_PORT}
                    fib daddr type local tcp dport {FRONT_PORT} dnat to {BRIDGE['front']}:{FRONT_PORT}
                }}
                chain postrouting {{
                    type nat hook postrouting priority srcnat; policy accept;
                    oifname "docker0" meta l4proto tcp ct original proto-dst {MASQUERADED} masquerade
                    ip saddr 172.18.0.0/16 oifname "docker0" ct status dnat masquerade
                }}
            }}""")

    def relay(self):
        if not shutil.which("socat"):
            self.no_relay = "socat is not installed"
            return
        self.background("host", ["socat", f"TCP-LISTEN:{RELAYED},fork,reuseaddr,backlog=128,nodelay",
                                 f"TCP:{BRIDGE['gw']}:{GATEWAY_PORT},nodelay"])

    def slow_link(self):
        self.link_settings = self.file("link", "")
        self.link = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "wanlink.py"), "--a", f"{self.name('outside')}:wan1", "--b",
             f"{self.name('host')}:slow0", "--control", self.link_settings], stdout=subprocess.PIPE, text=True)
        self.processes.append(self.link)
        if self.link.stdout.readline() != "ready\n":
            raise Trouble("there is no slow link")
        for role, device, address in (("outside", "wan1", "10.97.0.2/24"), ("host", "slow0", SLOW + "/24")):
            self.ip(f"addr add {address} dev {device}", role)
            self.ip(f"link set {device} mtu 1500 up", role)

    def make_link(self, words):
        with open(self.link_settings, "w", encoding="ascii") as file:
            file.write(words)
        self.link.send_signal(signal.SIGHUP)

    def background(self, role, command, before=()):
        process = subprocess.Popen(
            list(before) + self.entered_from(role) + command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    # MARK: The tunnel

    def tunnel(self):
        for program in ("wireguard-go", "wg"):
            if not shutil.which(program):
                self.no_tunnel = f"{program} is not installed"
                return
        if not os.path.exists("/dev/net/tun"):
            self.no_tunnel = "there is no /dev/net/tun"
            return
        endpoints = {"gw": f"{BRIDGE['gw']}:41641", "host": "10.98.0.1:41641", "peer": "10.98.0.2:41641"}
        keys = {}
        for role in TAILNET:
            private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
            public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout
            keys[role] = (self.file(f"{role}.key", private), public.strip())
        try:
            for role in TAILNET:
                self.join_tunnel(role, keys, endpoints)
        except Trouble as trouble:
            self.no_tunnel = str(trouble)

    def join_tunnel(self, role, keys, endpoints):
        # wireguard-go names its control socket after the device, so each gets a /run/wireguard of its own.
        script = "mkdir -p /run/wireguard && mount -t tmpfs none /run/wireguard && exec wireguard-go -f tailscale0"
        process = self.background(role, ["unshare", "--mount", "sh", "-c", script])
        view = ["nsenter", f"--mount=/proc/{process.pid}/ns/mnt", f"--net=/run/netns/{self.name(role)}", "wg"]

        def is_there():
            return process.poll() is None and subprocess.run(
                view + ["show", "tailscale0"], capture_output=True).returncode == 0

        until(is_there, f"wireguard-go in {role}", 8)
        command = view + ["set", "tailscale0", "listen-port", "41641", "private-key", keys[role][0]]
        for other in TAILNET:
            # Only the peer talks with the two others.
            if other != role and "peer" in (other, role):
                command += ["peer", keys[other][1], "endpoint", endpoints[other], "allowed-ips",
                            f"{TAILNET[other]}/32"]
        subprocess.run(command, check=True, capture_output=True)
        self.ip(f"addr add {TAILNET[role]}/10 dev tailscale0", role)
        self.ip("link set tailscale0 mtu 1280 up", role)

    def file(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        return path

    # MARK: Where things are

    gateway_port, proxied_port, front_port = GATEWAY_PORT, HAPROXY_PORT, FRONT_PORT
    no_container = no_outside = None

    def fresh(self):
        """All gateways have the same ports, one after the other."""

    def url(self, group, place):
        """What somebody at `place` dials."""
        if place == "outside":
            return f"wss://10.99.0.1:{FRONT_PORT if group.source else PUBLISHED[group.path]}"
        if group.source:
            if group.beside:
                address = TAILNET["gw"] if place == "tunnel" else BRIDGE["gw"]
            else:
                address = TAILNET["host"] if place == "tunnel" else BRIDGE["front"]
            return f"wss://{address}:{FRONT_PORT}"
        if group.path in PUBLISHED:
            return f"wss://{TAILNET['host'] if place == 'tunnel' else '172.18.0.1'}:{PUBLISHED[group.path]}"
        if not group.has_tls or group.bind == "loopback":
            address = "127.0.0.1"
        else:
            address = TAILNET["gw"] if place == "tunnel" or group.bind == "tailnet" else BRIDGE["gw"]
        return f"{'wss' if group.has_tls else 'ws'}://{address}:{GATEWAY_PORT}"

    def worker_url(self, group):
        """Of the gateway's own workers: the same way, where their pin is shown; else None, for loopback."""
        return self.url(group, "host") if group.passes_tls else None

    def front_address(self, group):
        return "127.0.0.1" if group.beside else BRIDGE["front"]

    def gateway_address(self, group):
        """Where a proxy finds the gateway."""
        return "127.0.0.1" if group.beside else BRIDGE["gw"]

    def front_role(self, group):
        return "gw" if group.beside else "front"

    def front_listens_on(self):
        return f"0.0.0.0:{FRONT_PORT}"

    # MARK: Faults

    @contextlib.contextmanager
    def fault(self, roles, ports, verdict):
        """For a while, what goes to these TCP ports and what comes from them gets this verdict of nftables."""
        ports = ", ".join(str(port) for port in ports)
        # The resets themselves have to arrive.
        passed = "tcp flags rst accept" if "reset" in verdict else ""
        for role in roles:
            self.nft(role, f"""
                table inet fault {{
                    chain input {{
                        type filter hook input priority 0; policy accept;
                        {passed}
                        tcp dport {{ {ports} }} {verdict}
                    }}
                    chain output {{
                        type filter hook output priority 0; policy accept;
                        {passed}
                        tcp sport {{ {ports} }} {verdict}
                    }}
                }}""")
        try:
            yield
        finally:
            for role in roles:
                self.nft(role, "delete table inet fault")

    def reset(self, roles, ports):
        """Ends connections at their next packet, and refuses new ones."""
        return self.fault(roles, ports, "reject with tcp reset")

    def silence(self, roles, ports):
        """Packets vanish: connections stay, half-open."""
        return self.fault(roles, ports, "drop")

    def cut(self):
        """Ends whatever goes to the gateway, or to what stands in front of it, and refuses more."""
        return self.reset(("gw", "front"), (GATEWAY_PORT, HAPROXY_PORT, FRONT_PORT))


def wait_for_the_end():
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)


if __name__ == "__main__":
    reason = Networks.missing()
    if reason:
        sys.exit(f"networks: {reason}")
    with Networks() as networks:
        print(f"up: {networks.prefix}-*; tunnel: {networks.no_tunnel or 'yes'}; end with Ctrl-C", flush=True)
        wait_for_the_end()
