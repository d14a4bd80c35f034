"""What is measured, and what it may cost."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    unit: str
    #: wssload's arguments; {echo}, {url}, {hello}, {request} and {idle} are filled in. None: measured otherwise.
    load: str = None
    #: The same for `limit`; "" when it is the same, None when `limit` has nothing like it.
    limit: str = ""
    field: str = "server_us_per_op"
    #: At most so many times `limit` …
    times: float = None
    #: … or so much …
    most: float = None
    #: … or has to be so much.
    least: float = None
    #: The row of `limit` to compare with, if another.
    beside: str = None
    #: The row of the gateway itself to compare with.
    own: str = None


ROWS = [
    Row("handshake", "TLS handshake + upgrade", "µs", "handshake {echo} -c 32", times=1.05),
    Row("resumed", "the same, resumed", "µs", "handshake {echo} -c 32 --resume", times=1.05),
    Row("connect", "connect to hello-ok, device proof", "µs", "handshake {url} -c 32 {hello}", limit=None, times=1.5,
        beside="handshake"),
    Row("echo-1", "echo 128 B, depth 1", "µs", "echo {echo} -c 64 -k 1 -s 128", times=1.10),
    Row("echo-16", "echo 128 B, depth 16", "µs", "echo {echo} -c 64 -k 16 -s 128", times=1.2),
    Row("echo-16k", "echo 16 KiB, depth 4", "µs", "echo {echo} -c 16 -k 4 -s 16384", times=1.10),
    Row("rpc-1", "diagnostics.echo 124 B, depth 1", "µs", "echo {url} -c 64 -k 1 {hello} {request:echo}",
        "echo {echo} -c 64 -k 1 {request:echo}", times=1.35),
    Row("rpc-16", "diagnostics.echo 124 B, depth 16", "µs", "echo {url} -c 64 -k 16 {hello} {request:echo}",
        "echo {echo} -c 64 -k 16 {request:echo}", times=3),
    Row("health", "health, depth 1", "µs", "echo {url} -c 64 -k 1 {hello} {request:health}",
        "echo {echo} -c 64 -k 1 {request:health}"),
    Row("sessions", "sessions.list of 100 and more, depth 1", "µs", "echo {url} -c 16 -k 1 {hello} {request:sessions}",
        limit=None),
    Row("fan-out", "event to 1,000 connections, per delivery", "µs", "fanout {url} -c 1000 --parallel 128 {hello} {request:broadcast}",
        "fanout {url} -c 1000 --parallel 128 {request:event}", times=1.10),
    Row("fan-out-10k", "event to 10,000 connections, per delivery", "µs",
        "fanout {url} -c 10000 --parallel 128 {hello} {request:broadcast}",
        "fanout {url} -c 10000 --parallel 128 {request:event}"),
    Row("p50", "median latency at 5,000 messages/s", "µs", "echo {echo} -c 64 -s 128 -r 5000", field="p50_us"),
    Row("p99", "p99 at 5,000 messages/s", "µs", "echo {echo} -c 64 -s 128 -r 5000", field="p99_us", times=1.2),
    Row("commits", "durable requests, 64 clients", "1/s", "echo {url} -c 64 -k 1 {hello} {request:label}", limit=None,
        field="ops_per_s"),
    Row("p99-alone", "p99 of health at 1,000/s", "µs", "echo {url} -c 32 -r 1000 {hello} {request:health}", limit=None,
        field="p99_us"),
    Row("p99-store", "the same beside 1,000 durable requests/s", "µs",
        "echo {url} -c 32 -r 1000 {hello} {request:health}", limit=None, field="p99_us", times=2, own="p99-alone"),
    Row("reconnect", "1,000 clients at once, each to hello-ok", "µs", "idle {url} -c 1000 --parallel 1000 {hello}",
        limit=None, times=1.2, own="connect"),
    Row("reconnect-time", "time until all have it", "s"),
    Row("reactors", "capacity of two reactors, in those of one", "×", least=1.8),
    Row("idle", "idle, per authenticated connection", "KiB", "idle {url} -c {idle} --parallel 128 --probe {hello}",
        "idle {echo} -c {idle} --parallel 128 --probe", field="rss_kib_per_conn", most=18),
    # Of the same run.
    Row("idle-pss", "the same, PSS", "KiB", field="pss_kib_per_conn"),
    Row("size", "program, stripped", "MB", most=20),
    Row("rss", "RSS at start", "MiB", most=18),
    Row("ready", "start to ready, existing state", "ms", most=60),
    Row("spawn-accepted", "spawn accepted", "ms", most=3),
    Row("spawn-admitted", "spawn to admitted", "ms", most=40),
    Row("spawn-result", "spawn to result", "ms"),
    Row("spawn-100", "100 spawns at once to all results", "s", most=4),
]
BY_KEY = {row.key: row for row in ROWS}
#: On a server of their own, since memory is what it is only on a fresh one, and so many connections leave traces.
ALONE = ["fan-out-10k", "idle"]
SPAWNS = ["spawn-accepted", "spawn-admitted", "spawn-result", "spawn-100"]
REQUESTS = {
    "echo": ("diagnostics.echo", {"note": "one hundred and twenty-four bytes in all.."}),
    "broadcast": ("diagnostics.broadcast", {"note": "one hundred and twenty-four bytes", "sent": "@TS@"}),
    "health": ("health", {}),
    # Changes a session: answered when it is on the disk.
    "label": ("sessions.patch", {"key": "main", "label": "label @ID@"}),
    "sessions": ("sessions.list", {}),
}
