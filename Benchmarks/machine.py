"""The machine under measurement: its processors, who else uses them, and processes that run on one of them."""
import contextlib
import fcntl
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")


class Trouble(Exception):
    """Something that makes a measurement impossible; its text is shown to the user."""


def two_cores():
    """One processor for the server and another for the load."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Trouble("two processors are needed: one for the server, one for the load")
    return cores[0], cores[1]


def describe():
    """What a reader of the numbers has to know."""
    model = "unknown processor"
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), model)
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.split(" (")[0].strip()
    return f"{model}, {len(os.sched_getaffinity(0))} processors, Linux {platform.release()}, {openssl}"


@contextlib.contextmanager
def measuring_alone():
    """Holds the lock that keeps two runs on one machine apart."""
    path = os.path.join(tempfile.gettempdir(), "bench.lock")
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another measurement on this machine ({path})", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def busy_seconds():
    """Processor seconds that the machine has spent so far, what its host took away included."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, soft, stolen = (int(word) for word in file.readline().split()[1:9])
    return (user + nice + system + irq + soft + stolen) / TICK


def cpu_seconds(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
        words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / TICK
    return 0.0


def own_cpu_seconds():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Others:
    """What share of one processor everybody else used while the block ran."""

    def __init__(self, pid):
        self.pid, self.share = pid, 0.0

    def __enter__(self):
        self.start = time.monotonic(), busy_seconds(), cpu_seconds(self.pid) + own_cpu_seconds()
        return self

    def __exit__(self, *_):
        wall, busy, ours = self.start
        wall = max(time.monotonic() - wall, 0.001)
        ours = cpu_seconds(self.pid) + own_cpu_seconds() - ours
        self.share = max(0.0, (busy_seconds() - busy - ours) / wall)


def wait_until_quiet(limit, seconds):
    """Returns early when others use less than `limit` of a processor. The share that they use."""
    end = time.monotonic() + seconds
    while True:
        with Others(os.getpid()) as others:
            time.sleep(0.3)
        if others.share < limit or time.monotonic() > end:
            return others.share


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def stripped_size(program, work):
    """Bytes of a program without its symbols, as packages have it."""
    stripped = os.path.join(work, "stripped")
    subprocess.run(["strip", "-o", stripped, program], check=True)
    return os.path.getsize(stripped)


def pin(pid, core):
    """Moves all threads of a running process to one processor."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), {core})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
