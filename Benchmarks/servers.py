"""The two servers: the gateway, and `limit`, the least that OpenSSL and epoll can do."""
import json
import os
import resource
import select
import shutil
import socket
import subprocess
import tempfile
import time

import machine
from machine import Trouble

TOKEN = "benchmark-token"
CONFIGURATION = {
    "gateway": {"mode": "local", "bind": "loopback", "tls": {"enabled": True}, "auth": {"mode": "token", "token": TOKEN}},
    "agents": {
        "defaults": {"subagents": {"allowAgents": ["*"], "maxChildrenPerAgent": 1000}},
        "list": [{"id": "true", "default": True, "exec": {"command": ["true"], "stdin": "none"}}],
    },
}
CLIENT = {"version": "1", "platform": "linux"}
CONNECT = {"minProtocol": 3, "maxProtocol": 4, "role": "operator", "caps": [], "auth": {"token": TOKEN}}
SCOPES = ["operator.admin", "operator.read", "operator.write"]
# What a device signs over the challenge, version 3; filled in by wssload.
SIGNED = f"v3|@DEVICE@|cli|cli|operator|{','.join(SCOPES)}|@SIGNED_AT@|{TOKEN}|@NONCE@|linux|"


def write_json(path, value):
    with open(path, "w") as file:
        # wssload recognises replies by "id":"…", so no spaces.
        json.dump(value, file, separators=(",", ":"))
    return path


def write_hello(path):
    """A `connect` with a device proof, as a template for wssload."""
    proof = {"id": "@DEVICE@", "publicKey": "@DEVICE_KEY@", "signature": "@SIGNATURE@", "signedAt": "@SIGNED_AT@",
             "nonce": "@NONCE@"}
    params = {**CONNECT, "scopes": SCOPES, "client": {**CLIENT, "id": "cli", "mode": "cli"}, "device": proof}
    write_json(path, {"type": "req", "id": "hello-@N@", "method": "connect", "params": params})
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace('"@SIGNED_AT@"', "@SIGNED_AT@"))
    return path


class Server:
    name = ""

    def stop(self):
        machine.stop(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid


class Gateway(Server):
    name = "sallyport"

    def __init__(self, program, work, cores, reactors=1):
        """Starts it with so many reactors on these processors and waits until it listens.

        Each has a copy of the state that the first one in `work` made, so that none carries what others left.
        """
        first = os.path.join(work, "state")
        self.state = tempfile.mkdtemp(prefix="state.", dir=work) if os.path.exists(first) else first
        if self.state != first:
            shutil.copytree(first, self.state, dirs_exist_ok=True)
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        write_json(os.path.join(self.state, "openclaw.json"), CONFIGURATION)
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": work}
        command = ["taskset", "-c", ",".join(map(str, cores)), program, "gateway", "run", "--state-dir", self.state,
                   "--port", "0", "--echo-path", "/echo", "--reactors", str(reactors)]
        started = time.monotonic()
        with open(os.path.join(work, "gateway.log"), "a") as log:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log)
        line = self.first_line(20)
        self.ready_ms = (time.monotonic() - started) * 1000
        if not line.startswith("listening wss://"):
            self.stop()
            raise Trouble(f"the gateway did not start; see {work}/gateway.log")
        self.port = int(line.split()[1].rsplit(":", 1)[1])
        self.rss_mib = machine.rss_kib(self.pid) / 1024
        self.certificate = os.path.join(self.state, "gateway/tls/gateway-cert.pem")
        self.key = os.path.join(self.state, "gateway/tls/gateway-key.pem")

    def first_line(self, seconds):
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return ""
        return self.process.stdout.readline().decode()

    @property
    def echo_url(self):
        return f"wss://127.0.0.1:{self.port}/echo"

    @property
    def url(self):
        return f"wss://127.0.0.1:{self.port}/"


class Limit(Server):
    name = "limit"

    def __init__(self, program, certificate, key, core):
        self.port = machine.free_port()
        self.process = subprocess.Popen(["taskset", "-c", str(core), program, str(self.port), certificate, key],
                                        stdin=subprocess.DEVNULL)
        end = time.monotonic() + 5
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise Trouble("limit did not start") from None
                time.sleep(0.02)

    @property
    def echo_url(self):
        return f"wss://127.0.0.1:{self.port}/"

    @property
    def url(self):
        """Where each message goes to everybody."""
        return f"wss://127.0.0.1:{self.port}/fan"


def raise_descriptor_limit():
    """For `limit`, which takes what it is given."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
