"""Whose request it is: behind a proxy every request comes from the proxy, and an agent's tool call from the app itself.

uvicorn replaces a proxy's address by the one that the proxy has seen, the last in the header; what stands before it may be anybody's.
"""

from ipaddress import ip_address

FORWARDED = b"x-forwarded-for"
SPACE_PROXIES = "10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,127.0.0.1"  # as FORWARDED_ALLOW_IPS: a Space has private addresses alone before it


class Visitor:
    """ASGI middleware: the header names the client and nobody else, for Gradio passes it on when an agent's tool call goes through the queue."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http" and scope["client"]:
            headers = [(name, value) for name, value in scope["headers"] if name != FORWARDED]
            scope = scope | {"headers": [*headers, (FORWARDED, scope["client"][0].encode("latin-1"))]}
        await self.app(scope, receive, send)


def is_this_machine(address: str) -> bool:
    """Whether it is a loopback address; what is no address is not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
