"""Runs the cells of one gateway: children are spawned, lose their connections, come back, and hand in what they found;
strangers from the same places are refused all the while."""
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import tempfile

from cells import CELLS, PLACES, footnote, impossible, unreachable
from fronts import Front, missing, wait_until_it_answers
from gateways import TOKEN, Gateway, clean_environment, wait_for_all
from networks import BRIDGE, HERE, Trouble, stop, until

PEER = os.path.join(HERE, "peer.py")
ROLES = {"host": "gw", "container": "agent", "tunnel": "peer", "outside": "outside"}
#: From where strangers come.
EVERYWHERE = (*PLACES, "outside")
#: Prints while it waits, so that a cut is noticed; what it was told comes back as its digest.
WAITING = ('touch "$1/connected"; while [ ! -e "$1/go" ]; do echo tick; sleep 0.1; done; '
           'printf %s "$1" | sha256sum')


@dataclasses.dataclass
class Outcome:
    """Of one cell. Without a `reason` it was run."""
    reason: str | None = None
    failure: str | None = None
    note: str | None = None
    resumed: bool = False
    verified: str = ""

    @property
    def was_run(self):
        return self.reason is None


class Owner:
    """The gateway's owner, by its own socket, which no fault of a network reaches."""

    def __init__(self, python, gateway):
        socket = os.path.join(gateway.state, "run", "owner.sock")
        self.process = subprocess.Popen([python, PEER, "owner", socket], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, env=clean_environment())
        if self.process.stdout.readline() != "ready\n":
            raise Trouble("the owner's socket does not let its owner in")

    def request(self, method, params, seconds=15):
        self.process.stdin.write(json.dumps({"method": method, "params": params, "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the owner is gone"}')
        if "error" in answer:
            raise Trouble(f"{method}: {answer['error']}")
        return answer["ok"]

    def close(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        stop(self.process)


class GroupRun:
    roles = ROLES

    def __init__(self, group, networks, program, python, authority, has_pools=False):
        self.group, self.networks, self.program, self.python = group, networks, program, python
        self.authority, self.has_pools = authority, has_pools
        self.outcomes = {cell: Outcome(impossible(group, cell, has_pools)) for cell in CELLS}
        self.strangers = {place: Outcome(unreachable(group, place)) for place in EVERYWHERE}
        self.refusals = 0
        #: How often the log says 1008 besides the strangers.
        self.children_refused = 0
        self.parent = None

    @property
    def cells(self):
        return [cell for cell, outcome in self.outcomes.items() if outcome.was_run]

    @property
    def pooled(self):
        """Workers of ours that are not launched by the gateway."""
        return [cell for cell in self.cells if cell.kind == "worker" and cell.place != "host"]

    def rule_out(self, place, reason):
        """For what this machine lacks."""
        for outcomes in ({c: o for c, o in self.outcomes.items() if c.place == place}, {place: self.strangers[place]}):
            for outcome in outcomes.values():
                outcome.reason = outcome.reason or reason

    def run(self):
        reason = self.group.source and missing(self.group.source.split("/")[0])
        for place in EVERYWHERE:
            if reason:
                self.rule_out(place, reason)
        if self.group.path == "NAT relayed" and self.networks.no_relay:
            for place in EVERYWHERE:
                self.rule_out(place, self.networks.no_relay)
        for place in ("container", "tunnel", "outside"):
            if missing_place := getattr(self.networks, f"no_{place}"):
                self.rule_out(place, missing_place)
        if not self.cells:
            return self
        try:
            with contextlib.ExitStack() as stack:
                self.stack = stack
                self.start()
                self.try_children()
                self.check_log()
        except (Trouble, OSError, subprocess.SubprocessError, KeyError, ValueError) as trouble:
            for cell in self.cells:
                outcome = self.outcomes[cell]
                outcome.failure = outcome.failure or f"{type(trouble).__name__}: {trouble}"[:1500]
        return self

    # MARK: The set

    def url(self, place):
        return self.networks.url(self.group, place)

    def settings(self):
        group = self.group
        settings = {"bind": group.bind, "tls": {"enabled": group.has_tls}}
        if group.bind == "custom":
            settings["customBindHost"] = BRIDGE["gw"]
        if group.tls == "given":
            settings["tls"] |= {"certPath": self.authority.path("gateway.pem"),
                                "keyPath": self.authority.path("gateway.key")}
        if group.source in ("caddy/unix", "nginx/unix"):
            settings["listeners"] = [{"path": self.socket}]
        elif group.source:
            settings["trustedProxies"] = [self.networks.front_address(group)]
        if group.source in ("haproxy/tcp", "haproxy/v2-ssl"):
            settings["listeners"] = [{
                "address": self.networks.gateway_address(group), "port": self.networks.proxied_port,
                "tls": group.source == "haproxy/tcp", "proxyProtocol": "required"}]
        return settings

    def agents(self):
        waiting = {"command": ["sh", "-c", WAITING, "sh", "{task}"], "stdin": "none"}
        worker = {"id": "worker", "exec": waiting}
        if not unreachable(self.group, "host") and (url := self.networks.worker_url(self.group)):
            worker["subagents"] = {"gatewayUrl": url}
        agents = [worker, {"id": "elsewhere", "exec": {"command": ["cat"]}}]
        agents += [{"id": f"pool-{cell.place}", "pool": cell.place, "exec": waiting} for cell in self.pooled]
        for place in PLACES:
            # As `docker exec` or ssh would carry it there: the same environment, another address.
            command = [] if place == "host" else self.networks.entered_from(self.roles[place])
            command += [self.python, PEER, "child", "{task}", "--url", self.url(place), "--ca", self.authority.file]
            agents.append({"id": f"stock-{place}", "exec": {"command": command, "stdin": "none"}})
        return agents

    def start(self):
        self.networks.fresh()
        self.work = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="sallyport-lab-run."))
        self.socket = os.path.join(self.work, "gateway.sock")
        inside = self.networks.inside
        self.gateway = self.stack.enter_context(
            Gateway(self.program, self.settings(), self.agents(), prefix=inside("gw"),
                    port=self.networks.gateway_port))
        if self.group.source:
            here = self.networks.gateway_address(self.group)
            front = Front(
                self.group.source, self.authority, self.networks.front_listens_on(),
                upstream=f"{here}:{self.networks.gateway_port}", proxied=f"{here}:{self.networks.proxied_port}",
                socket=self.socket,
                trusts=self.authority.file if self.group.tls == "given" else self.gateway.certificate,
                prefix=inside(self.networks.front_role(self.group)))
            self.front = self.stack.enter_context(front)
            try:
                wait_until_it_answers(self.url("host"), inside("gw"))
            except Trouble as trouble:
                raise Trouble(f"{trouble}; {front.log[-600:]}") from None
        self.owner = Owner(self.python, self.gateway)
        self.stack.callback(self.owner.close)
        for cell in self.pooled:
            self.start_pool(cell.place)

    def start_pool(self, place):
        """A pool worker: enrolled once, then known by its own device."""
        token = json.loads(self.gateway.run("devices", "enroll", "--pool", place, "--json"))["token"]
        pin = self.gateway.pin if self.group.passes_tls else self.authority.fingerprint("front")
        log = self.stack.enter_context(open(os.path.join(self.work, f"pool-{place}.log".replace(" ", "-")), "wb"))
        process = subprocess.Popen(
            self.networks.inside(self.roles[place]) + [
                self.program, "worker", "--pool", place, "--url", self.url(place), "--tls-fingerprint", pin,
                f"--enrol={token}", "--state-dir", os.path.join(self.work, f"pool-{place}")],
            env=clean_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.stack.callback(stop, process)

    # MARK: Children

    def try_children(self):
        marks, runs, presented = {}, {}, {}
        for cell in self.cells:
            marks[cell] = os.path.join(self.work, f"{cell.kind}-{cell.place}")
            os.mkdir(marks[cell])
            if cell.kind == "presented":
                presented[cell] = self.present(cell, marks[cell])
            else:
                agent = f"stock-{cell.place}" if cell.kind == "stock" else "worker"
                if cell in self.pooled:
                    agent = f"pool-{cell.place}"
                runs[cell] = self.owner.request("sessions.spawn", {"task": marks[cell], "agentId": agent})
        ended = set()

        def all_have(mark, cells):
            """True when all are so far; who ended before is out, and is asked why afterwards."""
            ended.update(c for c, process in presented.items() if process.poll() is not None)
            ended.update(c for c in cells if c in runs and self.has_ended(runs[c]["runId"]))
            return all(c in ended or os.path.exists(os.path.join(marks[c], mark)) for c in cells)

        until(lambda: all_have("connected", marks), "all children are connected", 40)
        speaking = [cell for cell in marks if cell.kind != "worker"]
        workers = [cell for cell in marks if cell.kind == "worker"]
        before = {cell: self.attachments(runs[cell]["runId"]) for cell in workers}
        with self.networks.cut():
            until(lambda: all_have("broken", speaking), "all children notice the cut", 20)
            if workers:
                # A worker says nothing of it; its next piece of output is due after a tenth of a second.
                subprocess.run(["sleep", "0.7"], check=True)
        until(lambda: all_have("again", speaking), "all children are back", 40)
        for cell in workers:
            until(lambda: self.attachments(runs[cell]["runId"]) > before[cell] or self.has_ended(runs[cell]["runId"]),
                  f"{cell} is back", 40)
            self.outcomes[cell].resumed = self.attachments(runs[cell]["runId"]) > before[cell]
        self.try_strangers()
        for path in marks.values():
            with open(os.path.join(path, "go"), "w", encoding="ascii"):
                pass
        wait_for_all(presented.values(), 30)
        for cell in marks:
            digest = hashlib.sha256(marks[cell].encode()).hexdigest()
            if cell.kind == "presented":
                self.judge_presented(cell, presented[cell], digest)
            else:
                self.judge(cell, runs[cell], digest)

    def has_ended(self, run):
        return f"ended run={run}" in self.gateway.log

    def attachments(self, run):
        """How often the device of this run was let in by its derived identity."""
        return len(re.findall(rf" connected .*derived-identity=passed\([^,]*{run},", self.gateway.log))

    def present(self, cell, marks):
        """A child of a paired device, which derives and signs for it without asking the gateway."""
        if not self.parent:
            self.pair_parent()
        return self.start_peer(cell.place, "presented", marks, *self.parent)

    def pair_parent(self):
        token = self.owner.request("device.enroll.create", {"scopes": ["operator.read", "operator.write"]})["token"]
        state = os.path.join(self.work, "parent")
        scheme = "wss" if self.group.has_tls else "ws"
        pin = ["--tls-fingerprint", self.gateway.pin] if self.group.has_tls else []
        # A command that writes, so that the device's own token may.
        self.gateway.run("sessions_spawn", "--state-dir", state, "--url", f"{scheme}://127.0.0.1:{self.networks.gateway_port}",
                         "--bootstrap-token", token, *pin, "--agent", "elsewhere", "--", "paired")
        with open(os.path.join(state, "identity", "device-auth.json"), encoding="utf-8") as file:
            device_token = next(iter(json.load(file)["tokens"].values()))["token"]
        gateway = self.owner.request("gateway.identity.get", {})["deviceId"]
        self.parent = ["--identity", os.path.join(state, "identity", "device.json"), "--gateway", gateway, "--agent",
                       "elsewhere", f"--token={device_token}"]

    def start_peer(self, place, role, *words):
        # A pin where the gateway's own certificate is shown; the authority's word where the front's is.
        pin = ["--pin", self.gateway.pin] if self.group.has_tls and self.group.passes_tls else []
        return subprocess.Popen(
            self.networks.inside(self.roles[place]) + [self.python, PEER, role, *words, "--url", self.url(place), "--ca",
                                                  self.authority.file, *pin],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            env=clean_environment())

    def judge(self, cell, run, digest):
        outcome = self.outcomes[cell]
        result = self.owner.request("agent.wait", {"runId": run["runId"], "timeoutMs": 30_000}, 35).get("result")
        if not result or result["status"] != "ok" or digest not in result["text"]:
            outcome.failure = f"result: {result}"
            return
        if cell.kind == "stock":
            self.judge_told(outcome, result["text"])
        elif not outcome.resumed:
            outcome.failure = "it did not come back after the cut"
        outcome.note = footnote(self.group, cell)

    def judge_told(self, outcome, text):
        told = json.loads(text)
        outcome.verified = told["verified"]
        outcome.resumed = bool(told["resumed"]) and all(word == "resumed" for word in told["resumed"])
        if not outcome.resumed:
            outcome.failure = f"not resumed: {told}"
        elif set(told["scopes"]) != {"operator.read", "operator.write"}:
            outcome.failure = f"scopes: {told}"

    def judge_presented(self, cell, process, digest):
        outcome = self.outcomes[cell]
        output, errors = process.communicate()
        if process.returncode != 0:
            outcome.failure = errors.strip()[-400:] or f"ended with {process.returncode}"
            return
        self.judge_told(outcome, output)
        told = json.loads(output)
        rows = self.owner.request("sessions.list", {})["sessions"]
        row = next((row for row in rows if row["key"] == told["session"]), None)
        if told["digest"] != digest or not row or row.get("exitCode") != 0:
            outcome.failure = f"result: {row}"

    # MARK: Strangers

    def try_strangers(self):
        peers = {place: self.start_peer(place, "stranger", "--token", TOKEN)
                 for place, outcome in self.strangers.items() if outcome.was_run}
        wait_for_all(peers.values(), 30)
        for place, process in peers.items():
            output, errors = process.communicate()
            told = json.loads(output) if process.returncode == 0 else {}
            self.refusals += told.get("code") == 1008
            if told.get("code") != 1008 or not told["reason"].startswith("pairing required: not-paired"):
                self.strangers[place].failure = output.strip() or errors.strip()[-400:]

    def check_log(self):
        refused = [line for line in self.gateway.log.splitlines() if "code=1008" in line]
        self.children_refused = len(refused) - self.refusals
        if len(refused) != self.refusals or any("derived-identity" in line for line in refused):
            raise Trouble(f"{self.refusals} strangers, but the log has {refused}")
