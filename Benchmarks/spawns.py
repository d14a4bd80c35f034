"""What a client sees of spawns: accepted, admitted, done. Over TLS, with as much WebSocket as that needs."""
import base64
import json
import os
import socket
import ssl
import statistics
import time

from machine import Trouble
from servers import CLIENT, CONNECT, SCOPES


class Client:
    """An admitted operator, without a device, as loopback allows."""

    def __init__(self, gateway):
        context = ssl.create_default_context(cafile=gateway.certificate)
        context.check_hostname = False
        plain = socket.create_connection(("127.0.0.1", gateway.port), 10)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain)
        self.socket.settimeout(30)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101"):
            raise Trouble(f"the gateway refused a WebSocket: {head[:80]!r}")
        self.count = 0
        self.receive()  # the challenge
        client = {**CLIENT, "id": "gateway-client", "mode": "backend"}
        self.answer(self.send("connect", {**CONNECT, "scopes": SCOPES, "client": client}))

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise Trouble("the gateway closed the connection")
        self.buffer += piece

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        piece, self.buffer = self.buffer[:count], self.buffer[count:]
        return piece

    def frame(self, opcode, payload):
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        # The mask 0 is a mask: the payload stays as it is.
        self.socket.sendall(bytes([0x80 | opcode]) + size + bytes(4) + payload)

    def send(self, method, params):
        self.count += 1
        message = {"type": "req", "id": str(self.count), "method": method, "params": params}
        self.frame(1, json.dumps(message).encode())
        return str(self.count)

    def receive(self):
        while True:
            first, second = self.take(2)
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
            payload = self.take(size)
            if first & 0x0F == 9:
                self.frame(10, payload)
            elif first & 0x0F == 8:
                raise Trouble(f"the gateway closed the connection: {payload[2:].decode(errors='replace')}")
            elif first & 0x0F == 1:
                return json.loads(payload)

    def answer(self, wanted):
        while True:
            message = self.receive()
            if message["type"] == "res" and message["id"] == wanted:
                if not message["ok"]:
                    raise Trouble(f"the gateway refused: {message['error']}")
                return message["payload"]

    def spawn_all(self, count, **params):
        """Asks for that many runs at once. Seconds until all were accepted, admitted and done, each in a list."""
        started = time.monotonic()
        asked = {self.send("sessions.spawn", {"agentId": "true", "task": "-", **params}) for _ in range(count)}
        runs, accepted, admitted, done = set(), [], {}, {}
        while len(runs) < count or len(set(done) & runs) < count:
            message = self.receive()
            now = time.monotonic() - started
            if message["type"] == "res" and message["id"] in asked:
                if not message["ok"] or message["payload"].get("status") != "accepted":
                    raise Trouble(f"a spawn was refused: {message.get('error') or message['payload']}")
                runs.add(message["payload"]["runId"])
                accepted.append(now)
            elif message["type"] == "event" and message["event"] == "agent":
                event = message["payload"]
                if event.get("stream") == "lifecycle":
                    phase = event["data"].get("phase")
                    if phase == "start":
                        admitted.setdefault(event["runId"], now)
                    elif phase in ("end", "error"):
                        if phase == "error":
                            raise Trouble(f"a run failed: {event['data']}")
                        done[event["runId"]] = now
        return accepted, list(admitted.values()), [done[run] for run in runs]


def measure(gateway, count, at_once=100):
    """Medians in milliseconds of spawns one after the other, and seconds until that many at once are done."""
    client = Client(gateway)
    client.spawn_all(1)
    single = [client.spawn_all(1) for _ in range(count)]
    values = {f"spawn-{name}": statistics.median(times[index][0] for times in single) * 1000
              for index, name in enumerate(("accepted", "admitted", "result"))}
    values["spawn-100"] = max(client.spawn_all(at_once)[2])
    client.socket.close()
    return values
