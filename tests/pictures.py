"""Picture files as strangers send them: good, odd, broken and hostile."""

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw

SEVEN = [(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]
THREE = [(0.3, 0.28), (0.45, 0.18), (0.65, 0.22), (0.68, 0.36), (0.5, 0.47), (0.68, 0.58), (0.7, 0.74), (0.5, 0.84), (0.3, 0.76)]


def drawn(points: list[tuple[float, float]], side: int = 280, width: float = 0.07, ink: int = 0, paper: int = 255) -> Image.Image:
    """A digit as one stroke with round ends, mode L; points and width are shares of the side."""
    picture = Image.new("L", (side, side), paper)
    pen, radius = ImageDraw.Draw(picture), width * side / 2
    places = [(x * side, y * side) for x, y in points]
    pen.line(places, fill=ink, width=max(1, round(2 * radius)), joint="curve")
    for x, y in places:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    return picture


def strokes(*digits: list[tuple[float, float]]) -> str:
    """The value of a pad on which `digits` were drawn."""
    return ".".join(base64.b64encode(bytes(round(place * 255) for point in digit for place in point)).decode() for digit in digits)


def photographed(points: list[tuple[float, float]], seed: int = 0) -> Image.Image:
    """Pen on paper by a phone, 1200 x 900: thin blue ink, a lamp from one side, a soft shadow, grain, a cream sheet."""
    random = np.random.default_rng(seed)
    ink = np.asarray(drawn(points, side=900, width=0.018), np.float32) / 255
    ink = np.pad(ink, ((0, 0), (180, 120)), constant_values=1.0)[..., None]
    y, x = np.mgrid[0:1:900j, 0:1:1200j][..., None]
    light = 0.62 + 0.3 * x - 0.12 * y**2 - 0.16 / (1 + np.exp((x + 0.4 * y - 0.5) * 25))
    paper, pen = np.array([236, 228, 208]), np.array([38, 52, 120])
    picture = (pen + (paper - pen) * ink) * light + random.normal(0, 4, (900, 1200, 3))
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A true grey PNG of a few hundred kilobytes that would decode to `width` x `height` bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(width + 1)
    content = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script>alert(1)</script><circle r="40"/></svg>'
