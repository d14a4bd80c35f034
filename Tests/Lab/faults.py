"""Children under bad networks: what is lost, late, half-open, moved or too large. One gateway, bound to all interfaces."""
import contextlib
import dataclasses
import hashlib
import json
import os
import time

from cells import Cell, Group
from groups import PEER, GroupRun, Outcome
from networks import BRIDGE, GATEWAY_PORT, KEPT, SLOW, until

ROLES = {"container": "agent", "slow-link": "outside"}


@dataclasses.dataclass
class Fault:
    title: str
    #: Where stock children are; a worker of the gateway's, at the bridge's address, comes on top.
    places: tuple
    #: Takes the run and returns once the network is good again.
    happens: object
    #: What every child has to have lived through: another connection, or the same.
    breaks: bool
    outcome: str = ""
    failure: str | None = None
    seconds: float = 0


class FaultRun(GroupRun):
    roles = ROLES

    def __init__(self, networks, program, python, authority, has_pools):
        super().__init__(Group("lan", "self-signed", "direct"), networks, program, python, authority, has_pools)

    @property
    def pooled(self):
        return [Cell(place, "worker") for place in ROLES] if self.has_pools else []

    def url(self, place):
        return f"wss://{SLOW}:{KEPT}" if place == "slow-link" else f"wss://{BRIDGE['gw']}:{GATEWAY_PORT}"

    def agents(self):
        command = ["sh", "-c", 'touch "$1/connected"; while [ ! -e "$1/go" ]; do echo tick; sleep 0.5; done; '
                   'printf %s "$1" | sha256sum', "sh", "{task}"]
        waiting = {"command": command, "stdin": "none"}
        worker = {"id": "worker-host", "exec": waiting, "subagents": {"gatewayUrl": self.url("host")}}
        pools = [{"id": f"worker-{cell.place}", "pool": cell.place, "exec": waiting} for cell in self.pooled]
        return [worker, *pools] + [
            {"id": f"stock-{place}", "exec": {"stdin": "none", "command": [
                *self.networks.entered_from(ROLES[place]), self.python, PEER, "child", "{task}", "--url",
                self.url(place), "--silence", "5", "--patience", "300", "--large"]}}
            for place in ROLES]

    def try_children(self):
        raise NotImplementedError

    def suffer(self, fault):
        """Children are spawned, the fault happens, they end; what came of it is in the fault."""
        folder = os.path.join(self.work, str(len(os.listdir(self.work))))
        cells = [Cell("host", "worker")] + [cell for cell in self.pooled if cell.place in fault.places]
        cells += [Cell(place, "stock") for place in fault.places]
        runs, marks = {}, {}
        for cell in cells:
            marks[cell] = f"{folder}-{cell.kind}-{cell.place}"
            os.mkdir(marks[cell])
            runs[cell] = self.owner.request(
                "sessions.spawn", {"task": marks[cell], "agentId": f"{cell.kind}-{cell.place}"})
            self.outcomes[cell] = Outcome()
        try:
            until(lambda: all(os.path.exists(f"{path}/connected") for path in marks.values()), "all are connected", 60)
            before = {cell: self.attachments(run["runId"]) for cell, run in runs.items()}
            fault.happens(
                self, marks, lambda cell: cell not in runs or self.attachments(runs[cell]["runId"]) > before[cell])
            stock = [cell for cell in cells if cell.kind == "stock"]
            if fault.breaks:
                until(lambda: all(os.path.exists(f"{marks[cell]}/again") for cell in stock), "all are back", 90)
        finally:
            for path in marks.values():
                open(f"{path}/go", "w", encoding="ascii").close()
        words, failures = [], []
        for cell, run in runs.items():
            word, failure = self.judge_fault(cell, run, marks[cell], self.attachments(run["runId"]) - before[cell])
            words.append(f"{cell.kind} at {cell.place.replace('-', ' ')}: {word}")
            failures += [f"{cell}: {failure}"] if failure else []
        refused = [line for line in self.gateway.log.splitlines() if "code=1008" in line]
        failures += [f"refused: {refused}"] if refused else []
        fault.outcome, fault.failure = "; ".join(words), "; ".join(failures) or None

    def judge_fault(self, cell, run, path, again):
        result = self.owner.request("agent.wait", {"runId": run["runId"], "timeoutMs": 100_000}, 110).get("result")
        digest = hashlib.sha256(path.encode()).hexdigest()
        if not result or result["status"] != "ok" or digest not in result["text"]:
            return "lost", f"{result}"
        if cell.kind == "worker":
            return ("came back" if again else "never broke") + ", result complete", None
        told = json.loads(result["text"])
        if told["connections"] == 1:
            return "never broke, result complete", None
        return f"{', '.join(set(map(str, told['resumed'])))} after {told['connections'] - 1}, result complete", None


