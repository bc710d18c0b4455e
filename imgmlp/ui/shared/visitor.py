"""Whose request it is: behind a proxy every request comes from the proxy, and an agent's tool call from the app itself."""

from ipaddress import IPv4Address, IPv6Address, ip_address

FORWARDED = b"x-forwarded-for"


class Visitor:
    """ASGI middleware: afterwards `client` is the visitor's address, and the header says it too, for tool calls pass the header on."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http" and scope["client"]:
            peer, port = scope["client"]
            forwarded = b",".join(value for name, value in scope["headers"] if name == FORWARDED).decode("latin-1")
            visitor = address(peer, forwarded)
            headers = [(name, value) for name, value in scope["headers"] if name != FORWARDED]
            scope = scope | {"client": (visitor, port), "headers": [*headers, (FORWARDED, visitor.encode("latin-1"))]}
        await self.app(scope, receive, send)


def address(peer: str, forwarded: str) -> str:
    """The visitor's: what the last proxy has seen that is no proxy; those have private addresses, as visitors of a network at home or at school have.

    forwarded: the X-Forwarded-For header. Every proxy writes at its end; what stands before may be anybody's, and where `peer` is no proxy all of it.
    """
    seen = [one for one in map(str.strip, reversed(forwarded.split(","))) if one and not is_this_machine(one)] if _is_private(peer) else []
    return next((one for one in seen if not _is_private(one)), seen[0] if seen else peer)


def is_this_machine(name: str) -> bool:
    """Whether an address is a loopback one; what is no address is not."""
    return (found := _parsed(name)) is not None and found.is_loopback


def _is_private(name: str) -> bool:
    return (found := _parsed(name)) is not None and not found.is_global


def _parsed(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
