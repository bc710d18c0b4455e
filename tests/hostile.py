"""What strangers send who try to break the app: requests that no client makes, pictures and drawings with bytes changed."""

import json
import struct
import zlib
from random import Random

from PIL import Image

from tests.pictures import encoded

PATHS = (
    *(f"{kind}/{name}" for kind in ("run", "call") for name in ("classify", "samples", "train", "estimate_memory", "measure_memory", "nope")), "run/predict",
    "api/classify", "queue/join", "upload", "component_server", "cancel", "reset", "stream/x", "file=/etc/passwd", "file=app.py", "file=../../etc/passwd",
)  # fmt: skip
VALUES = (
    None, True, -1, 1e308, 2**70, "", "x" * 5000, "\u0000", [], {}, [[]], [None] * 50, {"__type__": "update"}, {"path": "/etc/passwd"}, {"url": "http://127.0.0.1:1/"},
    {"path": "../../etc/passwd", "meta": {"_type": "gradio.FileData"}}, {"path": "app.py", "meta": {"_type": "gradio.FileData"}}, "mnist", 64, [128],
)  # fmt: skip
TYPES = ("application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "")


def request(random: Random) -> dict:
    """One request, as httpx.request takes it, its address without the app's."""
    match random.randrange(4):
        case 0:
            body = json.dumps(random.choice(VALUES)).encode()
        case 1:
            body = random.randbytes(random.randrange(300))
        case 2:
            body = b'{"data":' + random.choice((b"[", b'{"a":', b"[1,")) * random.randrange(3000)
        case _:
            inputs = [random.choice(VALUES) for _ in range(random.randrange(12))]
            body = json.dumps({"data": inputs, "fn_index": random.choice((None, 0, 5, 999, -1, "x")), "session_hash": random.choice((None, "s", 5, []))}).encode()
    return {
        "method": random.choice(("POST", "POST", "POST", "GET", "PUT", "DELETE")), "url": random.choice(PATHS), "content": body,
        "headers": {"content-type": random.choice(TYPES)},
    }  # fmt: skip


def mutated(content: bytes, random: Random) -> bytes:
    """The same with up to eight bytes changed, cut, put in or repeated."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        place = random.randrange(len(changed) + 1)
        match random.randrange(4):
            case 0 if place < len(changed):
                changed[place] = random.randrange(256)
            case 1:
                del changed[place : place + random.randint(1, 64)]
            case 2:
                changed[place:place] = random.randbytes(random.randint(1, 16))
            case _:
                changed[place:place] = changed[place : place + 32]
    return bytes(changed)


def endless_gif(blocks: int) -> bytes:
    """A whole GIF whose comment comes in blocks of one byte, of which Pillow 12 copies all that it has for each (GHSA-22hg-r758-rrw9)."""
    gif = encoded(Image.new("L", (28, 28), 255), "GIF")
    picture = gif.index(b"\x2c" + bytes(4) + b"\x1c")
    return gif[:picture] + b"\x21\xfe" + b"\x01a" * blocks + b"\0" + gif[picture:]


def swollen_png(tags: int, tag_bytes: int) -> bytes:
    """A whole PNG whose Exif tags are all in the same place, which Pillow 12 reads anew for each (GHSA-wqgw-9xfh-qf2g)."""
    where = 8 + 2 + 12 * tags + 4
    entries = b"".join(struct.pack("<HHLL", 40_000 + tag, 7, tag_bytes, where) for tag in range(tags))
    exif = b"eXIf" + b"II*\0" + struct.pack("<LH", 8, tags) + entries + bytes(4 + tag_bytes)
    png = encoded(Image.new("L", (28, 28), 255))
    pixels = png.index(b"IDAT") - 4
    return png[:pixels] + struct.pack(">L", len(exif) - 4) + exif + struct.pack(">L", zlib.crc32(exif)) + png[pixels:]
