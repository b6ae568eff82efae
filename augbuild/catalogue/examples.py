"""An example of each transform, as a recipe writes it, after which photos still look like photos.

The ranges were chosen by eye on photos of 500 to 2,000 pixels. What the catalogue allows is far
wider, and half its default to each side would blank a photo as often as not.
"""

from __future__ import annotations

from collections.abc import Mapping

OWN_IMAGE = "# an image of your own, beside the recipe"
"""What follows the name of a file that only an example has."""

EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "blur": {"radius": "{ uniform = [0.5, 2] }"},
    "brightness": {"factor": "{ uniform = [0.7, 1.3] }"},
    "change_aspect_ratio": {"ratio": "{ uniform = [0.8, 1.6] }"},
    "clip_image_size": {"max_resolution": "{ integers = [50000, 200000] }"},
    "color_jitter": {
        "brightness_factor": "{ uniform = [0.8, 1.2] }",
        "contrast_factor": "{ uniform = [0.8, 1.2] }",
        "saturation_factor": "{ uniform = [0.7, 1.3] }",
    },
    "contrast": {"factor": "{ uniform = [0.7, 1.3] }"},
    "convert_color": {
        "mode": '"P"',
        "palette": "1",
        "colors": "{ choice = [32, 64, 128] }",
    },
    "crop": {
        "x1": "{ uniform = [0, 0.2] }",
        "y1": "{ uniform = [0, 0.2] }",
        "x2": "{ uniform = [0.8, 1] }",
        "y2": "{ uniform = [0.8, 1] }",
    },
    "encoding_quality": {"quality": "{ integers = [30, 80] }"},
    "grayscale": {"p": "0.2"},
    "hflip": {"p": "0.5"},
    "meme_format": {"text": '"LOL"', "caption_height": "{ integers = [30, 60] }"},
    "opacity": {"level": "{ uniform = [0.7, 0.95] }"},
    "overlay_emoji": {
        "emoji_path": '{ choice = ["smileys/grinning_face", "animals_and_nature/paw_prints"] }',
        "opacity": "{ uniform = [0.8, 1] }",
        "emoji_size": "{ uniform = [0.1, 0.2] }",
        "x_pos": "{ uniform = [0, 0.8] }",
        "y_pos": "{ uniform = [0, 0.8] }",
    },
    "overlay_image": {
        "overlay": f'"logo.png"  {OWN_IMAGE}',
        "opacity": "{ uniform = [0.7, 1] }",
        "overlay_size": "{ uniform = [0.1, 0.3] }",
        "x_pos": "{ uniform = [0, 0.7] }",
        "y_pos": "{ uniform = [0, 0.7] }",
    },
    "overlay_onto_background_image": {
        "background_image": f'"wall.jpg"  {OWN_IMAGE}',
        "overlay_size": "{ uniform = [0.7, 0.9] }",
        "x_pos": "{ uniform = [0, 0.2] }",
        "y_pos": "{ uniform = [0, 0.1] }",
    },
    "overlay_onto_screenshot": {"template_filepath": '{ choice = ["web", "mobile"] }'},
    "overlay_stripes": {
        "line_width": "{ uniform = [0.05, 0.2] }",
        "line_angle": "{ uniform = [-45, 45] }",
        "line_density": "{ uniform = [0.3, 0.6] }",
        "line_opacity": "{ uniform = [0.3, 0.6] }",
    },
    "overlay_text": {
        "text": '"Hello"',
        "font_size": "{ uniform = [0.05, 0.12] }",
        "opacity": "{ uniform = [0.6, 1] }",
        "x_pos": "{ uniform = [0, 0.6] }",
        "y_pos": "{ uniform = [0, 0.8] }",
    },
    "pad": {"w_factor": "{ uniform = [0, 0.15] }", "h_factor": "{ uniform = [0, 0.15] }"},
    "pad_square": {},
    "perspective_transform": {"sigma": "{ uniform = [5, 15] }"},
    "pixelization": {"ratio": "{ uniform = [0.4, 0.8] }"},
    "random_crop": {"width": "{ uniform = [0.7, 1] }", "height": "{ uniform = [0.7, 1] }"},
    "random_noise": {"var": "{ log_uniform = [0.0005, 0.005] }"},
    "resize": {"width": "224", "height": "224"},
    "rotate": {"degrees": "{ uniform = [-20, 20] }"},
    "saturation": {"factor": "{ uniform = [0.5, 1.5] }"},
    "scale": {"factor": "{ uniform = [0.5, 0.9] }"},
    "sharpen": {"factor": "{ uniform = [1.5, 3] }"},
    "shuffle_pixels": {"factor": "{ uniform = [0.02, 0.1] }"},
    "skew": {"skew_factor": "{ uniform = [-0.2, 0.2] }", "axis": "{ choice = [0, 1] }"},
    "vflip": {"p": "0.5"},
}
"""By transform: the values of parameters, and of `p`, in TOML."""
