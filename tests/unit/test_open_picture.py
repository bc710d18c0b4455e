"""Any file opens right or gets one sentence, and never more memory than a large photograph takes."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgmlp.inference.preprocess import SENTENCES, PictureError, open_picture
from tests.conftest import ROOT
from tests.pictures import SEVEN, SVG, drawn, encoded, photographed, png_bomb

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
COLOURS = {"top": (200, 30, 30), "bottom": (30, 30, 200)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture
def opened(folder):
    def read(content: bytes, name: str = "picture.png") -> Image.Image:
        (folder / name).write_bytes(content)
        return open_picture(folder / name)

    return read


def flag(size: tuple[int, int] = (80, 60)) -> Image.Image:
    """Red above, blue below."""
    picture = Image.new("RGB", size, COLOURS["top"])
    picture.paste(COLOURS["bottom"], (0, size[1] // 2, *size))
    return picture


def looks_like_the_flag(picture: Image.Image) -> bool:
    pixels = np.asarray(picture.convert("RGB"), float)
    near = lambda rows, colour: np.abs(rows.mean((0, 1)) - COLOURS[colour]).max() < 12
    return near(pixels[: len(pixels) // 3], "top") and near(pixels[-len(pixels) // 3 :], "bottom")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF"])
def test_every_format_in_the_sentence_opens(opened, kind):
    assert looks_like_the_flag(opened(encoded(flag(), kind)))


def test_a_phones_two_picture_jpeg_opens(opened):
    assert looks_like_the_flag(opened(encoded(flag(), "MPO", save_all=True, append_images=[flag()])))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright_whatever_their_exif_says(opened, orientation):
    undo = {  # how the camera stored an upright picture under each tag; Exif 2.3, tag 274
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }
    stored = flag() if orientation == 1 else flag().transpose(undo[orientation])
    exif = Image.Exif()
    exif[274] = orientation
    picture = opened(encoded(stored, "JPEG", exif=exif))
    assert picture.size == (80, 60) and looks_like_the_flag(picture)


def test_cmyk_is_shown_in_its_colours(opened):
    assert looks_like_the_flag(opened(encoded(flag().convert("CMYK"), "JPEG")))


def test_a_palette_with_alpha_keeps_it(opened):
    picture = flag().quantize(4)
    opaque = opened(encoded(picture, transparency=picture.getpixel((0, 0))))
    assert opaque.mode == "RGBA"
    assert opaque.getpixel((5, 5))[3] == 0 and opaque.getpixel((5, 55))[3] == 255


def test_sixteen_bits_are_scaled_not_clipped(opened):
    ramp = np.tile(np.linspace(0, 65535, 64), (8, 1))
    content = encoded(Image.fromarray(ramp.astype(np.uint16)))
    assert np.abs(np.asarray(opened(content), float) - ramp / 257).max() <= 1


def test_a_dark_sixteen_bit_picture_stays_dark(opened):
    assert np.asarray(opened(encoded(Image.fromarray(np.full((8, 8), 200, np.uint16))))).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
def test_a_colour_that_stands_for_nothing_is_transparent(opened, bits):
    levels = np.asarray(drawn(SEVEN)).astype(np.uint16)
    content = encoded(Image.fromarray(levels * 257 if bits == 16 else levels.astype(np.uint8)), transparency=2**bits - 1)
    alpha = np.asarray(opened(content).getchannel("A"))
    assert np.array_equal(alpha, np.where(levels == 255, 0, 255))


@on_linux
@pytest.mark.parametrize("kind, most", [("JPEG", 30_000), ("PNG", 120_000)])
def test_a_large_picture_opens_small(folder, kind, most):
    """most: KiB at the peak; whole, a JPEG would take 70,000 more."""
    (folder / "large").write_bytes(encoded(flag((6000, 4000)), kind))
    code = """if True:
        import re, sys
        from imgmlp.inference.preprocess import WORKING_SIDE, open_picture
        peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])  # ru_maxrss would begin with the parent's
        before = peak()
        picture = open_picture(sys.argv[1])
        print(*picture.size, WORKING_SIDE, peak() - before)"""
    done = subprocess.run([sys.executable, "-c", code, folder / "large"], cwd=ROOT, capture_output=True, text=True, check=True)
    width, height, side, peak = map(int, done.stdout.split())
    assert side <= width < 2 * side and width == 1.5 * height and peak < most


def test_an_animated_gif_shows_its_first_frame(opened):
    others = [Image.new("RGB", (80, 60), "green")] * 3
    assert looks_like_the_flag(opened(encoded(flag(), "GIF", save_all=True, append_images=others)))


def test_one_pixel_opens(opened):
    assert opened(encoded(Image.new("RGB", (1, 1), "red"))).size == (1, 1)


BROKEN = {
    "empty": (b"", "unreadable"),
    "truncated": (encoded(photographed(SEVEN), "JPEG")[:20_000], "unreadable"),
    "truncated png": (encoded(photographed(SEVEN))[:-40_000], "unreadable"),
    "text": (b"seven", "unreadable"),
    "svg": (SVG, "unreadable"),
    "thread": (encoded(Image.new("L", (1, 5000))), "narrow"),
    "bomb": (png_bomb(), "large"),
    "bomb webp": (encoded(Image.new("L", (8000, 8000)), "WEBP", lossless=True), "large"),
    "bomb gif": (encoded(Image.new("P", (8000, 8000)), "GIF"), "large"),
}


@pytest.mark.parametrize("content, key", BROKEN.values(), ids=list(BROKEN))
def test_what_cannot_be_read_gets_its_sentence(opened, content, key):
    with pytest.raises(PictureError) as caught:
        opened(content)
    assert str(caught.value) == SENTENCES[key]


def test_a_folder_and_a_missing_file_get_their_sentence(folder):
    for path in (folder, folder / "none.png"):
        with pytest.raises(PictureError, match="no such picture file"):
            open_picture(path)


@on_linux
def test_bombs_cost_no_memory(folder):
    """In a process of its own, whose peak is known."""
    (folder / "bomb.png").write_bytes(png_bomb())
    code = """if True:
        import re, sys
        from imgmlp.inference.preprocess import PictureError, open_picture
        peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])  # ru_maxrss would begin with the parent's
        before = peak()
        for _ in range(20):
            try: open_picture(sys.argv[1])
            except PictureError: pass
        print(peak() - before)"""
    done = subprocess.run([sys.executable, "-c", code, folder / "bomb.png"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000  # KiB; decoded it would be 400,000


WHOLE = [encoded(flag(), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")] + [
    encoded(flag().convert("CMYK"), "JPEG"),
    encoded(flag().quantize(4), transparency=0),
    encoded(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30))),
    encoded(drawn(SEVEN), "GIF", save_all=True, append_images=[drawn(SEVEN, ink=90)]),
]


@settings(max_examples=600, deadline=None)
@given(whole=st.sampled_from(WHOLE), data=st.data())
def test_mutated_files_open_or_get_one_sentence(folder, whole, data):
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["change", "cut", "insert", "repeat"])):
            case "change":
                content[place] = data.draw(st.integers(0, 255))
            case "cut":
                del content[place : place + data.draw(st.integers(1, 64))]
            case "insert":
                content[place:place] = data.draw(st.binary(min_size=1, max_size=16))
            case "repeat":
                content[place:place] = content[place : place + 32]
        if not content:
            break
    path = folder / "mutated"
    path.write_bytes(bytes(content))
    try:
        picture = open_picture(path)
    except PictureError as error:
        assert str(error) in SENTENCES.values()
    else:
        assert picture.mode in ("L", "RGB", "RGBA") and max(picture.size) <= 1024
