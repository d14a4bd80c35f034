"""Caddy, nginx and HAProxy with the files of deploy/, in front of a gateway."""
import hashlib
import os
import shutil
import ssl
import subprocess
import tempfile

from gateways import clean_environment
from networks import HERE, Trouble, stop, until

DEPLOY = os.path.join(os.path.dirname(os.path.dirname(HERE)), "deploy")
PROGRAMS = {"caddy": "caddyfile", "nginx": "conf", "haproxy": "cfg"}
STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"


def missing(program):
    """Why it cannot be in front of anything here."""
    return None if shutil.which(program) else f"{program} is not installed"


class Authority:
    """A certificate authority that lives as long as its directory, as a public one would be trusted."""

    def __init__(self, directory):
        self.directory = directory
        self.file = os.path.join(directory, "authority.pem")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=authority of the lab", "-addext", "basicConstraints=critical,CA:TRUE",
                     "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.path("authority.key"),
                     "-out", self.file)

    def path(self, name):
        return os.path.join(self.directory, name)

    def fingerprint(self, name):
        with open(self.path(f"{name}.pem"), encoding="ascii") as file:
            return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()

    def openssl(self, *words):
        result = subprocess.run(["openssl", *words], capture_output=True, text=True)
        if result.returncode != 0:
            raise Trouble(f"openssl {words[0]}: {result.stderr.strip()}")

    def issue(self, name, addresses):
        """NAME.pem and NAME.key, for localhost and these addresses; NAME.both.pem has both."""
        with open(self.path(f"{name}.ext"), "w", encoding="ascii") as file:
            names = ["DNS:localhost"] + [f"IP:{address}" for address in addresses]
            file.write(f"subjectAltName={','.join(names)}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        request, key, certificate = (self.path(f"{name}.{end}") for end in ("csr", "key", "pem"))
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     f"/CN={name}", "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.path("authority.key"),
                     "-CAcreateserial", "-days", "2", "-extfile", self.path(f"{name}.ext"), "-out", certificate)
        with open(self.path(f"{name}.both.pem"), "w", encoding="ascii") as both:
            for part in (certificate, key):
                with open(part, encoding="ascii") as file:
                    both.write(file.read())
        os.chmod(key, 0o600)
        return certificate, key


class Front:
    """A proxy, to be used with `with`. `source` is a file of deploy/, such as `caddy/wss`."""

    def __init__(self, source, authority, listens_on, upstream=None, proxied=None, socket=None, trusts=None,
                 prefix=(), program=None):
        self.kind = source.split("/")[0]
        self.source, self.authority, self.listens_on = source, authority, listens_on
        self.prefix = list(prefix)
        self.program = program or shutil.which(self.kind)
        self.work = tempfile.mkdtemp(prefix="sallyport-lab-front.")
        self.passes_tls = source in ("haproxy/tcp", "nginx/stream")
        self.replacements = {
            "127.0.0.1:18789": upstream, "127.0.0.1:18790": proxied, "/run/sallyport/gateway.sock": socket,
            f"/etc/{self.kind}/sallyport.pem": trusts,
            f"/etc/{self.kind}/gateway.key": authority.path("front.key"),
            # HAProxy wants key and certificate in one file.
            f"/etc/{self.kind}/gateway.pem": authority.path(
                "front.both.pem" if self.kind == "haproxy" else "front.pem"),
        }
        self.process = None

    def text(self):
        with open(os.path.join(DEPLOY, f"{self.source}.{PROGRAMS[self.kind]}"), encoding="utf-8") as file:
            text = file.read()
        for written, used in self.replacements.items():
            if used:
                text = text.replace(written, used)
        return getattr(self, f"complete_for_{self.kind}")(text)

    # What the servers' own main files say around ours.

    def complete_for_caddy(self, text):
        host, _, port = self.listens_on.rpartition(":")
        site = f":{port} {{\n\tbind {host}\n\ttls {self.authority.path('front.pem')} {self.authority.path('front.key')}"
        return (f"{{\n\tadmin unix/{self.work}/admin.sock\n\tstorage file_system {self.work}/storage\n"
                "\tauto_https disable_redirects\n\tskip_install_trust\n\tocsp_stapling off\n\tgrace_period 5s\n}\n"
                + text.replace("gateway.example.com {", site))

    def complete_for_haproxy(self, text):
        return text.replace("bind :443", f"bind {self.listens_on}")

    def complete_for_nginx(self, text):
        text = text.replace("listen 443", f"listen {self.listens_on}")
        stream = self.source == "nginx/stream"
        temporary = " ".join(f"{name}_temp_path {self.work}/{name};"
                             for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return ((f"load_module {STREAM_MODULE};\n" if stream else "")
                + ("user root;\n" if os.geteuid() == 0 else "") + "daemon off; worker_processes 1;\n"
                + f"pid {self.work}/nginx.pid; error_log {self.work}/error.log info;\n"
                + "events { worker_connections 512; }\n"
                + ("stream {\n" if stream else f"http {{\naccess_log off; {temporary}\n") + text + "}\n")

    def words(self, file):
        return {"caddy": ["run", "--adapter", "caddyfile", "--config", file], "haproxy": ["-db", "-f", file],
                "nginx": ["-p", self.work, "-c", file, "-e", f"{self.work}/error.log"]}[self.kind]

    def environment(self):
        return clean_environment(HOME=self.work, XDG_CONFIG_HOME=self.work, XDG_DATA_HOME=self.work)

    def __enter__(self):
        try:
            self.file = os.path.join(self.work, "configuration")
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(self.text())
            with open(os.path.join(self.work, "log"), "wb") as log:
                self.process = subprocess.Popen(self.prefix + [self.program] + self.words(self.file),
                                                env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process:
            stop(self.process)
        shutil.rmtree(self.work, ignore_errors=True)

    def reload(self):
        """What an administrator does after a change; nginx and HAProxy are told by signals instead."""
        subprocess.run(self.prefix + [self.program, "reload", "--force", "--adapter", "caddyfile", "--config",
                                      self.file, "--address", f"unix/{self.work}/admin.sock"],
                       env=self.environment(), check=True, capture_output=True)

    @property
    def log(self):
        text = ""
        for name in ("log", "error.log"):
            if os.path.exists(os.path.join(self.work, name)):
                with open(os.path.join(self.work, name), encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text


def answers(url, prefix=()):
    """Whether GET /healthz is answered there, whoever it is."""
    script = ("import ssl, sys, urllib.request; c = ssl._create_unverified_context(); "
              "sys.exit(0 if b'live' in urllib.request.urlopen(sys.argv[1], context=c, timeout=2).read() else 1)")
    return subprocess.run(list(prefix) + ["python3", "-c", script, url.replace("ws", "http", 1) + "/healthz"],
                          capture_output=True, env=clean_environment(no_proxy="*")).returncode == 0


def wait_until_it_answers(url, prefix=(), seconds=15):
    until(lambda: answers(url, prefix), f"{url} answers", seconds)


