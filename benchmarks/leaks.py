"""How many copies are found, kind by kind, and how many are found that are none.

    python benchmarks/leaks.py PHOTOS --clean CLOTHES --clean PAGES
    python benchmarks/leaks.py PHOTOS --planted 8          # a quick look
    python benchmarks/leaks.py PHOTOS --large 100000       # made-up pictures, with 500 copies

PHOTOS is anything that `augbuild` reads, without much of the same in it. Copies of each kind are
made of some of its photos and hidden among all of them; twice, with other photos: what is chosen
by looking at one half can be judged by the other. Where imagededup is installed, its PHash and
DHash look for the same copies.
"""

from __future__ import annotations

import argparse
import io
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from augbuild.core.pool import available_cpus
from augbuild.pixels.codec import read_image
from augbuild.similarity.groups import group_pairs
from augbuild.similarity.pictures.signatures import sign_originals, signature
from augbuild.similarity.search import near_duplicates_within
from augbuild.sources.dataset import SourceDataset
from augbuild.sources.open import open_source

Random = np.random.Generator
Change = Callable[[Image.Image, Random], Image.Image]

LONGEST_SIDE = 640
# Of one photo, at most so many copies are hidden at once: people have no more of one, either.
KINDS_AT_ONCE = 7


def crop(picture: Image.Image, share: float, random: Random) -> Image.Image:
    """Cut out a part with `share` of each side, anywhere."""
    width, height = picture.size
    across, down = round(width * share), round(height * share)
    left = int(random.integers(0, width - across + 1))
    top = int(random.integers(0, height - down + 1))
    return picture.crop((left, top, left + across, top + down))


def tilt(picture: Image.Image, degrees: float, random: Random) -> Image.Image:
    """Turn to either side, with black corners."""
    sign = 1 if random.random() < 0.5 else -1
    return picture.rotate(sign * degrees, Image.Resampling.BICUBIC)


