"""Starts a gateway of one's own: temporary state, free port, loopback, the plain echo at /echo."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

#: A gateway that is asked for too much of the machine may take a while.
START_SECONDS = 30


class Trouble(Exception):
    """Why there is nothing to test."""


class RunningGateway:
    def __init__(self, program, **settings):
        """`settings` are members of the configuration's `gateway` block."""
        self.work = tempfile.mkdtemp(prefix="sallyport-conformance.")
        self.state = os.path.join(self.work, "state")
        os.mkdir(self.state, 0o700)
        gateway = {"mode": "local", "bind": "loopback", "tls": {"enabled": True},
                   "auth": {"mode": "token", "token": "conformance"}, **settings}
        with open(os.path.join(self.state, "openclaw.json"), "w", encoding="utf-8") as file:
            json.dump({"gateway": gateway}, file)
        self.log = os.path.join(self.work, "log")
        self.program = program

    def __enter__(self):
        # The settings of whoever runs this are not the gateway's.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("OPENCLAW_", "SALLYPORT_", "CLAWDBOT_"))}
        command = [self.program, "gateway", "run", "--state-dir", self.state, "--port", "0", "--echo-path", "/echo"]
        self.output = os.path.join(self.work, "output")
        with open(self.output, "wb") as output, open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=log)
        try:
            self.port = self.wait_for_port()
        except Trouble:
            self.__exit__()
            raise
        self.url = f"wss://127.0.0.1:{self.port}"
        self.certificate = os.path.join(self.state, "gateway", "tls", "gateway-cert.pem")
        return self

    def wait_for_port(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self.output, encoding="utf-8") as file:
                for line in file:
                    if line.startswith("listening ") and line.endswith("\n"):
                        return int(line.split()[1].rpartition(":")[2])
            time.sleep(0.05)
        with open(self.log, encoding="utf-8") as file:
            raise Trouble(f"{self.program} does not listen:\n{file.read()}")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.work, ignore_errors=True)
