"""Gateways of our own: a state directory that is gone afterwards, in a namespace or on this machine's loopback."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from networks import GATEWAY_PORT, Trouble, stop, until

TOKEN = "a-token-of-the-lab"


def clean_environment(**more):
    """The settings of whoever runs this are not the gateway's."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("OPENCLAW_", "SALLYPORT_", "CLAWDBOT_"))}
    return environment | more


class Gateway:
    """To be used with `with`."""

    def __init__(self, program, settings, agents, subagents=None, prefix=(), port=GATEWAY_PORT, state=None):
        """`settings` are members of the `gateway` block; `prefix` makes a command run where the gateway runs."""
        self.program, self.prefix, self.asked_port = program, list(prefix), port
        self.work = tempfile.mkdtemp(prefix="sallyport-lab-gw.")
        self.state = state or os.path.join(self.work, "state")
        self.settings, self.agents, self.subagents = settings, agents, subagents or {}
        self.log_path = os.path.join(self.work, "log")
        self.process = None
        self.starts = 0

    def configuration(self):
        return {
            "gateway": {"mode": "local", "auth": {"mode": "token", "token": TOKEN},
                        # Everybody whom lineage does not let in has to pair, on loopback too.
                        "nodes": {"pairing": {"autoApproveLocal": False}}, **self.settings},
            "agents": {
                "defaults": {"subagents": {"allowAgents": ["*"], "maxChildrenPerAgent": 100, "maxConcurrent": 64,
                                           **self.subagents}},
                "list": [{"id": "main", "default": True, "exec": {"command": ["cat"]}}] + self.agents,
            },
        }

    def __enter__(self):
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        with open(os.path.join(self.state, "openclaw.json"), "w", encoding="utf-8") as file:
            json.dump(self.configuration(), file)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.starts += 1
        output = os.path.join(self.work, f"output-{self.starts}")
        command = self.prefix + [self.program, "gateway", "run", "--state-dir", self.state, "--port",
                                 str(self.asked_port)]
        with open(output, "wb") as out, open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=log)
        try:
            line = until(lambda: self.first_listener(output), "the gateway listens", 30)
        except Trouble as trouble:
            raise Trouble(f"{trouble}\n{self.log}") from None
        self.port = int(re.search(r":(\d+)( |$)", line).group(1))
        pin = re.search(r"pin (sha256:[0-9a-f]{64})", line)
        self.pin = pin and pin.group(1)

    def first_listener(self, output):
        if self.process.poll() is not None:
            raise Trouble(f"the gateway ended with {self.process.returncode}")
        with open(output, encoding="utf-8") as file:
            return next((line for line in file if line.startswith("listening ") and line.endswith("\n")), None)

    def __exit__(self, *_):
        if self.process:
            stop(self.process, 20)
        shutil.rmtree(self.work, ignore_errors=True)

    @property
    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    @property
    def certificate(self):
        return self.settings.get("tls", {}).get("certPath") or os.path.join(
            self.state, "gateway", "tls", "gateway-cert.pem")

    def command(self, *words):
        return self.prefix + [self.program, *words]

    @property
    def environment(self):
        """Of a command of the owner."""
        return clean_environment(SALLYPORT_STATE_DIR=self.state)

    def run(self, *words, seconds=20):
        """What a command of the owner prints."""
        result = subprocess.run(self.command(*words), env=self.environment, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=seconds)
        if result.returncode != 0:
            raise Trouble(f"{' '.join(words)} ended with {result.returncode}: {result.stderr.strip()}")
        return result.stdout

    def pair_command_line(self):
        """The owner's own command line, approved once."""
        first = subprocess.run(self.command("sessions_spawn", "--agent", "main", "--", "pair"), env=self.environment, capture_output=True,
                               text=True, timeout=20)
        if first.returncode == 0:
            return
        request = re.search(r"requestId: ([0-9a-f-]+)", first.stderr)
        if not request:
            raise Trouble(f"the owner's command line is not asked to pair: {first.stderr}")
        self.run("devices", "approve", request.group(1))

    def wait_for_log(self, *words, count=1, seconds=15):
        def found():
            lines = [line for line in self.log.splitlines() if all(word in line for word in words)]
            return lines if len(lines) >= count else None
        return until(found, f"{count} lines of the log with {words}", seconds)


def wait_for_all(processes, seconds):
    deadline = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            stop(process)
