"""Which cells the matrix has, and why some of them cannot be."""
import dataclasses
import itertools

BINDS = ("loopback", "lan", "tailnet", "custom")
TLS = ("self-signed", "given", "plain")
PATHS = ("direct", "NAT", "Caddy wss", "Caddy plain", "nginx", "HAProxy PROXY")
#: Other ways to publish a port: the client's address is kept, or a process relays.
PUBLISHED = ("NAT kept", "NAT relayed")
PLACES = ("host", "container", "tunnel")
KINDS = ("worker", "stock", "presented")
#: Files of deploy/, by path and whether the gateway has TLS.
SOURCES = {
    ("Caddy wss", True): "caddy/wss", ("Caddy plain", True): "caddy/unix", ("Caddy plain", False): "caddy/loopback",
    ("nginx", True): "nginx/wss", ("nginx", False): "nginx/unix",
    ("HAProxy PROXY", True): "haproxy/tcp", ("HAProxy PROXY", False): "haproxy/v2-ssl",
}
REASONS = {
    "a": "bound to loopback: nothing from elsewhere reaches it, and a published port leads nowhere",
    "b": "bound to the tailnet's address and loopback: the bridge does not reach it, and a published port leads nowhere",
    "c": "bound to the bridge's address: the tunnel does not end there; a published port or a proxy leads to it",
    "d": "plaintext beyond loopback: clients and workers refuse it, and a gateway that people reach should have TLS",
    "e": "a wss upstream needs TLS at the gateway",
    "f": "a grant is for children that are started elsewhere",
    "h": "the lab's gateway is in the tunnel itself and would answer by it",
    "i": "nothing of this gateway is published beyond the bridge and the tunnel",
    "g": "a worker elsewhere is one of a pool, and this build has none",
}


@dataclasses.dataclass(frozen=True)
class Group:
    """One gateway, with what stands in front of it."""
    bind: str
    tls: str
    path: str

    @property
    def has_tls(self):
        return self.tls != "plain"

    @property
    def source(self):
        """The proxy's file in deploy/; None when none is in front."""
        return SOURCES.get((self.path, self.has_tls))

    @property
    def beside(self):
        """The proxy shares the gateway's namespace, as containers of a pod do; else it is a container of its own."""
        # What is plain stays on loopback.
        return self.bind in ("loopback", "tailnet") or self.source in ("caddy/loopback", "haproxy/v2-ssl")

    @property
    def passes_tls(self):
        return self.source in (None, "haproxy/tcp")

    def __str__(self):
        return f"{self.bind} × {self.tls} × {self.path}"


@dataclasses.dataclass(frozen=True)
class Cell:
    place: str
    kind: str

    def __str__(self):
        return f"{self.kind} at {self.place}"


CELLS = [Cell(place, kind) for place in PLACES for kind in KINDS if (place, kind) != ("host", "presented")]
GROUPS = [Group(*names) for names in itertools.product(BINDS, TLS, PATHS)]
GROUPS += [Group("lan", "self-signed", path) for path in PUBLISHED]

#: What one machine can show without anybody's permission.
REDUCED = [group for group in GROUPS if group.bind == "loopback" and "NAT" not in group.path and (
    group.tls == "self-signed" or group.path == "direct")]


def unreachable(group, place):
    """Why nobody who is there reaches the gateway by this path, as a letter of REASONS; None when one does."""
    if group.path == "Caddy wss" and not group.has_tls:
        return "e"
    if not group.source:
        is_published = group.path != "direct"
        if group.bind == "loopback" and (place != "host" or is_published):
            return "a"
        if group.bind == "tailnet" and (place == "container" or is_published):
            return "b"
        if group.bind == "custom" and place == "tunnel" and not is_published:
            return "c"
        if not group.has_tls and (place != "host" or is_published):
            return "d"
        if group.path == "NAT kept" and place == "tunnel":
            return "h"
    if place == "outside" and (group.beside if group.source else group.path == "direct"):
        return "i"
    return None


def impossible(group, cell, has_pools):
    if cell.kind == "worker" and cell.place != "host" and not has_pools:
        return unreachable(group, cell.place) or "g"
    return unreachable(group, cell.place)


def footnote(group, cell):
    """What has to be said of a cell that was run."""
    if cell.place == "host" and cell.kind == "worker" and not group.passes_tls:
        return "beside"
    return None
