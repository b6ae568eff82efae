"""A drawn figure: its size on the page, and an address that needs no file."""

from __future__ import annotations

import base64
import io

from PIL import Image

from trainer.report.drawn import Drawn


def test_sides_are_those_of_the_page_and_the_address_is_the_file() -> None:
    file = io.BytesIO()
    Image.new("RGB", (300, 200)).save(file, "PNG")
    figure = Drawn("it", "title", "caption", file.getvalue())
    assert (figure.width, figure.height) == (200, 133)
    kind, _, content = figure.data_uri.partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == file.getvalue()
