"""Names that people type: those of torchvision and Albumentations, and the field's plain words.

Each leads to the transform of ours that does the same, or to the nearest one where none does; a
name is compared without case, spaces, hyphens and underscores, and without a leading `Random`.
"""

from __future__ import annotations

from collections.abc import Mapping

from augbuild.catalogue.transforms import CATALOGUE
from augbuild.core.text import nearest

# By our transform, the names under which peers have it (torchvision 0.20, Albumentations 2.0.8).
_SAME: Mapping[str, str] = {
    "blur": "gaussianblur gaussian_blur defocus boxblur medianblur averageblur advancedblur",
    "brightness": "adjustbrightness adjust_brightness gamma adjustgamma illumination exposure",
    "change_aspect_ratio": "aspectratio stretch",
    "color_jitter": "colorjitter colourjitter jitter brightnesscontrast planckianjitter",
    "contrast": "adjustcontrast adjust_contrast autocontrast",
    "convert_color": "colorspace tosepia sepia",
    "crop": "centercrop fivecrop tencrop cropandpad",
    "encoding_quality": "jpeg jpegcompression imagecompression compression",
    "grayscale": "togray to_gray togrey grey gray greyscale black_and_white",
    "hflip": "horizontalflip horizontal_flip fliplr mirror fliphorizontal leftright flip",
    "opacity": "fade",
    "overlay_emoji": "emoji sticker",
    "overlay_image": "overlayelements watermark paste overlay copypaste",
    "overlay_stripes": "stripes scanlines",
    "overlay_text": "textimage text caption",
    "pad": "border padding zoomout copymakeborder",
    "pad_square": "padifneeded letterbox square topadded",
    "perspective_transform": "perspective perspectivewarp fourpoint",
    "pixelization": "pixelate downscale superpixels mosaicpixels",
    "random_crop": "resizedcrop sizedcrop croppedresize croprandom cropfromborders zoom zoomin",
    "random_noise": "gaussnoise gaussiannoise gaussian_noise isonoise additivenoise noise "
    "multiplicativenoise speckle",
    "resize": "resized toresolution",
    "rotate": "rotation saferotate rotate90 affine shiftscalerotate turn rotated",
    "saturation": "adjustsaturation huesaturationvalue colour color",
    "scale": "rescale randomscale",
    "sharpen": "adjustsharpness sharpness unsharpmask",
    "shuffle_pixels": "pixeldropout saltandpepper",
    "skew": "shear shearx sheary",
    "vflip": "verticalflip vertical_flip flipud flipvertical topbottom",
}

# What no transform of the catalogue does: the nearest one, or what to write instead.
_NONE: Mapping[str, str] = {
    "coarsedropout": "the nearest is overlay_image",
    "cutout": "the nearest is overlay_image",
    "erasing": "the nearest is overlay_image",
    "griddropout": "the nearest is overlay_stripes",
    "gridmask": "the nearest is overlay_stripes",
    "motionblur": "the nearest is blur",
    "zoomblur": "the nearest is blur",
    "glassblur": "the nearest is blur",
    "elastictransform": "the nearest is perspective_transform",
    "griddistortion": "the nearest is perspective_transform",
    "opticaldistortion": "the nearest is perspective_transform",
    "thinplatespline": "the nearest is perspective_transform",
    "piecewiseaffine": "the nearest is perspective_transform",
    "translate": "the nearest is random_crop",
    "translatex": "the nearest is random_crop",
    "translatey": "the nearest is random_crop",
    "shift": "the nearest is random_crop",
    "transpose": "the nearest is rotate",
    "hue": "the nearest is color_jitter",
    "adjusthue": "the nearest is color_jitter",
    "rgbshift": "the nearest is color_jitter",
    "channelshuffle": "the nearest is color_jitter",
    "channeldropout": "the nearest is grayscale",
    "fancypca": "the nearest is color_jitter",
    "photometricdistort": "the nearest is color_jitter",
    "equalize": "the nearest is contrast",
    "clahe": "the nearest is contrast",
    "tonecurve": "the nearest is contrast",
    "posterize": "the nearest is convert_color",
    "solarize": "the nearest is contrast",
    "invert": "the nearest is contrast",
    "invertimg": "the nearest is contrast",
    "emboss": "the nearest is sharpen",
    "fog": "the nearest is opacity",
    "rain": "the nearest is overlay_stripes",
    "snow": "the nearest is random_noise",
    "shadow": "the nearest is brightness",
    "sunflare": "the nearest is brightness",
    "mixup": "it mixes the labels of two images, which files cannot hold",
    "cutmix": "it mixes the labels of two images, which files cannot hold",
    "mosaic": "it mixes the labels of several images, which files cannot hold",
    "autoaugment": "write a [[transforms]] table with some_of instead",
    "randaugment": "write a [[transforms]] table with some_of instead",
    "trivialaugmentwide": "write a [[transforms]] table with one_of instead",
    "trivialaugment": "write a [[transforms]] table with one_of instead",
    "augmix": "write a [[transforms]] table with some_of instead",
    "someof": "write some_of = N and from = [...] instead of op",
    "oneof": "write one_of = [...] instead of op",
    "compose": "list the transforms one after another",
    "normalize": "pixels are normalised in training, not in files",
    "totensor": "pixels become tensors in training, not in files",
    "totensorv2": "pixels become tensors in training, not in files",
    "longestmaxsize": "write max_side in [output] instead",
    "smallestmaxsize": "the nearest is resize",
}

_PREFIXES = ("a.", "t.", "v2.", "random")


def _plain(name: str) -> str:
    """Return a name without what people write in different ways."""
    plain = name.casefold()
    for mark in " -_":
        plain = plain.replace(mark, "")
    return plain


def _of_peers(name: str) -> str:
    """Return a plain name without what peers put before it."""
    plain = _plain(name)
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    return plain


def _by_name() -> dict[str, str]:
    """Return our transform for each name of a peer, normalised."""
    known: dict[str, str] = {}
    for ours, names in _SAME.items():
        for name in names.split():
            known.setdefault(_of_peers(name), ours)
    return known


_OURS = _by_name()


def suggest_transform(name: str) -> str:
    """Return a hint for a name that is not in the catalogue, as a clause without a full stop."""
    ours = {_plain(each): each for each in CATALOGUE}
    if _plain(name[:100]) in ours:
        return f'did you mean "{ours[_plain(name)]}"?'
    wanted = _of_peers(name[:100])
    if wanted in _OURS:
        return f'here it is called "{_OURS[wanted]}"'
    if wanted in _NONE:
        return f"it is not available; {_NONE[wanted]}"
    near = nearest(name, CATALOGUE)
    if near:
        return f'did you mean "{near}"?'
    near = nearest(wanted, _OURS)
    if near:
        return f'did you mean "{_OURS[near]}"?'
    return "`augbuild ops` lists them"
