"""A conversation with an agent, protocol 4 over wss, the certificate known by its pin alone.

usage: conversation.py URL PIN TOKEN DIRECTORY

The agent runs its messages as command lines. Prints what came of it as JSON.
"""

import asyncio
import hashlib
import json
import os
import ssl
import sys
import time

import websockets

from gateway_client import connect_params


class Client:
    def __init__(self, socket):
        self.socket = socket
        self.number = 0
        self.events = []
        self.answers = []

    async def receive(self):
        frame = json.loads(await asyncio.wait_for(self.socket.recv(), 30))
        (self.events if frame["type"] == "event" else self.answers).append(frame)

    async def answer(self, number, index=0):
        """The answer to a request; some have two."""
        while True:
            own = [a for a in self.answers if a["id"] == str(number)]
            if len(own) > index:
                return own[index]
            await self.receive()

    async def send(self, method, params):
        self.number += 1
        await self.socket.send(
            json.dumps({"type": "req", "id": str(self.number), "method": method, "params": params}))
        return self.number

    async def request(self, method, params):
        answer = await self.answer(await self.send(method, params))
        assert answer["ok"], answer
        return answer["payload"]

    async def chat_until_end(self, run):
        """The chat events of a run, the last of which ends it."""
        while True:
            chat = [e["payload"] for e in self.events if e["event"] == "chat" and e["payload"]["runId"] == run]
            if chat and chat[-1]["state"] != "delta":
                return chat
            await self.receive()


def text(message):
    return "".join(block["text"] for block in message["content"])


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] in "ZX"
    # Also between opening and reading.
    except (FileNotFoundError, ProcessLookupError):
        return True


async def until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


async def main(url, pin, token, directory):
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    async with websockets.connect(url, ssl=trust, max_size=None) as socket:
        certificate = socket.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert hashlib.sha256(certificate).hexdigest() == pin.replace(":", "").lower(), "another certificate"
        challenge = json.loads(await socket.recv())
        client = Client(socket)
        hello = await client.request(
            "connect", connect_params("v3", token, challenge["payload"], ["operator.admin"]))
        result = {"protocol": hello["protocol"]}
        assert await client.request("sessions.subscribe", {}) == {"subscribed": True}

        turn = {"sessionKey": "main", "message": "printf Hel; sleep 0.4; printf lo", "idempotencyKey": "turn-1"}
        result["started"] = await client.request("chat.send", turn)
        chat = await client.chat_until_end("turn-1")
        result["states"] = [c["state"] for c in chat]
        result["deltas"] = [c["deltaText"] for c in chat[:-1]]
        result["cumulative"] = [text(c["message"]) for c in chat]
        agent = [e["payload"] for e in client.events if e["event"] == "agent" and e["payload"]["runId"] == "turn-1"]
        result["lifecycle"] = [a["data"]["phase"] for a in agent if a["stream"] == "lifecycle"]

        def heard(name):
            return [e["payload"] for e in client.events if e["event"] == name]

        while not any(c.get("phase") == "end" for c in heard("sessions.changed")) or len(heard("session.message")) < 2:
            await client.receive()
        result["changed"] = [c.get("reason") or c["phase"] for c in heard("sessions.changed")]
        result["heard"] = [text(m["message"]) for m in heard("session.message")]
        result["again"] = (await client.request("chat.send", turn))["status"]

        number = await client.send("agent", {"message": "echo done", "idempotencyKey": "turn-2"})
        result["agent"] = [(await client.answer(number, index))["payload"]["status"] for index in (0, 1)]
        result["payloads"] = (await client.answer(number, 1))["payload"]["result"]["payloads"]

        # The agent and a child that no signal ends but the last.
        script = (f"sh -c 'trap \"\" TERM INT HUP; echo $$ > {directory}/child; while :; do sleep 0.1; done' & "
                  f"echo $$ > {directory}/agent; printf half; wait")
        await client.request("chat.send", {"sessionKey": "main", "message": script, "idempotencyKey": "turn-3"})
        files = [f"{directory}/agent", f"{directory}/child"]
        await until(lambda: all(os.path.exists(f) and open(f).read().strip() for f in files), "the agent runs")
        pids = [int(open(f).read()) for f in files]
        while not any(e["event"] == "chat" and e["payload"]["runId"] == "turn-3" for e in client.events):
            await client.receive()
        result["abort"] = await client.request("chat.abort", {"sessionKey": "main", "runId": "turn-3"})
        result["aborted"] = (await client.chat_until_end("turn-3"))[-1]["state"]
        await until(lambda: all(is_gone(pid) for pid in pids), f"of {pids} one is still there")

        history = await client.request("chat.history", {"sessionKey": "main"})
        result["roles"] = [m["role"] for m in history["messages"]]
        result["last"] = text(history["messages"][-1])
        print(json.dumps(result))


asyncio.run(main(*sys.argv[1:]))
