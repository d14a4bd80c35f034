"""A stock client: websockets for the transport, cryptography for the device, and nothing of Sallyport's.

usage: peer.py child MARKS --url URL [--ca FILE]      as a command of an agent, with the environment that it inherited
       peer.py presented MARKS --url URL --identity DEVICE.JSON --gateway ID --agent AGENT …
       peer.py stranger --url URL …                   a new device that knows token and certificate, and nothing else
       peer.py owner SOCKET                           requests on standard input, answers on standard output, by line

A child says in the directory MARKS what happens to it, by empty files: `connected`, `broken`, `again`. It ends when the
file `go` is there. Prints what came of it as JSON.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import os
import ssl
import sys
import time
import uuid

import websockets
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw


class Refused(Exception):
    def __init__(self, error, code, reason):
        super().__init__(f"{code} {reason}: {error}")
        self.error, self.code, self.reason = error, code, reason


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public(key):
    return key.public_key().public_bytes(*RAW)


def device_id(key):
    return hashlib.sha256(public(key)).hexdigest()


def load_identity(path):
    with open(path, encoding="utf-8") as file:
        return serialization.load_pem_private_key(json.load(file)["privateKeyPem"].encode(), None)


class Client:
    """One device at one URL, which comes back after its connection is gone."""

    def __init__(self, arguments, key, token, grant=None):
        self.arguments, self.key, self.token, self.grant = arguments, key, token, grant
        self.socket = None
        self.connection_id = None
        self.seq = 0
        self.number = 0
        self.verified = "plain"
        self.mode = ("gateway-client", "backend") if grant else ("cli", "cli")

    def contexts(self):
        """By name and authority first, as any client does; then by the pin, as OpenClaw's do."""
        if not self.arguments.url.startswith("wss:"):
            yield "plain", None
            return
        # Takes SSL_CERT_FILE of the environment.
        by_authority = ssl.create_default_context()
        if self.arguments.ca:
            by_authority.load_verify_locations(self.arguments.ca)
        yield "name", by_authority
        if self.arguments.insecure:
            yield "nothing", ssl._create_unverified_context()
        pins = (self.arguments.pin or os.environ.get("SALLYPORT_TLS_FINGERPRINT") or "").split(",")
        if any(pins):
            by_pin = ssl.create_default_context()
            by_pin.check_hostname = False
            by_pin.verify_mode = ssl.CERT_NONE
            yield "pin", by_pin

    async def open(self):
        failure = None
        for kind, context in self.contexts():
            try:
                socket = await websockets.connect(self.arguments.url, ssl=context, max_size=None, open_timeout=8,
                                                  ping_interval=None, close_timeout=2, proxy=None)
            except ssl.SSLCertVerificationError as error:
                failure = error
                continue
            if kind == "pin":
                shown = socket.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
                pins = (self.arguments.pin or os.environ["SALLYPORT_TLS_FINGERPRINT"]).lower()
                if hashlib.sha256(shown).hexdigest() not in pins.replace(":", ""):
                    await socket.close()
                    raise ssl.SSLCertVerificationError("the certificate has another fingerprint")
            self.verified = kind
            return socket
        raise failure

    async def connect(self, scopes=("operator.read", "operator.write")):
        self.socket = await self.open()
        challenge = json.loads(await asyncio.wait_for(self.socket.recv(), 8))["payload"]
        client, mode = self.mode
        device, signed_at = device_id(self.key), challenge["ts"]
        signed = ["v3", device, client, mode, "operator", ",".join(scopes), str(signed_at), self.token,
                  challenge["nonce"], "linux", ""]
        params = {
            "minProtocol": 3, "maxProtocol": 4, "role": "operator", "scopes": list(scopes), "caps": [],
            "client": {"id": client, "version": "1.0.0", "platform": "linux", "mode": mode},
            "auth": {"token": self.token},
            "device": {"id": device, "publicKey": base64url(public(self.key)),
                       "signature": base64url(self.key.sign("|".join(signed).encode())),
                       "signedAt": signed_at, "nonce": challenge["nonce"]},
        }
        if self.grant:
            params["device"]["grant"] = self.grant
        if self.connection_id:
            params["resume"] = {"connId": self.connection_id, "seq": self.seq}
        hello = await self.request("connect", params)
        self.connection_id = hello["server"]["connId"]
        return hello

    async def request(self, method, params, seconds=8):
        self.number += 1
        number = str(self.number)
        await self.socket.send(json.dumps({"type": "req", "id": number, "method": method, "params": params}))
        async with asyncio.timeout(seconds):
            while True:
                frame = json.loads(await self.socket.recv())
                if frame["type"] == "event":
                    self.seq = frame.get("seq", self.seq)
                elif frame["id"] == number:
                    if not frame["ok"]:
                        raise await self.refusal(frame["error"])
                    return frame["payload"]

    async def refusal(self, error):
        """With the close code that follows, if one does."""
        try:
            await asyncio.wait_for(self.socket.recv(), 3)
        except websockets.ConnectionClosed as closed:
            if closed.rcvd:
                return Refused(error, closed.rcvd.code, closed.rcvd.reason)
        except TimeoutError:
            pass
        return Refused(error, None, "")


