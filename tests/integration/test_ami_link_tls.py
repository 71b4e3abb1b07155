"""S13: AMI over TLS, and what is said when the two sides do not agree on it.

`ami_tls.pem` is a self-signed certificate for 127.0.0.1 with its key, made for these tests and used by nothing else.
"""

import ssl
from pathlib import Path

import pytest

from callguard.pbx.ami import AmiAction, Reply
from tests.integration.ami_owner import Owner, linked
from tests.integration.ami_server import AmiServer
from tests.integration.ami_stream import event
from tests.integration.pbx_server import until

PEM = Path(__file__).with_name("ami_tls.pem")


@pytest.fixture
def pbx_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


def test_a_trusted_pbx_is_spoken_to(pbx_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust comes from where OpenSSL looks, `SSL_CERT_FILE` included; a loss is noticed and mended as without TLS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    owner = Owner()
    with AmiServer(tls=pbx_tls) as server, linked(server.port, owner, "Hangup", tls=True) as link:
        until(lambda: owner.ups == 1)
        assert isinstance(link.ask(AmiAction("Status"), 1.0), Reply)
        server.last.send(event("Hangup", CallerIDName="Ștefan"))
        until(lambda: owner.values("CallerIDName") == ["Ștefan"])
        server.last.hang_up()
        until(lambda: owner.ups == 2)


def test_a_pbx_that_cannot_prove_itself_is_not_spoken_to(pbx_tls: ssl.SSLContext) -> None:
    owner = Owner()
    with AmiServer(tls=pbx_tls) as server, linked(server.port, owner, tls=True):
        until(lambda: owner.downs)
        assert owner.downs == ["the PBX's TLS certificate is not trusted: self-signed certificate"]
        assert not server.received()


def test_tls_to_a_plain_port() -> None:
    """Issue: TLS to a plain port gets a clear reason, within the bound."""
    owner = Owner()
    with AmiServer() as server, linked(server.port, owner, tls=True):
        until(lambda: owner.downs, within_s=1.5)
        assert owner.downs == ["the port does not speak TLS"]


def test_tls_to_a_port_that_says_nothing() -> None:
    owner = Owner()
    with AmiServer(greeting=b"") as server, linked(server.port, owner, tls=True):
        until(lambda: owner.downs, within_s=1.5)
        assert owner.downs == ["no connection within 0.5 s"]


def test_plain_to_a_tls_port(pbx_tls: ssl.SSLContext) -> None:
    owner = Owner()
    with AmiServer(tls=pbx_tls) as server, linked(server.port, owner):
        until(lambda: owner.downs, within_s=1.5)
        assert owner.downs == ["no AMI greeting within 0.5 s (wrong port, or one that expects TLS)"]
