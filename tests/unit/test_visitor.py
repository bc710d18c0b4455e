"""Whose request it is, wherever the app stands: on the network itself, behind a proxy, or asked by itself for an agent."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmlp.ui.shared.visitor import FORWARDED, Visitor, address, is_this_machine


def passed_on(peer: str, *forwarded: bytes) -> dict:
    """The request as what is behind the middleware gets it."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "http", "client": (peer, 50_000), "headers": [(b"host", b"app"), *((FORWARDED, value) for value in forwarded)]}
    asyncio.run(Visitor(app)(scope, None, None))
    return seen[0]


@pytest.mark.parametrize("peer, forwarded, visitor", [
    ("9.9.9.9", [], "9.9.9.9"),
    ("9.9.9.9", [b"1.1.1.1"], "9.9.9.9"),  # no proxy: the header is the visitor's own invention
    ("10.0.0.1", [b"1.1.1.1"], "1.1.1.1"),
    ("10.0.0.1", [b"8.8.8.8, 1.1.1.1"], "1.1.1.1"),  # what stands before may be anybody's
    ("10.0.0.1", [b"8.8.8.8", b"1.1.1.1"], "1.1.1.1"),
    ("10.0.0.1", [b"1.1.1.1, 10.0.0.7, 100.64.3.2"], "1.1.1.1"),  # two proxies behind each other
    ("10.0.0.1", [b"127.0.0.1"], "10.0.0.1"),  # who claims to be this machine is not believed
    ("172.17.0.1", [b"127.0.0.1, 192.168.1.7"], "192.168.1.7"),  # a class room
    ("10.0.0.1", [b"unknown"], "unknown"),
    ("fd00::1", [b"2606:4700::1"], "2606:4700::1"),
    ("127.0.0.1", [], "127.0.0.1"),
])  # fmt: skip
def test_a_visitor_is_who_the_last_proxy_saw(peer, forwarded, visitor):
    scope = passed_on(peer, *forwarded)
    assert scope["client"] == (visitor, 50_000)
    assert [value for name, value in scope["headers"] if name == FORWARDED] == [visitor.encode()]


@given(st.text(st.characters(max_codepoint=255)))
def test_no_header_makes_a_stranger_this_machine(forwarded):
    assert not is_this_machine(address("10.0.0.1", forwarded))
    assert passed_on("10.0.0.1", forwarded.encode("latin-1"))["client"][0]