def caption(picture: Image.Image) -> Image.Image:
    """Lay a black bar with a text over the bottom."""
    width, height = picture.size
    captioned = picture.copy()
    draw = ImageDraw.Draw(captioned)
    draw.rectangle((0, int(height * 0.9), width, height), fill="black")
    draw.text((width // 8, height * 0.92), "somewhere", fill="white", font_size=height // 18)
    return captioned


def watermark(picture: Image.Image) -> Image.Image:
    """Write over the middle, half transparent."""
    width, height = picture.size
    marked = picture.copy()
    draw = ImageDraw.Draw(marked, "RGBA")
    size = max(8, width // 8)
    draw.text((width // 6, height // 2), "watermark", fill=(255, 255, 255, 150), font_size=size)
    return marked


def square(picture: Image.Image) -> Image.Image:
    """Cut out the middle square."""
    return ImageOps.fit(picture, (min(picture.size),) * 2)


def tint(picture: Image.Image) -> Image.Image:
    """Make a picture warmer."""
    pixels = np.asarray(picture) * np.array([1.1, 1.0, 0.85])
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def jitter(picture: Image.Image, random: Random) -> Image.Image:
    """Mirror, and change brightness, contrast and colour by up to 30 %."""
    changed = ImageOps.mirror(picture)
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        changed = kind(changed).enhance(random.uniform(0.7, 1.3))
    return changed


def lit(factor: float) -> Change:
    """Return a change of brightness."""
    return lambda picture, _: ImageEnhance.Brightness(picture).enhance(factor)


KINDS: Mapping[str, Change] = {
    "encoded again": lambda picture, _: picture,
    "64 px": lambda picture, _: ImageOps.contain(picture, (64, 64)),
    "half size": lambda picture, _: picture.reduce(2),
    "stretched": lambda picture, _: picture.resize((picture.width, picture.height * 4 // 3)),
    "grey": lambda picture, _: picture.convert("L"),
    "tinted": lambda picture, _: tint(picture),
    "blurred": lambda picture, _: picture.filter(ImageFilter.GaussianBlur(2.5)),
    "mirrored": lambda picture, _: ImageOps.mirror(picture),
    "turned by 90°": lambda picture, _: picture.transpose(Image.Transpose.ROTATE_90),
    "autocontrast": lambda picture, _: ImageOps.autocontrast(picture, cutoff=1),
    "contrast x 1.4": lambda picture, _: ImageEnhance.Contrast(picture).enhance(1.4),
    "brightness x .7": lit(0.7),
    "brightness x 1.1": lit(1.1),
    "brightness x 1.3": lit(1.3),
    "jittered": jitter,
    "watermark": lambda picture, _: watermark(picture),
    "caption": lambda picture, _: caption(picture),
    "middle square": lambda picture, _: square(picture),
    "padded": lambda picture, _: ImageOps.pad(picture, (max(picture.size),) * 2, color="white"),
    "border": lambda picture, _: ImageOps.expand(picture, max(picture.size) // 16, "black"),
    "cropped by 5 %": lambda picture, random: crop(picture, 0.95, random),
    "cropped by 10 %": lambda picture, random: crop(picture, 0.9, random),
    "cropped by 30 %": lambda picture, random: crop(picture, 0.7, random),
    "tilted by 3°": lambda picture, random: tilt(picture, 3, random),
    "tilted by 10°": lambda picture, random: tilt(picture, 10, random),
}
"""How copies are made."""


def encode(picture: Image.Image) -> bytes:
    """Encode a copy as JPEG."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def make_copies(
    dataset: SourceDataset, photos: Sequence[str], kinds: Sequence[str]
) -> Iterator[tuple[str, str, bytes]]:
    """Make a copy of each kind of each photo: (kind, photo, JPEG)."""
    for number, path in enumerate(photos):
        picture = read_image(dataset.originals.read(path))
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        for kind in kinds:
            random = np.random.default_rng((number, len(kind)))
            yield kind, path, encode(KINDS[kind](picture, random))


def count_found(
    dataset: SourceDataset, signed: Mapping[str, bytes], photos: Sequence[str]
) -> dict[str, int]:
    """Hide copies of each kind among all photos, and count those that are found."""
    found: dict[str, int] = {}
    for start in range(0, len(KINDS), KINDS_AT_ONCE):
        kinds = list(KINDS)[start : start + KINDS_AT_ONCE]
        hidden = dict(signed)
        of_kind: dict[str, list[tuple[str, str]]] = {kind: [] for kind in kinds}
        for kind, path, data in make_copies(dataset, photos, kinds):
            name = f"{kind}: {path}"
            known = signature(data)
            if known is not None:
                hidden[name] = known
            of_kind[kind].append((name, path))
        pairs = near_duplicates_within(hidden).pairs
        groups = group_pairs((pair.first, pair.second) for pair in pairs)
        for kind, copies in of_kind.items():
            hits = [name for name, path in copies if groups.get(name, "") == groups.get(path, "?")]
            found[kind] = len(hits)
    return found


def count_by_hashes(dataset: SourceDataset, photos: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Count the copies that imagededup's PHash and DHash find at their default of 10 bits."""
    from imagededup.methods import DHash, PHash

    found = {}
    for kind in KINDS:
        hits = []
        for method in (PHash(), DHash()):
            count = 0
            for _, path, data in make_copies(dataset, photos, [kind]):
                pixels = np.asarray(Image.open(io.BytesIO(dataset.originals.read(path))))
                own = method.encode_image(image_array=pixels)
                other = method.encode_image(image_array=np.asarray(Image.open(io.BytesIO(data))))
                count += method.hamming_distance(own, other) <= 10
            hits.append(count)
        found[kind] = (hits[0], hits[1])
    return found


def print_recall(dataset: SourceDataset, planted: int) -> None:
    """Print how many copies of each kind are found, for two halves of the photos."""
    paths = [source.path for source in dataset.sources]
    signed = sign_originals(dataset.originals, paths, n_jobs=available_cpus(), quiet=False)
    copies = {pair.second for pair in near_duplicates_within(signed).pairs}
    alone = [path for path in signed if path not in copies]
    order = np.random.default_rng(1).permutation(len(alone))
    chosen = [alone[number] for number in order[: 2 * planted]]
    halves = chosen[:planted], chosen[planted:]
    columns = [count_found(dataset, signed, half) for half in halves]
    try:
        hashes = count_by_hashes(dataset, halves[1])
    except ImportError:
        hashes = {}
    print(f"{len(signed):,} photos; copies found, of {planted} of each kind")
    print(f"{'':20}{'half 1':>10}{'half 2':>10}" + ("     PHash     DHash" if hashes else ""))
    for kind in KINDS:
        line = f"{kind:20}" + "".join(f"{column[kind]:>10}" for column in columns)
        if hashes:
            line += "".join(f"{count:>10}" for count in hashes[kind])
        print(line, flush=True)


def print_clean(name: str) -> None:
    """Print every pair that is found in a set that should have none: look at them."""
    dataset = open_source(name, Path.cwd())
    paths = [source.path for source in dataset.sources]
    signed = sign_originals(dataset.originals, paths, n_jobs=available_cpus(), quiet=False)
    found = near_duplicates_within(signed, quiet=False)
    rate = 1000 * len(found.pairs) / max(len(signed), 1)
    blind = "" if found.tells_moved else "; moved copies cannot be told in it"
    print(f"{name}: {len(found.pairs)} pairs, {rate:.1f} per 1,000 images{blind}")
    for pair in found.pairs:
        print(f"    {pair.first} = {pair.second}")


def make_picture(number: int) -> Image.Image:
    """Make up a picture: blotches of all sizes, as photos have them."""
    random = np.random.default_rng(number)
    pixels = np.zeros((96, 96, 3))
    for cells in (3, 6, 12, 24, 48):
        noise = random.normal(0, 96 / cells, (cells, cells, 3))
        pixels += np.kron(noise, np.ones((96 // cells, 96 // cells, 1)))
    spread = pixels.std()
    return Image.fromarray((128 + 50 * pixels / spread).clip(0, 255).astype(np.uint8))


def print_large(count: int, copies: int = 500) -> None:
    """Print how long it takes to find copies in a large set, and how much memory."""
    start = time.monotonic()
    signed = {}
    for number in range(count):
        known = signature(encode(make_picture(number)))
        assert known is not None
        signed[f"{number:07}"] = known
    for number in range(copies):
        known = signature(encode(crop(make_picture(number), 0.9, np.random.default_rng(number))))
        assert known is not None
        signed[f"{number:07} copy"] = known
    made = time.monotonic()
    pairs = near_duplicates_within(signed, quiet=False).pairs
    seconds = time.monotonic() - made
    right = 0
    for pair in pairs:
        right += pair.first.removesuffix(" copy") == pair.second.removesuffix(" copy")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{count:,} made-up pictures: signed in {made - start:,.0f} s by one process, searched in "
        f"{seconds:,.0f} s, {memory:.1f} GB; {right} of {copies} crops of 10 % found, "
        f"{len(pairs) - right} other pairs"
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("photos", nargs="?", help="a dataset of photos")
    parser.add_argument("--planted", type=int, default=60, help="copies of each kind, twice")
    parser.add_argument("--clean", action="append", default=[], help="a dataset without copies")
    parser.add_argument("--large", type=int, help="pictures to make up")
    arguments = parser.parse_args()
    if arguments.photos:
        print_recall(open_source(arguments.photos, Path.cwd()), arguments.planted)
    for name in arguments.clean:
        print_clean(name)
    if arguments.large:
        print_large(arguments.large)


if __name__ == "__main__":
    main()