# MARK: What happens


def slow_and_lossy(run, marks, came_back):
    run.networks.make_link("delay=200 jitter=20 loss=10")
    time.sleep(20)
    run.networks.make_link("")


def half_open(seconds):
    def happens(run, marks, came_back):
        with run.networks.silence(("gw",), (GATEWAY_PORT,)):
            time.sleep(seconds)
    return happens


def cut_link(run, marks, came_back):
    run.networks.make_link("cut=1")
    time.sleep(70)
    run.networks.make_link("")


def move(run, marks, came_back):
    """The container comes back with another address, as after `docker network connect`."""
    # Else the second address goes with the first.
    run.networks.sysctl("agent", "net.ipv4.conf.eth0.promote_secondaries=1")
    run.networks.ip("addr add 172.18.0.33/16 dev eth0", "agent")
    run.networks.ip(f"addr del {BRIDGE['agent']}/16 dev eth0", "agent")
    run.networks.ip("route replace default via 172.18.0.1", "agent")
    until(lambda: os.path.exists(f"{marks[Cell('container', 'stock')]}/again"), "the child is back", 60)
    # It has nothing but its pings to notice it by.
    until(lambda: came_back(Cell("container", "worker")), "the worker is back", 100)
    run.networks.ip(f"addr add {BRIDGE['agent']}/16 dev eth0", "agent")
    run.networks.ip("addr del 172.18.0.33/16 dev eth0", "agent")
    run.networks.ip("route replace default via 172.18.0.1", "agent")


def black_hole(probing):
    def happens(run, marks, came_back):
        for role in ("gw", "outside"):
            run.networks.sysctl(role, f"net.ipv4.tcp_mtu_probing={probing}")
        run.networks.make_link("mtu=1200")
        time.sleep(30)
        run.networks.make_link("")
    return happens


def all_faults(long):
    # Longer than every lease and every ping's patience together, and well within the grace.
    seconds = 180 if long else 20
    return [
        Fault("delay of 200 ms, jitter of 20 ms, 10 % of packets lost, both ways", ("slow-link",), slow_and_lossy, False),
        Fault(f"half-open: for {seconds} s every packet to and from the gateway vanishes", ("container", "slow-link"),
              half_open(seconds), True),
        Fault("the link of one child is silent for 70 s", ("container", "slow-link"), cut_link, False),
        Fault("the container gets another address", ("container",), move, True),
        Fault("a black hole for packets of more than 1,200 bytes, for 30 s; children send and get 4 KiB",
              ("slow-link",), black_hole(0), False),
        Fault("the same, with `net.ipv4.tcp_mtu_probing=1` on both ends", ("slow-link",), black_hole(1), False),
    ]


def run_faults(networks, program, python, authority, has_pools=False, long=True):
    """All of them, one after the other."""
    run = FaultRun(networks, program, python, authority, has_pools)
    with contextlib.ExitStack() as stack:
        run.stack = stack
        run.start()
        for fault in all_faults(long):
            started = time.monotonic()
            try:
                run.suffer(fault)
            except Exception as error:  # noqa: BLE001: whatever it is, the others go on
                fault.failure = f"{type(error).__name__}: {error}"
            fault.seconds = time.monotonic() - started
            yield fault