#: What a cut shows itself as.
BROKEN = (websockets.WebSocketException, OSError, TimeoutError)


def mark(arguments, name):
    open(os.path.join(arguments.marks, name), "w", encoding="ascii").close()


async def live(arguments, client, task):
    """Connects, stays until it may go, comes back whenever the connection is gone."""
    hello = await client.connect()
    told = {"scopes": hello["auth"]["scopes"] if "auth" in hello else [], "verified": client.verified, "resumed": [],
            "connections": 1}
    told["sessions"] = len((await client.request("sessions.list", {}))["sessions"])
    if arguments.megabytes:
        text = "x" * (arguments.megabytes << 20)
        assert (await client.request("diagnostics.echo", {"text": text}, 60))["text"] == text, "it came back changed"
        told["megabytes"] = arguments.megabytes
    if arguments.idle:
        # Nothing is said, but pings are answered.
        await asyncio.sleep(arguments.idle)
        await client.request("health", {}, arguments.silence)
        told["idle"] = arguments.idle
    mark(arguments, "connected")
    deadline = time.monotonic() + arguments.patience
    question = ("diagnostics.echo", {"text": "x" * 4096}) if arguments.large else ("health", {})
    while not os.path.exists(os.path.join(arguments.marks, "go")):
        assert time.monotonic() < deadline, "nobody says that it may go"
        try:
            await client.request(*question, arguments.silence)
            await asyncio.sleep(0.1)
        except BROKEN as error:
            mark(arguments, "broken")
            told["broken"] = f"{type(error).__name__}: {error}"[:120]
            hello = await again(client, deadline)
            told["connections"] += 1
            told["resumed"].append(hello.get("resume"))
            mark(arguments, "again")
    told["digest"] = hashlib.sha256(task.encode()).hexdigest()
    return told


async def again(client, deadline):
    pause = 0.1
    while True:
        try:
            return await client.connect()
        except BROKEN:
            assert time.monotonic() < deadline, "the gateway does not come back"
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2)


async def child(arguments):
    client = Client(arguments, load_identity(os.environ["OPENCLAW_STATE_DIR"] + "/identity/device.json"),
                    os.environ["OPENCLAW_GATEWAY_TOKEN"])
    print(json.dumps(await live(arguments, client, arguments.marks)))


def derived(parent, session_key, spawn_id):
    info = bytes.fromhex(device_id(parent))
    for text in (session_key.encode(), spawn_id.encode()):
        info += len(text).to_bytes(2, "big") + text
    seed = parent.private_bytes(RAW[0], serialization.PrivateFormat.Raw, serialization.NoEncryption())
    return Ed25519PrivateKey.from_private_bytes(HKDF(hashes.SHA256(), 32, b"sallyport/derived-device/v1", info)
                                                .derive(seed))


