"""A wide-area link between two network namespaces, in user space, for kernels without netem.

usage: wanlink.py --a NS:DEV --b NS:DEV --control FILE

Opens a TUN device in each and carries IP packets between them. Addresses are given by the caller, once the line "ready"
has been printed; the devices stay as long as this runs. FILE, read at the start and on SIGHUP, holds words such as

    delay=40 jitter=5 loss=1.5 dup=0 rate=10000 limit=1000 mtu=1200 cut=0

milliseconds, milliseconds, percent, percent, kbit/s (0: any), packets that may wait, bytes of a packet beyond which it
vanishes (0: none does), and 1 to drop everything. They hold for each direction; `loss:ab=10` for one. Packets of one
direction keep their order.
"""
import argparse
import collections
import ctypes
import fcntl
import os
import random
import select
import signal
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
DEFAULTS = dict(delay=0.0, jitter=0.0, loss=0.0, dup=0.0, rate=0.0, limit=1000.0, mtu=0.0, cut=0.0)


def open_tun(namespace, device):
    """Create DEV inside NS and return its file descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    os.close(fd)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI)
    fcntl.ioctl(tun, TUNSETIFF, request)
    return tun


class Direction:
    """One direction of the link: a queue of (release time, packet)."""

    def __init__(self, name, source, target):
        self.name, self.source, self.target = name, source, target
        self.queue = collections.deque()
        self.last_release = 0.0
        self.line_free = 0.0
        self.settings = dict(DEFAULTS)
        self.counts = collections.Counter()

    def accept(self, packet, now):
        s = self.settings
        self.counts["in"] += 1
        if s["cut"] or 0 < s["mtu"] < len(packet) or (s["loss"] and random.random() * 100 < s["loss"]):
            self.counts["lost"] += 1
            return
        if len(self.queue) >= s["limit"]:
            self.counts["overflow"] += 1
            return
        copies = 2 if s["dup"] and random.random() * 100 < s["dup"] else 1
        for _ in range(copies):
            start = max(now, self.line_free)
            if s["rate"]:
                start += len(packet) * 8 / (s["rate"] * 1000)
            self.line_free = start
            release = start + s["delay"] / 1000
            if s["jitter"]:
                release += random.uniform(-s["jitter"], s["jitter"]) / 1000
            release = max(release, self.last_release, now)
            self.last_release = release
            self.queue.append((release, packet))

    def drain(self, now):
        while self.queue and self.queue[0][0] <= now:
            _, packet = self.queue.popleft()
            try:
                os.write(self.target, packet)
                self.counts["out"] += 1
            except BlockingIOError:
                self.counts["refused"] += 1
            except OSError:
                self.counts["refused"] += 1


def read_settings(path, directions):
    for direction in directions:
        direction.settings = dict(DEFAULTS)
    try:
        words = open(path, encoding="ascii").read().split()
    except FileNotFoundError:
        return
    for word in words:
        name, _, value = word.partition("=")
        name, _, only = name.partition(":")
        if name not in DEFAULTS:
            print(f"wanlink: unknown setting {word!r}", file=sys.stderr)
            continue
        for direction in directions:
            if only in ("", direction.name):
                direction.settings[name] = float(value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--a", required=True, metavar="NS:DEV")
    parser.add_argument("--b", required=True, metavar="NS:DEV")
    parser.add_argument("--control", required=True)
    arguments = parser.parse_args()
    tun_a = open_tun(*arguments.a.split(":", 1))
    tun_b = open_tun(*arguments.b.split(":", 1))
    directions = (Direction("ab", tun_a, tun_b), Direction("ba", tun_b, tun_a))
    by_source = {d.source: d for d in directions}
    flags = {"reload": True, "stop": False}
    signal.signal(signal.SIGHUP, lambda *_: flags.update(reload=True))
    signal.signal(signal.SIGTERM, lambda *_: flags.update(stop=True))
    # A signal that arrives between the flag checks and poll() must still wake
    # the poll, hence the wake-up descriptor.
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    poller = select.epoll()
    for fd in (tun_a, tun_b, wake_read):
        poller.register(fd, select.EPOLLIN)
    print("ready", flush=True)
    while not flags["stop"]:
        if flags["reload"]:
            flags["reload"] = False
            read_settings(arguments.control, directions)
        now = time.monotonic()
        for direction in directions:
            direction.drain(now)
        heads = [d.queue[0][0] for d in directions if d.queue]
        wait = -1 if not heads else max(0.0, min(heads) - time.monotonic())
        for fd, events in poller.poll(wait):
            if fd == wake_read:
                try:
                    os.read(wake_read, 512)
                except BlockingIOError:
                    pass
                continue
            direction = by_source[fd]
            for _ in range(64):
                try:
                    packet = os.read(fd, 65535)
                except BlockingIOError:
                    break
                except OSError:
                    break
                direction.accept(packet, time.monotonic())


if __name__ == "__main__":
    main()
