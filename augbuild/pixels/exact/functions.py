"""The functions that stand for AugLy's, by the name of their op."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image

from augbuild.pixels.exact import colours, filters, frames, layers, rotation, sizes, stripes

Function = Callable[..., Image.Image]

FUNCTIONS: Mapping[str, Function] = {
    "blur": filters.blur,
    "brightness": colours.brightness,
    "change_aspect_ratio": sizes.change_aspect_ratio,
    "clip_image_size": sizes.clip_image_size,
    "color_jitter": colours.color_jitter,
    "contrast": colours.contrast,
    "convert_color": colours.convert_color,
    "crop": frames.crop,
    "encoding_quality": filters.encoding_quality,
    "grayscale": colours.grayscale,
    "hflip": frames.hflip,
    "opacity": colours.opacity,
    "overlay_emoji": layers.overlay_emoji,
    "overlay_image": layers.overlay_image,
    "overlay_onto_background_image": layers.overlay_onto_background_image,
    "overlay_stripes": stripes.overlay_stripes,
    "pad": frames.pad,
    "pad_square": frames.pad_square,
    "pixelization": sizes.pixelization,
    "resize": sizes.resize,
    "rotate": rotation.rotate,
    "saturation": colours.saturation,
    "scale": sizes.scale,
    "sharpen": filters.sharpen,
    "skew": frames.skew,
    "vflip": frames.vflip,
}
