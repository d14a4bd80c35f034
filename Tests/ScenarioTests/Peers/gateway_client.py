"""A gateway client after the protocol's documentation alone: websockets for the transport, cryptography for the device.

usage: gateway_client.py handshake URL CA_FILE TOKEN v2|v3
       gateway_client.py echo URL CA_FILE
       gateway_client.py compressed URL CA_FILE
"""

import asyncio
import base64
import hashlib
import json
import ssl
import sys
from random import Random

import websockets
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


def trust(url, ca_file):
    return ssl.create_default_context(cafile=ca_file) if url.startswith("wss://") else None


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def connect_params(version, token, challenge, scopes=("operator.read",)):
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    device = hashlib.sha256(public).hexdigest()
    scopes = list(scopes)
    signed = [version, device, "cli", "cli", "operator", ",".join(scopes), str(challenge["ts"]), token,
              challenge["nonce"]]
    if version == "v3":
        signed += ["linux", ""]
    return {
        "minProtocol": 3,
        "maxProtocol": 3 if version == "v2" else 4,
        "client": {"id": "cli", "version": "1.0.0", "platform": "linux", "mode": "cli"},
        "role": "operator",
        "scopes": scopes,
        "caps": [],
        "auth": {"token": token},
        "device": {
            "id": device,
            "publicKey": base64url(public),
            "signature": base64url(key.sign("|".join(signed).encode())),
            "signedAt": challenge["ts"],
            "nonce": challenge["nonce"],
        },
    }


async def request(socket, number, method, params):
    await socket.send(json.dumps({"type": "req", "id": str(number), "method": method, "params": params}))
    while True:
        frame = json.loads(await socket.recv())
        if frame["type"] == "res" and frame["id"] == str(number):
            if not frame["ok"]:
                raise SystemExit(f"{method} was refused: {frame['error']}")
            return frame["payload"]


async def handshake(url, ca_file, token, version):
    async with websockets.connect(url, ssl=trust(url, ca_file)) as socket:
        challenge = json.loads(await socket.recv())
        assert challenge["event"] == "connect.challenge", challenge
        hello = await request(socket, 1, "connect", connect_params(version, token, challenge["payload"]))
        assert hello["type"] == "hello-ok", hello
        sessions = await request(socket, 2, "sessions.list", {})
        print(json.dumps({"protocol": hello["protocol"], "scopes": hello["auth"]["scopes"],
                          "extensions": socket.response.headers.get("Sec-WebSocket-Extensions"),
                          "sessions": [entry["key"] for entry in sessions["sessions"]]}))


async def echo(url, ca_file):
    # Offers permessage-deflate, as this library does by default.
    async with websockets.connect(url, ssl=trust(url, ca_file), compression="deflate", max_size=None) as socket:
        extensions = socket.response.headers.get("Sec-WebSocket-Extensions")
        for message in ["", "gr\u00fc\u00df dich \U0001f3f0", b"", bytes(range(256)) * 4096, "x" * (1 << 20)]:
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send([b"in ", b"three ", b"fragments"])
        assert await socket.recv() == b"in three fragments"
        await (await socket.ping(b"are you there"))
        print(json.dumps({"extensions": extensions}))
    assert socket.close_code == 1000, socket.close_code


async def compressed(url, ca_file):
    """Echoes with each combination of parameters; prints what was agreed."""
    agreed = []
    offers = [
        dict(),
        dict(server_no_context_takeover=True, client_no_context_takeover=True),
        dict(server_max_window_bits=9, client_max_window_bits=9),
        dict(server_max_window_bits=12, client_max_window_bits=True),
    ]
    random = Random(7692)
    for offer in offers:
        factory = ClientPerMessageDeflateFactory(**offer)
        async with websockets.connect(url, ssl=trust(url, ca_file), compression=None, extensions=[factory],
                                      max_size=None) as socket:
            agreed.append(socket.response.headers.get("Sec-WebSocket-Extensions"))
            messages = ["", "a", "gr\u00fc\u00df dich \U0001f3f0 " * 50, b"", bytes(range(256)) * 4096, "x" * (1 << 20)]
            for _ in range(40):
                size = random.choice([1, 100, 1000, 20000, 200000])
                messages.append(bytes(random.choices(range(random.randint(1, 256)), k=size)))
            for message in messages:
                await socket.send(message)
                assert await socket.recv() == message
            await socket.send([b"in " * 100, b"three ", b"fragments"])
            assert await socket.recv() == b"in " * 100 + b"three fragments"
            await (await socket.ping(b"are you there"))
        assert socket.close_code == 1000, socket.close_code
    # A bomb: one byte more than the limit, a thousandth of that on the wire.
    async with websockets.connect(url, ssl=trust(url, ca_file), compression="deflate", max_size=None) as socket:
        try:
            await socket.send(b"\0" * (25 * 1024 * 1024 + 1))
            await socket.recv()
        except websockets.ConnectionClosed as error:
            assert error.rcvd.code == 1009, error
    print(json.dumps(agreed))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    asyncio.run({"handshake": handshake, "echo": echo, "compressed": compressed}[command](*arguments))
