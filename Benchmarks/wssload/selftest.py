#!/usr/bin/env python3
"""Tests wssload against a small server that also misbehaves on purpose. Standard library only.

usage: selftest.py [path of wssload]
"""
import asyncio, base64, hashlib, json, os, ssl, subprocess, sys, tempfile

LOAD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "wssload"))


def frame(op, payload, fin=True):
    n = len(payload)
    size = bytes([n]) if n < 126 else b"\x7e" + n.to_bytes(2, "big") if n < 65536 else b"\x7f" + n.to_bytes(8, "big")
    return bytes([(0x80 if fin else 0) | op]) + size + payload


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


async def read_frame(r):
    b0, b1 = await r.readexactly(2)
    assert b0 & 0x80 and b1 & 0x80, "a client frame is whole and masked"
    n = b1 & 0x7F
    if n == 126:
        n = int.from_bytes(await r.readexactly(2), "big")
    elif n == 127:
        n = int.from_bytes(await r.readexactly(8), "big")
    mask = await r.readexactly(4)
    data = await r.readexactly(n)
    key = int.from_bytes((mask * (n // 4 + 1))[:n], "big")
    return b0 & 15, (int.from_bytes(data, "big") ^ key).to_bytes(n, "big"), mask


class Server:
    def __init__(self):
        self.masks, self.pongs, self.hellos, self.proofs, self.fans = set(), 0, [], [], set()

    async def serve(self, r, w):
        try:
            await self.talk(r, w)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.fans.discard(w)
            w.close()

    async def talk(self, r, w):
        head = (await r.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1][1:]
        key = [line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key")][0]
        assert len(base64.b64decode(key)) == 16
        if path == "refuse":
            w.write(b"HTTP/1.1 403 No\r\n\r\n")
            return
        if path == "badkey":
            key = "x" + key
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        w.write(f"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n".encode())
        if path == "fan":
            self.fans.add(w)
        if path == "ping":
            w.write(frame(9, b"are you there"))
        if path in ("gateway", "nohello"):
            w.write(frame(1, json.dumps({"event": "challenge", "payload": {"nonce": "n-123"}}).encode()))
        count, held, greeted = 0, None, path != "gateway"
        while True:
            op, data, mask = await read_frame(r)
            self.masks.add(mask)
            if op == 8:
                w.write(frame(8, data))
                await w.drain()
                return
            if op == 9:
                w.write(frame(10, data))
            elif op == 10:
                assert data in (b"are you there", b"")
                self.pongs += 1
            elif not greeted:
                hello = json.loads(data)
                assert hello["params"]["nonce"] == "n-123"
                self.hellos.append(hello["id"])
                self.proofs.append(hello["params"])
                w.write(frame(1, b'{"event":"tick","id":"other"}') + frame(1, compact({"id": hello["id"], "ok": True})))
                greeted = True
            elif path == "gateway":  # answers in pairs, the later one first, with events in between
                q = json.loads(data)
                a = frame(1, compact({"type": "res", "id": q["id"], "ok": True}))
                if held is None:
                    held = a
                else:
                    w.write(a + frame(1, b'{"event":"tick"}') + held)
                    held = None
            elif path == "nohello":
                continue
            else:
                count += 1
                if path == "corrupt" and len(data) > 40:
                    data = data[:40] + b"?" + data[41:]
                elif path == "short":
                    data = data[:-1]
                elif path == "quit" and count == 20:
                    return
                if path == "pieces":
                    w.write(frame(1, data[:10], False) + frame(9, b"") + frame(0, data[10:20], False) + frame(0, data[20:]))
                elif path == "dribble":
                    for b in frame(1, data):
                        w.write(bytes([b]))
                        await w.drain()
                        await asyncio.sleep(0)
                elif path == "fan":
                    for f in self.fans:
                        f.write(frame(1, data))
                elif path != "mute":
                    w.write(frame(1, data))
            await w.drain()


def verified(work, proof):
    """Whether the device's signature is right, as the openssl command sees it."""
    def raw(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    key, text = raw(proof["key"]), f"x|{proof['id']}|{proof['at']}|{proof['nonce']}"
    for name, data in (("k.der", bytes.fromhex("302a300506032b6570032100") + key), ("text", text.encode()), ("sig", raw(proof["sig"]))):
        with open(f"{work}/{name}", "wb") as f:
            f.write(data)
    argv = f"openssl pkeyutl -verify -pubin -keyform DER -inkey {work}/k.der -rawin -in {work}/text -sigfile {work}/sig"
    return proof["id"] == hashlib.sha256(key).hexdigest() and subprocess.run(argv.split(), capture_output=True).returncode == 0


async def main():
    work = tempfile.mkdtemp()
    crt, key = work + "/c.pem", work + "/k.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", crt,
                    "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    pin = subprocess.run(["openssl", "x509", "-in", crt, "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True).stdout.split("=")[1].strip()
    with open(work + "/hello.json", "w") as f:
        f.write('{"id":"h@N@","method":"connect","params":{"nonce":"@NONCE@"}}\n')
    with open(work + "/request.json", "w") as f:
        f.write('{"type":"req","id":"@ID@","method":"x"}\n')
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(crt, key)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(crt, key)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    s = Server()
    listeners = [await asyncio.start_server(s.serve, "127.0.0.1", 0, ssl=c, backlog=512) for c in (ctx, None, old)]
    tls, plain, tls12 = (x.sockets[0].getsockname()[1] for x in listeners)
    failed = 0

    async def check(name, args, want, code=0):
        nonlocal failed
        p = await asyncio.create_subprocess_exec(LOAD, *args.split(), "--json", "-d", "1", "-w", ".2", stdout=-1, stderr=-1)
        out, err = await asyncio.wait_for(p.communicate(), 40)
        text = err.decode()[-300:]
        try:
            j = json.loads(out) if out else {}
            good = p.returncode == code and bool(want(j))
        except Exception as e:
            good, text = False, repr(e)
        failed += not good
        print(f"{'ok' if good else 'FAILED'} {name}" + ("" if good else f": exit {p.returncode}, {out.decode()} {text}"), flush=True)

    U, P = f"wss://127.0.0.1:{tls}", f"ws://127.0.0.1:{plain}"
    H = f"--challenge --connect-json {work}/hello.json"
    no = lambda j: j["errors"] == 0
    await check("handshake", f"handshake {U}/ -c 4", lambda j: no(j) and j["ops"] > 20 and j["p50_us"] <= j["p99_us"] <= j["max_us"] and "TLSv1.3" in j["cipher"])
    await check("handshake plain", f"handshake {P}/ -c 4 -t 2", lambda j: no(j) and j["ops"] > 20)
    await check("handshake abort", f"handshake {U}/ -c 4 --abort", lambda j: no(j) and j["ops"] > 20)
    await check("resumed", f"handshake {U}/ -c 2 --resume", lambda j: no(j) and j["resumed"] > j["ops"] * .9)
    await check("not resumed", f"handshake {U}/ -c 2", lambda j: no(j) and j["resumed"] == 0)
    await check("right pin", f"handshake {U}/ -c 2 --pin {pin}", no)
    await check("wrong pin", f"handshake {U}/ -c 2 --pin {'00' * 32}", lambda j: j["ops"] == 0 and j["error_pin"] > 0, 1)
    await check("TLS 1.2 refused", f"handshake wss://127.0.0.1:{tls12}/ -c 2", lambda j: j["ops"] == 0 and j["error_tls"] > 0, 1)
    await check("nobody listens", "echo ws://127.0.0.1:1/ -c 2", lambda j: j["error_connect"] == 2, 1)
    await check("403", f"echo {U}/refuse -c 2", lambda j: j["error_upgrade"] == 2, 1)
    await check("wrong accept key", f"echo {U}/badkey -c 2", lambda j: j["error_upgrade"] == 2, 1)
    await check("errors allowed", f"echo {U}/refuse -c 2 --allow-errors", lambda j: j["errors"] == 2)
    for size in (1, 15, 16, 125, 126, 65535, 65536, 200000):
        await check(f"echo of {size}", f"echo {U}/ -c 3 -k 2 -s {size}", lambda j: no(j) and j["ops"] > 5 and j["size"] == size)
    await check("echo plain, 2 threads", f"echo {P}/ -c 5 -t 2 -k 8", lambda j: no(j) and j["up"] == 5 and j["ops"] > 100)
    await check("echo after hello", f"echo {U}/gateway -c 2 -k 2 {H} --request-json {work}/request.json --reply-must \"ok\":true", lambda j: no(j) and j["ops"] > 50 and j["events"] > 20)
    await check("hello keeps the payload", f"echo {P}/ -c 2 --connect-json {work}/hello.json -s 64", lambda j: no(j) and j["ops"] > 50)
    await check("reply without the text", f"echo {U}/gateway -c 2 -k 2 {H} --request-json {work}/request.json --reply-must nothing", lambda j: j["error_hello"] == 2, 1)
    await check("hello without reply", f"echo {P}/nohello -c 2 {H}", lambda j: j["error_timeout"] == 2, 1)
    await check("offered load", f"echo {U}/ -c 4 -r 500", lambda j: no(j) and 480 <= j["ops"] <= 520)
    await check("changed content", f"echo {U}/corrupt -c 2", lambda j: j["error_content"] > 2, 1)
    await check("changed length", f"echo {U}/short -c 2", lambda j: j["error_content"] == 2, 1)
    await check("closed", f"echo {U}/quit -c 2", lambda j: j["error_closed"] == 2, 1)
    await check("no answer at all", f"echo {U}/mute -c 2", lambda j: no(j) and j["ops"] == 0, 1)
    await check("fragments, ping between", f"echo {U}/pieces -c 2 -s 64", lambda j: no(j) and j["ops"] > 20 and j["pings"] >= j["ops"])
    await check("byte by byte", f"echo {P}/dribble -c 2 -s 200", lambda j: no(j) and j["ops"] > 2)
    s.pongs = 0
    await check("idle, pings answered", f"idle {U}/ping -c 50 --probe --pid {os.getpid()}", lambda j: no(j) and j["up"] == 50 and j["pings"] == 50 and s.pongs == 50 and j["rss_after_kib"] > 1000)
    with open(work + "/signed.json", "w") as f:
        f.write('{"id":"h@N@","params":{"nonce":"@NONCE@","id":"@DEVICE@","key":"@DEVICE_KEY@","at":@SIGNED_AT@,"sig":"@SIGNATURE@"}}')
    s.proofs = []
    await check("signed hello", f"idle {U}/gateway -c 5 --challenge --connect-json {work}/signed.json --sign x|@DEVICE@|@SIGNED_AT@|@NONCE@", lambda j: no(j) and len(s.proofs) == 5 and all(verified(work, p) for p in s.proofs))
    s.hellos = []
    await check("idle after hello", f"idle {U}/gateway -c 20 {H}", lambda j: no(j) and len(set(s.hellos)) == 20)
    await check("fan-out", f"fanout {U}/fan -c 20 -k 2", lambda j: no(j) and j["ops"] > 100 and j["ops"] % 20 < 20 and j["p50_us"] > 0)
    await check("not loopback", "echo ws://10.0.0.1:80/ -c 1", lambda j: True, 2)
    masks = len(s.masks)
    print("ok" if masks > 1000 else "FAILED", f"masks differ ({masks})")
    failed += masks <= 1000
    print("all passed" if not failed else f"{failed} failed")
    return failed != 0


sys.exit(asyncio.run(main()))
