"""In place of networks, where nobody may make any: this machine's loopback, with a relay whose connections can be cut."""
import contextlib
import socket
import struct
import tempfile
import threading

#: Closing sends a reset.
ABORT = struct.pack("ii", 1, 0)


class Relay:
    """Passes bytes on from a port of its own, until it is told to cut."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.refuses = False
        self.open = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                self.abort(client)
                continue
            server.settimeout(None)
            with self.lock:
                refused = self.refuses
                if not refused:
                    self.open |= {client, server}
            if refused:
                self.abort(client)
                self.abort(server)
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    def copy(self, source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.abort(source)
            self.abort(sink)

    def abort(self, one):
        with self.lock:
            self.open.discard(one)
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            # Wakes the thread that reads from it, which close alone does not.
            one.shutdown(socket.SHUT_RD)
        with contextlib.suppress(OSError):
            one.close()

    @contextlib.contextmanager
    def cut(self):
        with self.lock:
            self.refuses = True
            now = list(self.open)
        for one in now:
            self.abort(one)
        try:
            yield
        finally:
            self.refuses = False

    def close(self):
        self.listener.close()
        with self.cut():
            pass


class Loopback:
    """What `Networks` offers, as far as one address goes."""

    no_tunnel = no_container = no_outside = "one machine's loopback is one place"

    def __init__(self):
        self.relays = {}

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="sallyport-lab.")
        self.work = self.directory.name
        self.fresh()
        return self

    def __exit__(self, *_):
        self.close_relays()
        self.directory.cleanup()

    def close_relays(self):
        for relay in self.relays.values():
            relay.close()
        self.relays = {}

    def fresh(self):
        """Ports for another gateway. Nobody promises that they are still free a moment later."""
        self.close_relays()
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.gateway_port, self.proxied_port, self.front_port = (one.getsockname()[1] for one in listeners)
        for one in listeners:
            one.close()

    def inside(self, _):
        return []

    entered_from = inside

    def relayed(self, port):
        if port not in self.relays:
            self.relays[port] = Relay(port)
        return self.relays[port].port

    def url(self, group, _):
        if group.source:
            return f"wss://127.0.0.1:{self.relayed(self.front_port)}"
        return self.worker_url(group)

    def worker_url(self, group):
        return f"{'wss' if group.has_tls else 'ws'}://127.0.0.1:{self.relayed(self.gateway_port)}"

    def front_address(self, _):
        return "127.0.0.1"

    def gateway_address(self, _):
        return "127.0.0.1"

    def front_role(self, _):
        return "host"

    def front_listens_on(self):
        return f"127.0.0.1:{self.front_port}"

    @contextlib.contextmanager
    def cut(self):
        with contextlib.ExitStack() as stack:
            for relay in self.relays.values():
                stack.enter_context(relay.cut())
            yield