async def presented(arguments):
    """docs/spawn-grants.md: derived and signed here, without asking the gateway."""
    parent, spawn_id, now = load_identity(arguments.identity), str(uuid.uuid4()), int(time.time())
    session_key = f"agent:{arguments.agent}:subagent:{spawn_id}"
    key = derived(parent, session_key, spawn_id)
    claims = {"iss": device_id(parent), "sub": device_id(key), "aud": arguments.gateway, "iat": now, "nbf": now,
              "exp": now + 3600, "jti": spawn_id, "sid": session_key, "scope": "operator.read operator.write",
              "depth": 1, "cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": base64url(public(key))}}}
    signed = ".".join(base64url(json.dumps(part).encode())
                      for part in ({"alg": "EdDSA", "typ": "spawn-grant+jwt"}, claims))
    client = Client(arguments, key, arguments.token, signed + "." + base64url(parent.sign(signed.encode())))
    told = await live(arguments, client, arguments.marks)
    run = {"runId": spawn_id}
    await client.request("run.output", run | {"seq": 1, "stream": "stdout", "text": told["digest"]})
    await client.request("run.complete", run | {"status": "ok", "exitCode": 0, "text": told["digest"]})
    await client.socket.close()
    print(json.dumps(told | {"session": session_key}))


async def stranger(arguments):
    client = Client(arguments, Ed25519PrivateKey.generate(), arguments.token)
    try:
        await client.connect(("operator.read",))
        print(json.dumps({"admitted": True}))
    except Refused as refused:
        print(json.dumps({"admitted": False, "code": refused.code, "reason": refused.reason, "device":
                          device_id(client.key)}))


async def owner(path):
    """By the gateway's own socket, which knows its user; no network is in between."""
    # Events that nobody takes must not keep pongs from being sent.
    async with websockets.unix_connect(path, "ws://localhost/", max_size=None, max_queue=None,
                                       ping_interval=None) as socket:
        client = Client(None, None, None)
        client.socket = socket
        await socket.recv()
        await client.request("connect", {
            "minProtocol": 3, "maxProtocol": 4, "role": "operator", "caps": [],
            "scopes": ["operator.admin", "operator.pairing"],
            "client": {"id": "cli", "version": "1.0.0", "platform": "linux", "mode": "cli"}})
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            asked = json.loads(line)
            try:
                answer = {"ok": await client.request(asked["method"], asked["params"], asked.get("seconds", 15))}
            except Refused as refused:
                answer = {"error": refused.error}
            print(json.dumps(answer), flush=True)


async def main():
    if sys.argv[1:2] == ["owner"]:
        return await owner(sys.argv[2])
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["child", "presented", "stranger"])
    parser.add_argument("marks", nargs="?", default="")
    parser.add_argument("--url", required=True)
    parser.add_argument("--ca")
    parser.add_argument("--pin")
    # For strangers only: what they show is refused all the same.
    parser.add_argument("--insecure", action="store_true")
    parser.add_argument("--token")
    parser.add_argument("--identity")
    parser.add_argument("--gateway")
    parser.add_argument("--agent")
    # After how long without an answer a connection counts as broken, and after how long nothing helps.
    parser.add_argument("--silence", type=float, default=8)
    parser.add_argument("--large", action="store_true", help="requests and answers of 4 KiB")
    parser.add_argument("--megabytes", type=int, help="first of all, a message of this size and back")
    parser.add_argument("--idle", type=float, help="then silence for this many seconds")
    parser.add_argument("--patience", type=float, default=120)
    arguments = parser.parse_args()
    await {"child": child, "presented": presented, "stranger": stranger}[arguments.role](arguments)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (Refused, AssertionError, *BROKEN) as error:
        sys.exit(f"peer: {type(error).__name__}: {error}")
