"""Uploads are opened as other pictures are, and none of them keeps the others waiting for ever."""

import asyncio

import pytest

from imgmlp.inference.preprocess import PictureError, open_picture
from imgmlp.ui.shared import untrusted
from tests.hostile import endless_gif
from tests.pictures import THREE, encoded, photographed


def test_an_upload_is_opened_as_any_picture(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(encoded(photographed(THREE), "JPEG"))
    assert asyncio.run(untrusted.open_untrusted(str(path))) == open_picture(path)


def test_who_waits_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "PATIENCE_SECONDS", 0.1)
    path = tmp_path / "picture"
    path.write_bytes(endless_gif(2_000_000))
    with pytest.raises(PictureError) as caught:
        asyncio.run(untrusted.open_untrusted(str(path)))
    assert caught.value.key == "busy"
