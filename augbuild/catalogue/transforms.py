"""The catalogue: every AugLy image transform that a recipe can name, as pure data.

Names, parameters and defaults are those of AugLy 1.0.0 (`augly.image.functional`); the ranges are
stricter than its asserts. Where a default differs, the parameter's doc says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeGuard

JsonValue = str | int | float | bool | Sequence["JsonValue"] | None
"""What a parameter may be: anything that JSON has, except objects."""

Kind = Literal[
    "number",
    "integer",
    "boolean",
    "choice",
    "colour",
    "text",
    "seed",
    "emoji",
    "font",
    "template",
    "image",
    "matrix",
]
"""What a parameter is, which decides how a recipe checks it and where an asset is looked for."""

ASSET_KINDS: frozenset[Kind] = frozenset({"emoji", "font", "template", "image"})


@dataclass(frozen=True, slots=True)
class Op:
    """One transform call with concrete parameters, ready to apply."""

    name: str
    params: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a transform.

    `low` and `high` bound a number, each number of a colour or matrix, and the length of a text.
    Both are included, but for an `open_low` or `open_high` end. An `optional` parameter may be
    None, a `required` one has no default. The None of a seed stands for one drawn per variant.
    """

    kind: Kind
    default: JsonValue
    doc: str
    low: float = 0.0
    high: float = 1.0
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str | int, ...] = ()
    optional: bool = False
    required: bool = False

    def accepts(self, value: object) -> bool:
        """Check that an op may have this value: right in kind, finite and in range.

        The name of an asset is only looked up when the op is applied.
        """
        if value is None:
            return self.optional
        match self.kind:
            case "number":
                return self._is_within(value)
            case "integer" | "seed":
                return type(value) is int and self._is_within(value)
            case "boolean":
                return isinstance(value, bool)
            case "choice":
                return type(value) in {int, str} and value in self.choices  # True == 1
            case "colour":
                if not _is_list(value, {3}):
                    return False
                return all(type(part) is int and self._is_within(part) for part in value)
            case "matrix":
                return _is_list(value, {4, 12}) and all(self._is_within(part) for part in value)
            case "text":
                return isinstance(value, str) and self._is_within(len(value))
        return isinstance(value, str)

    def _is_within(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        # NaN fails every comparison, and infinity one of these: the ends are finite.
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below


def _is_list(value: object, lengths: set[int]) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple) and len(value) in lengths


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform.

    `identities` are sets of values at which it does nothing to an RGB image. `ascending` has pairs
    of parameters of which the first must be the smaller one; with `may_be_equal` both may be the
    same. `geometric` transforms move pixels. `caution` is what to know before using it.
    """

    doc: str
    params: Mapping[str, Param] = field(default_factory=dict)
    geometric: bool = False
    identities: tuple[Mapping[str, JsonValue], ...] = ()
    ascending: tuple[tuple[str, str], ...] = ()
    may_be_equal: bool = False
    caution: str | None = None

    def __post_init__(self) -> None:
        # The catalogue is one for the whole process, so nobody may change it.
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    def out_of_order(self, params: Mapping[str, object]) -> tuple[str, str] | None:
        """Return the first pair of parameters that is in the wrong order.

        A pair of which one is None, or still to be drawn, is in order.
        """
        for low, high in self.ascending:
            first, second = params.get(low), params.get(high)
            if not isinstance(first, int | float) or not isinstance(second, int | float):
                continue
            if first > second or (first == second and not self.may_be_equal):
                return low, high
        return None


def _factor(doc: str, default: float = 1.0, high: float = 10.0) -> Param:
    return Param("number", default, doc, 0.0, high)


def _fraction(
    doc: str, default: float, *, open_low: bool = False, open_high: bool = False
) -> Param:
    return Param("number", default, doc, 0.0, 1.0, open_low=open_low, open_high=open_high)


def _colour(doc: str, default: tuple[int, int, int]) -> Param:
    return Param("colour", list(default), doc, 0, 255)


def _seed(doc: str) -> Param:
    # AugLy's seeds are constants: the same noise and the same shuffle for every image.
    return Param(
        "seed",
        None,
        f"{doc}; drawn for each variant (AugLy's constant serves all alike)",
        0,
        2**32 - 1,
    )


def _text(doc: str, default: str | None) -> Param:
    return Param("text", default, doc, 1, 4096, required=default is None)


# AugLy bounds no size from above, and pads a picture of 64x48 for eight seconds where asked to.
_SIDE = 20_000
_BLACK, _WHITE, _RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)
_OPACITY = _fraction("0 is invisible, 1 opaque", 1.0)
_MAX_PIXELS = 50_000_000
# Not LAB: Pillow has no conversion to it.
_MODES = ("1", "CMYK", "HSV", "L", "P", "RGB", "YCbCr")
_RESAMPLE = "resampling filter: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming"
# AugLy pastes at that fraction of the size, so at 1.0 nothing of the overlay is in the picture.
_INVISIBLE: tuple[Mapping[str, JsonValue], ...] = ({"opacity": 0.0}, {"x_pos": 1.0}, {"y_pos": 1.0})


def _position(x: float, y: float) -> dict[str, Param]:
    return {
        "x_pos": _fraction("left edge, as a fraction of the width", x),
        "y_pos": _fraction("top edge, as a fraction of the height", y),
    }


CATALOGUE: Mapping[str, Transform] = MappingProxyType(
    {
        "blur": Transform(
            "Blur with a Gaussian.",
            {
                "radius": Param(
                    "number",
                    2.0,
                    "standard deviation of the Gaussian, in pixels",
                    0.0,
                    1000.0,
                    open_low=True,
                )
            },
            caution="the radius is in pixels: what softens a large photo wipes out a thumbnail",
        ),
        "brightness": Transform(
            "Darken or brighten.",
            {"factor": _factor("below 1 darkens, 1 leaves as is, above 1 brightens")},
            identities=({"factor": 1.0},),
            caution="0 is black",
        ),
        "change_aspect_ratio": Transform(
            "Stretch to another ratio of width to height, keeping the area.",
            {"ratio": Param("number", 1.0, "width divided by height of the result", 0.1, 10.0)},
            geometric=True,
            caution="1.0 makes the image square, it does not leave it as is",
        ),
        "clip_image_size": Transform(
            "Scale up or down until the number of pixels lies between two bounds.",
            {
                "min_resolution": Param(
                    "integer",
                    None,
                    "pixels (width x height) at least",
                    1,
                    _MAX_PIXELS,
                    optional=True,
                ),
                "max_resolution": Param(
                    "integer",
                    None,
                    "pixels (width x height) at most",
                    1,
                    _MAX_PIXELS,
                    optional=True,
                ),
            },
            geometric=True,
            identities=({"min_resolution": None, "max_resolution": None},),
            ascending=(("min_resolution", "max_resolution"),),
            may_be_equal=True,
        ),
        "color_jitter": Transform(
            "Change brightness, then contrast, then saturation.",
            {
                "brightness_factor": _factor("below 1 darkens, above 1 brightens"),
                "contrast_factor": _factor("below 1 lowers the contrast, above 1 raises it"),
                "saturation_factor": _factor("0 is grey, above 1 more colourful"),
            },
            identities=(
                {"brightness_factor": 1.0, "contrast_factor": 1.0, "saturation_factor": 1.0},
            ),
            caution="nothing in it is random by itself: give it draws",
        ),
        "contrast": Transform(
            "Lower or raise the contrast.",
            {"factor": _factor("0 is flat grey, 1 leaves as is, above 1 raises")},
            identities=({"factor": 1.0},),
        ),
        "convert_color": Transform(
            "Convert to another colour mode; the result is made RGB again.",
            {
                "mode": Param("choice", None, "Pillow's mode", choices=_MODES, optional=True),
                "matrix": Param(
                    "matrix",
                    None,
                    "4 numbers (to L) or 12 (to RGB), with mode",
                    -1000,
                    1000,
                    optional=True,
                ),
                "dither": Param(
                    "choice",
                    None,
                    "modes 1 and P: 0 none, 3 Floyd-Steinberg",
                    choices=(0, 3),
                    optional=True,
                ),
                "palette": Param("choice", 0, "0 web, 1 adaptive, for mode P", choices=(0, 1)),
                "colors": Param("integer", 256, "size of the adaptive palette", 1, 256),
            },
            identities=({"mode": None}, {"mode": "RGB", "matrix": None}),
        ),
        "crop": Transform(
            "Cut out a rectangle given by its corners, as fractions of the frame.",
            {
                "x1": _fraction("left edge", 0.25, open_high=True),
                "y1": _fraction("top edge", 0.25, open_high=True),
                "x2": _fraction("right edge", 0.75, open_low=True),
                "y2": _fraction("bottom edge", 0.75, open_low=True),
            },
            geometric=True,
            identities=({"x1": 0.0, "y1": 0.0, "x2": 1.0, "y2": 1.0},),
            ascending=(("x1", "x2"), ("y1", "y2")),
        ),
        "encoding_quality": Transform(
            "Encode as JPEG and decode again.",
            {"quality": Param("integer", 50, "JPEG quality; 0 is the worst", 0, 100)},
            caution="a JPEG output is then lossy twice",
        ),
        "grayscale": Transform(
            "Turn grey; the image stays RGB.",
            {
                "mode": Param(
                    "choice",
                    "luminosity",
                    "how the channels are weighed",
                    choices=("luminosity", "average"),
                )
            },
        ),
        "hflip": Transform(
            "Mirror left and right.", geometric=True, caution="changes what text and digits mean"
        ),
        # AugLy's own calls `getsize_multiline`, which Pillow 10 removed; pixels.replaced draws it.
        "meme_format": Transform(
            "Put a caption in a bar above the image.",
            {
                "text": _text("the caption", "LOL"),
                "font_file": Param("font", "Raleway-ExtraBold", "a font that AugLy ships"),
                "opacity": _fraction("of the text: 0 is invisible, 1 opaque", 1.0),
                "text_color": _colour("of the text", _BLACK),
                "caption_height": Param("integer", 250, "height of the bar, in pixels", 11, 5000),
                "meme_bg_color": _colour("of the bar", _WHITE),
            },
            geometric=True,
            caution=(
                "the bar is in pixels: it dwarfs a thumbnail; "
                "an image too narrow for the text is rejected"
            ),
        ),
        "opacity": Transform(
            "Blend towards white.",
            {"level": _fraction("0 is white, 1 leaves as is", 1.0)},
            identities=({"level": 1.0},),
        ),
        "overlay_emoji": Transform(
            "Lay an emoji over the image.",
            {
                "emoji_path": Param(
                    "emoji", "smileys/smiling_face_with_heart_eyes", "an emoji that AugLy ships"
                ),
                "opacity": _OPACITY,
                "emoji_size": _fraction("height, as a fraction of the image's", 0.15),
                **_position(0.4, 0.8),
            },
            identities=_INVISIBLE,
        ),
        "overlay_image": Transform(
            "Lay another image over the image.",
            {
                "overlay": Param("image", None, "a file below the recipe's folder", required=True),
                "opacity": _OPACITY,
                "overlay_size": _fraction("height, as a fraction of the image's", 1.0),
                **_position(0.4, 0.4),
                "max_visible_opacity": _fraction(
                    "for bounding boxes, which are not used here", 0.75
                ),
            },
            identities=_INVISIBLE,
        ),
        "overlay_onto_background_image": Transform(
            "Lay the image over another image.",
            {
                "background_image": Param(
                    "image", None, "a file below the recipe's folder", required=True
                ),
                "opacity": _OPACITY,
                "overlay_size": _fraction(
                    "height, as a fraction of the background's", 1.0, open_low=True
                ),
                **_position(0.4, 0.4),
                "scale_bg": Param("boolean", False, "scale the background to fit the image"),
            },
            geometric=True,
            caution="opacity 0 leaves the background alone",
        ),
        # Unscaled, a photo of 8000x6000 gave a screenshot of 25174x15440.
        "overlay_onto_screenshot": Transform(
            "Put the image into a screenshot of a web page or a phone.",
            {
                "template_filepath": Param(
                    "template", "web", "a screenshot that AugLy ships: mobile or web"
                ),
                "max_image_size_pixels": Param(
                    "integer",
                    None,
                    "pixels at most, where the template is scaled",
                    10_000,
                    _MAX_PIXELS,
                    optional=True,
                ),
                "crop_src_to_fit": Param(
                    "boolean", False, "crop the image to fit, instead of padding with black"
                ),
                "resize_src_to_match_template": Param(
                    "boolean", True, "scale the image to the template, not vice versa"
                ),
            },
            geometric=True,
            caution=(
                "with resize_src_to_match_template = false the result grows with the image, "
                "six times at the most"
            ),
        ),
        "overlay_stripes": Transform(
            "Lay stripes over the image.",
            {
                "line_width": _fraction("0 is no stripe, 1 all stripe", 0.5),
                "line_color": _colour("of the stripes", _WHITE),
                "line_angle": Param(
                    "number", 0.0, "degrees counter-clockwise; 0 is horizontal", -360.0, 360.0
                ),
                "line_density": Param("number", 0.5, "how close the stripes are", 0.0, 0.99),
                "line_type": Param(
                    "choice",
                    "solid",
                    "how the lines are drawn",
                    choices=("dashed", "dotted", "solid"),
                ),
                "line_opacity": _OPACITY,
            },
            identities=({"line_opacity": 0.0}, {"line_width": 0.0}),
            caution="a line_density of 1.0 divides by zero in AugLy and is refused",
        ),
        # AugLy unpickles a file beside the font, and ignores the opacity on RGB; pixels.replaced
        # does neither.
        "overlay_text": Transform(
            "Write a text over the image.",
            {
                "text": _text(
                    "what to write "
                    "(AugLy's is a list of indices into a pickle, which we never load)",
                    None,
                ),
                "font_file": Param(
                    "font",
                    "OpenSans-Regular",
                    "a font that AugLy ships (its default is an Arabic one)",
                ),
                "font_size": _fraction(
                    "height, as a fraction of the shorter side", 0.15, open_low=True
                ),
                "opacity": _fraction("0 is invisible, 1 opaque (AugLy ignores it on RGB)", 1.0),
                "color": _colour("of the text", _RED),
                **_position(0.0, 0.5),
            },
            identities=({"opacity": 0.0},),
            caution=(
                "letters that the font lacks become boxes; "
                "an image too small for letters of a pixel is rejected"
            ),
        ),
        "pad": Transform(
            "Add a border.",
            {
                "w_factor": _factor(
                    "width added on each side, as a fraction of the image's", 0.25, 4.0
                ),
                "h_factor": _factor(
                    "height added on each side, as a fraction of the image's", 0.25, 4.0
                ),
                "color": _colour("of the border", _BLACK),
            },
            geometric=True,
            identities=({"w_factor": 0.0, "h_factor": 0.0},),
        ),
        "pad_square": Transform(
            "Add borders until the image is square.",
            {"color": _colour("of the border", _BLACK)},
            geometric=True,
            caution="AugLy rounds down: the result may be up to two pixels short of square",
        ),
        # AugLy's own uses `np.float`, which NumPy 1.24 removed; pixels.replaced computes it.
        "perspective_transform": Transform(
            "Move the four corners at random.",
            {
                "sigma": Param(
                    "number",
                    50.0,
                    "standard deviation of each corner's shift, in pixels",
                    0.0,
                    500.0,
                ),
                "dx": Param("number", 0.0, "shift to the right, in pixels", -1000.0, 1000.0),
                "dy": Param("number", 0.0, "shift downwards, in pixels", -1000.0, 1000.0),
                "seed": _seed("where the corners go"),
                "crop_out_black_border": Param("boolean", False, "crop to what is filled"),
            },
            geometric=True,
            identities=({"sigma": 0.0, "dx": 0.0, "dy": 0.0},),
            caution="sigma is in pixels: 50 blanks a thumbnail",
        ),
        # AugLy accepts a ratio above 1, which exhausts the memory.
        "pixelization": Transform(
            "Shrink and enlarge again.",
            {"ratio": _fraction("of the sides that is kept; 1 leaves as is", 1.0, open_low=True)},
            identities=({"ratio": 1.0},),
            caution="a side times ratio below one pixel is rejected",
        ),
        "random_crop": Transform(
            "Cut out a rectangle of the given size, anywhere; recorded as the crop that was drawn.",
            {
                "width": _fraction("width, as a fraction of the frame", 0.8, open_low=True),
                "height": _fraction("height, as a fraction of the frame", 0.8, open_low=True),
            },
            geometric=True,
            identities=({"width": 1.0, "height": 1.0},),
        ),
        # AugLy re-seeds NumPy's global generator; pixels.replaced gives the same noise without.
        "random_noise": Transform(
            "Add Gaussian noise.",
            {
                "mean": Param("number", 0.0, "of the noise, where 1 is white", -1.0, 1.0),
                "var": _fraction("variance of the noise, where 1 is white", 0.01),
                "seed": _seed("which noise"),
            },
            identities=({"mean": 0.0, "var": 0.0},),
            caution="var is on a scale of 0 to 1: 0.01 is already strong",
        ),
        "resize": Transform(
            "Scale to a given size.",
            {
                "width": Param(
                    "integer",
                    None,
                    "in pixels; left as is where not given",
                    1,
                    _SIDE,
                    optional=True,
                ),
                "height": Param(
                    "integer",
                    None,
                    "in pixels; left as is where not given",
                    1,
                    _SIDE,
                    optional=True,
                ),
                "resample": Param("choice", 2, _RESAMPLE, choices=(0, 1, 2, 3, 4, 5)),
            },
            geometric=True,
            identities=({"width": None, "height": None},),
        ),
        "rotate": Transform(
            "Turn, then crop to the largest rectangle without black corners.",
            {"degrees": Param("number", 15.0, "counter-clockwise", -360.0, 360.0)},
            geometric=True,
            identities=({"degrees": 0.0},),
        ),
        "saturation": Transform(
            "Make colours weaker or stronger.",
            {"factor": _factor("0 is grey, 1 leaves as is, above 1 more colourful")},
            identities=({"factor": 1.0},),
        ),
        "scale": Transform(
            "Change the resolution.",
            {
                "factor": Param("number", 0.5, "of both sides", 0.0, 8.0, open_low=True),
                "interpolation": Param(
                    "choice", None, _RESAMPLE, choices=(0, 1, 2, 3, 4, 5), optional=True
                ),
            },
            geometric=True,
            identities=({"factor": 1.0},),
            caution="a side that would become less than one pixel is rejected",
        ),
        "sharpen": Transform(
            "Soften or sharpen.",
            {"factor": _factor("below 1 softens, 1 leaves as is, above 1 sharpens")},
            identities=({"factor": 1.0},),
        ),
        "shuffle_pixels": Transform(
            "Move a share of the pixels to each other's places.",
            {"factor": _fraction("of the pixels", 1.0), "seed": _seed("which pixels")},
            identities=({"factor": 0.0},),
            caution="1.0 leaves nothing but the colours",
        ),
        "skew": Transform(
            "Shear along an axis.",
            {
                "skew_factor": Param("number", 0.5, "how far; 0 leaves as is", -2.0, 2.0),
                "axis": Param("choice", 0, "0 along x, 1 along y", choices=(0, 1)),
            },
            geometric=True,
            identities=({"skew_factor": 0.0},),
        ),
        "vflip": Transform(
            "Mirror top and bottom.", geometric=True, caution="most photos never hang upside down"
        ),
    }
)
