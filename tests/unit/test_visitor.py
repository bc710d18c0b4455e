"""Whose request it is, wherever the app stands: on the network itself, behind a Space's proxy, or asked by itself for an agent."""

import asyncio

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from imgmlp.ui.shared.visitor import FORWARDED, SPACE_PROXIES, Visitor, is_this_machine

AT_HOME = "127.0.0.1"  # uvicorn's own


def visitor(peer: str, *forwarded: str, proxies: str) -> str:
    """Whom the app takes a request for, behind what uvicorn puts before it; the header that it would pass on says the same."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    headers = [(b"host", b"app"), *((FORWARDED, value.encode()) for value in forwarded)]
    scope = {"type": "http", "client": (peer, 50_000), "headers": headers}
    asyncio.run(ProxyHeadersMiddleware(Visitor(app), proxies)(scope, None, None))
    address = seen[0]["client"][0]
    assert [value.decode() for name, value in seen[0]["headers"] if name == FORWARDED] == [address]
    return address


@pytest.mark.parametrize("proxies, peer, forwarded, expected", [
    (AT_HOME, "9.9.9.9", [], "9.9.9.9"),
    (AT_HOME, "9.9.9.9", ["1.1.1.1"], "9.9.9.9"),  # no proxy: the header is the visitor's own invention
    (AT_HOME, "192.168.1.7", ["8.8.8.8"], "192.168.1.7"),
    (AT_HOME, "192.168.1.7", ["127.0.0.1"], "192.168.1.7"),
    (AT_HOME, "127.0.0.1", [], "127.0.0.1"),
    (AT_HOME, "127.0.0.1", ["127.0.0.1, 192.168.1.7"], "192.168.1.7"),  # a class room, a proxy on the same machine
    (SPACE_PROXIES, "10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
    (SPACE_PROXIES, "10.0.0.1", ["8.8.8.8, 1.1.1.1"], "1.1.1.1"),  # what stands before may be anybody's
    (SPACE_PROXIES, "10.0.0.1", ["8.8.8.8", "1.1.1.1:4711"], "1.1.1.1"),
    (SPACE_PROXIES, "10.0.0.1", ["127.0.0.1, 1.1.1.1, 10.0.0.7, 100.64.3.2"], "1.1.1.1"),  # proxies behind each other
    (SPACE_PROXIES, "10.0.0.1", ["2606:4700::1"], "2606:4700::1"),
    (SPACE_PROXIES, "127.0.0.1", ["1.1.1.1"], "1.1.1.1"),  # the app, calling itself for an agent
])  # fmt: skip
def test_a_visitor_is_whom_the_last_proxy_saw(proxies, peer, forwarded, expected):
    assert visitor(peer, *forwarded, proxies=proxies) == expected


@pytest.mark.parametrize("address, itself", [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True),
    ("9.9.9.9", False), ("192.168.1.7", False), ("::ffff:9.9.9.9", False), ("testclient", False), ("", False),
])  # fmt: skip
def test_this_machine_is_known_by_its_address(address, itself):
    assert is_this_machine(address) is itself
