"""TLS clients with a stack of their own, which trust the given certificate and nothing else.

usage: tls_clients.py boringssl|rustls|x509 PORT CERTIFICATE
"""

import ipaddress
import sys


def boringssl(port, certificate):
    """Chromium's TLS library, in the order and with the extensions of Chromium's ClientHello."""
    from curl_cffi import Curl, requests

    assert b"BoringSSL" in Curl().version(), Curl().version()
    for host in ["localhost", "127.0.0.1"]:
        answer = requests.get(f"https://{host}:{port}/healthz", verify=certificate, impersonate="chrome")
        assert answer.status_code == 200 and answer.json()["ok"], answer.text
    session = requests.Session()
    socket = session.ws_connect(f"wss://localhost:{port}/echo", verify=certificate, impersonate="chrome")
    socket.send(b"hello")
    assert socket.recv()[0] == b"hello"
    socket.close()
    try:
        requests.get(f"https://localhost:{port}/healthz", impersonate="chrome")
    except requests.exceptions.SSLError:
        return
    raise SystemExit("the certificate was accepted without a reason to trust it")


def rustls(port, certificate):
    from pyreqwest.client import SyncClientBuilder

    with open(certificate, "rb") as file:
        pem = file.read()
    client = SyncClientBuilder().add_root_certificate_pem(pem).build()
    for host in ["localhost", "127.0.0.1"]:
        answer = client.get(f"https://{host}:{port}/healthz").build().send()
        assert answer.status == 200, answer.status
    # The words are those of rustls.
    refuse(SyncClientBuilder().build(), f"https://localhost:{port}/healthz", "invalid peer certificate: UnknownIssuer")
    # Resolves to loopback as well, but is no name of the certificate.
    refuse(client, f"https://127.0.0.2:{port}/healthz", None)


def refuse(client, url, words):
    from pyreqwest.exceptions import ConnectError

    try:
        client.get(url).build().send()
    except ConnectError as error:
        assert words is None or words in repr(error), repr(error)
        return
    raise SystemExit(f"{url} was accepted without a reason to trust its certificate")


def x509(_port, certificate):
    """The rules for the web's certificates (CA/Browser Forum), as Python's `cryptography` checks them."""
    from cryptography.x509 import DNSName, IPAddress, load_pem_x509_certificate
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    with open(certificate, "rb") as file:
        leaf = load_pem_x509_certificate(file.read())
    builder = PolicyBuilder().store(Store([leaf]))
    for name in [DNSName("localhost"), IPAddress(ipaddress.ip_address("127.0.0.1")), IPAddress(ipaddress.ip_address("::1"))]:
        builder.build_server_verifier(name).verify(leaf, [])
    try:
        builder.build_server_verifier(DNSName("elsewhere.example")).verify(leaf, [])
    except VerificationError:
        return
    raise SystemExit("another's name was accepted")


command, *arguments = sys.argv[1:]
{"boringssl": boringssl, "rustls": rustls, "x509": x509}[command](*arguments)
