"""A picture upload that hands over the file as it came: not opened by Gradio, never fetched from an address."""

import gradio as gr
from gradio.data_classes import ImageData
from pydantic import model_validator

from ...inference.preprocess import SENTENCES


class UploadedPicture(ImageData):
    """What the browser or a script sends: a file's record. Anything else, a bare address too, is a record of no file."""

    @model_validator(mode="before")
    @classmethod
    def only_a_record(cls, value: object) -> object:
        return value if isinstance(value, dict) else {}


class PictureUpload(gr.Image):
    """A gr.Image whose value is the uploaded file's path, whatever the file holds; `open_untrusted` checks it."""

    is_template = True  # shown by gr.Image's own front end; else the browser asks for a custom component's files
    data_model = UploadedPicture

    def __init__(self, **kwargs):
        # The camera's picture as others see it: a digit in a mirror is another shape. On a phone, the one at its back.
        camera = gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}})
        super().__init__(
            type="filepath", image_mode=None, format="png", sources=["upload", "clipboard", "webcam"], webcam_options=camera, buttons=[], **kwargs
        )

    def get_config(self, cls=None) -> dict:
        return super().get_config(gr.Image)  # its properties are read off the signature, and ours hides them

    def preprocess(self, payload: UploadedPicture | None) -> str | None:
        return payload.path if payload else None

    async def async_move_resource_to_block_cache(self, url_or_file_path):
        if str(url_or_file_path).lower().startswith(("http:", "https:")):
            raise gr.Error(SENTENCES["missing"], print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)
