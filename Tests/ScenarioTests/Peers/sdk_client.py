"""openclaw-sdk as it is, against this gateway.

usage: sdk_client.py HOME URL CA_FILE TOKEN

Makes the files that the package reads in HOME/.openclaw. When everything was tried it writes HOME/tried, waits until
HOME/restarted is there, and connects again. Prints what came of it as JSON.
"""

import asyncio
import hashlib
import json
import os
import sys
import time

home, url, ca_file, token = sys.argv[1:]
# Before the package is imported: it looks for its files, and OpenSSL for its authorities, by these.
os.environ["HOME"] = home
os.environ["SSL_CERT_FILE"] = ca_file

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openclaw_sdk import OpenClawClient


def write_identity():
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    directory = os.path.join(home, ".openclaw", "identity")
    os.makedirs(directory, exist_ok=True)
    files = {
        "device.json": {
            "version": 1, "deviceId": hashlib.sha256(raw).hexdigest(), "createdAtMs": 1,
            "publicKeyPem": public.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
            "privateKeyPem": key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()).decode(),
        },
        "device-auth.json": {"tokens": {"operator": {
            "token": token, "role": "operator", "scopes": ["operator.admin", "operator.read", "operator.write"]}}},
    }
    for name, content in files.items():
        with open(os.path.join(directory, name), "w") as file:
            json.dump(content, file)


def shown(messages):
    return [[m["role"], "".join(block["text"] for block in m["content"])] for m in messages]


async def main():
    write_identity()
    client = await OpenClawClient.connect(mode="protocol", gateway_ws_url=url, api_key=token)
    health = await client.health()
    result = {"healthy": health.healthy, "agents": [a.agent_id for a in await client.list_agents()]}
    agent = client.get_agent("main")
    execution = await agent.execute("printf first")
    result["execute"] = [execution.success, execution.content]
    events = []
    async for event in await agent.execute_stream("printf sec; sleep 0.3; printf ond"):
        events.append(str(getattr(event.event_type, "value", event.event_type)))
    result["streamed"] = sorted(set(events))

    async def history():
        answer = await client.gateway.call("chat.history", {"sessionKey": "agent:main:main", "limit": 10})
        return shown(answer["messages"])

    result["history"] = await history()
    open(os.path.join(home, "tried"), "w").close()
    deadline = time.monotonic() + 60
    while not os.path.exists(os.path.join(home, "restarted")):
        assert time.monotonic() < deadline, "the gateway did not come back"
        await asyncio.sleep(0.05)
    # The package comes back when it is told to, and waits for the gateway then.
    await asyncio.wait_for(client.gateway.connect(), 30)
    result["after"] = await history()
    execution = await agent.execute("printf third")
    result["third"] = [execution.success, execution.content]
    await client.close()
    print(json.dumps(result))


asyncio.run(main())
