"""What others do in place of a build: the loops that people write, each in a process of its own.

`benchmarks.build` starts them with the work that it writes for all of them: photos, and for each
variant the calls that make it. Every peer reads each train photo once and writes the same number of
JPEG files of quality 90; none writes originals, hashes or a manifest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

QUALITY = 90


class Call(msgspec.Struct, frozen=True):
    """A call of a function of AugLy, by its name; the parameters are its own."""

    function: str
    parameters: dict[str, Any]


class Photo(msgspec.Struct, frozen=True):
    """A photo and the calls of each of its variants; `targets` are their files below OUT."""

    path: str
    targets: tuple[str, ...]
    variants: tuple[tuple[Call, ...], ...]


class Work(msgspec.Struct, frozen=True):
    """All photos, and the name of the recipe."""

    recipe: str
    photos: tuple[Photo, ...]


def save(image: Any, path: Path) -> None:
    """Save a Pillow image as they all do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, format="JPEG", quality=QUALITY)


def augly_one(photo: Photo, out: Path) -> int:
    """Make the variants of one photo as AugLy's examples do."""
    import augly.image as imaugs
    from PIL import Image

    image = Image.open(photo.path).convert("RGB")
    for target, calls in zip(photo.targets, photo.variants, strict=True):
        result = image
        for call in calls:
            result = getattr(imaugs, call.function)(result, **call.parameters)
        save(result.convert("RGB"), out / target)
    return len(photo.targets)


def floor_one(photo: Photo, out: Path) -> int:
    """Decode once and encode as often as there are variants: no one can do less."""
    from PIL import Image

    image = Image.open(photo.path).convert("RGB")
    for target in photo.targets:
        save(image, out / target)
    return len(photo.targets)


def albumentations_some(photos: Sequence[Photo], out: Path) -> int:
    """Make variants with OpenCV by the nearest that Albumentations has to the recipe `default`."""
    import albumentations as A
    import cv2

    cv2.setNumThreads(0)
    transform = A.Compose(
        [
            A.Rotate(20, p=1, crop_border=True),
            A.HorizontalFlip(p=0.5),
            A.ColorJitter((0.8, 1.2), (0.8, 1.2), (0.7, 1.3), (0, 0), p=1),
        ]
    )
    made = 0
    for photo in photos:
        image = cv2.imread(photo.path)
        for target in photo.targets:
            path = out / target
            path.parent.mkdir(parents=True, exist_ok=True)
            result = transform(image=image)["image"]
            cv2.imwrite(str(path), result, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            made += 1
    return made


def lab_loop(work: Work, out: Path, jobs: int) -> int:  # noqa: ARG001  # one process, always
    """One process, one photo after the other: what a notebook has."""
    return sum(augly_one(photo, out) for photo in work.photos)


def floor(work: Work, out: Path, jobs: int) -> int:
    """Decode and encode on all processors."""
    return _in_parallel(floor_one, work.photos, out, jobs)


def joblib_augly(work: Work, out: Path, jobs: int) -> int:
    """Run joblib around the loop, with its own choice of batches."""
    return _in_parallel(augly_one, work.photos, out, jobs)


def albumentations(work: Work, out: Path, jobs: int) -> int:
    """Run joblib around Albumentations, in shares: the transform is made once for each."""
    shares = [work.photos[start :: 8 * jobs] for start in range(8 * jobs)]
    return _in_parallel(albumentations_some, shares, out, jobs)


class _Variants:
    """Variants by torchvision's transforms, as a data set for a DataLoader."""

    def __init__(self, work: Work, out: Path) -> None:
        from torchvision.transforms import v2

        self._photos = work.photos
        self._out = out
        self._transform = v2.Compose(
            [
                v2.RandomRotation(20),
                v2.RandomHorizontalFlip(0.5),
                v2.ColorJitter((0.8, 1.2), (0.8, 1.2), (0.7, 1.3)),
            ]
        )

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, index: int) -> int:
        from PIL import Image

        photo = self._photos[index]
        image = Image.open(photo.path).convert("RGB")
        for target in photo.targets:
            save(self._transform(image), self._out / target)
        return len(photo.targets)


def torchvision(work: Work, out: Path, jobs: int) -> int:
    """Run torchvision's transforms on Pillow images in the workers of a DataLoader."""
    from torch.utils.data import DataLoader

    variants: Any = _Variants(work, out)
    loader: DataLoader[int] = DataLoader(variants, batch_size=16, num_workers=jobs)
    return int(sum(int(batch.sum()) for batch in loader))


def _in_parallel(one: Callable[..., int], items: Sequence[object], out: Path, jobs: int) -> int:
    from joblib import Parallel, delayed

    return sum(Parallel(n_jobs=jobs)(delayed(one)(item, out) for item in items))


PEERS: dict[str, Callable[[Work, Path, int], int]] = {
    "floor": floor,
    "lab loop": lab_loop,
    "joblib + AugLy": joblib_augly,
    "Albumentations + OpenCV": albumentations,
    "torchvision v2": torchvision,
}
ONLY_DEFAULT = {"Albumentations + OpenCV", "torchvision v2"}
"""Those that have their own transforms: the nearest that they have to the recipe `default`."""

_NEED = {
    "Albumentations + OpenCV": ("albumentations", "cv2"),
    "torchvision v2": ("torch", "torchvision"),
}


def missing(name: str) -> list[str]:
    """Name the packages that a peer needs and that are not installed."""
    return [module for module in _NEED.get(name, ()) if find_spec(module) is None]


def main() -> None:
    """Run one peer: its name, the file of the work, the output folder, the number of processes."""
    name, work, out, jobs = sys.argv[1:]
    content = Path(work).read_bytes()
    print(PEERS[name](msgspec.json.decode(content, type=Work), Path(out), int(jobs)))
