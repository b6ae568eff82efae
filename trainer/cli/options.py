"""The options that more than one command takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])

FOLDER = click.Path(path_type=Path)

cache_option = click.option(
    "--cache",
    metavar="DIR|none",
    help="Where decoded pixels are kept.  [default: the user's cache folder]",
)

skip_unreadable_option = click.option(
    "--skip-unreadable",
    is_flag=True,
    default=None,
    help="Leave out files that cannot be read, and say how many.",
)
test_split_option = click.option(
    "--test-split",
    type=click.Choice(["test", "validation", "val"]),
    callback=lambda _context, _option, value: "validation" if value == "val" else value,
    help="The split of M to test on; val is validation.  [default: test]",
)

_TRAINING = (
    click.option(
        "--batch-size", type=int, help="Images a step, over all processes.  [default: 32]"
    ),
    click.option("--lr", type=float, help="Learning rate.  [default: 0.001]"),
    click.option(
        "--optimizer", type=click.Choice(["adam", "adamw", "sgd"]), help="[default: adam]"
    ),
    click.option("--weight-decay", type=float, help="[default: 0]"),
    click.option(
        "--schedule",
        type=click.Choice(["constant", "cosine"]),
        help="Of the learning rate.  [default: constant]",
    ),
    click.option(
        "--image-size", type=int, help="Side in pixels that images are resized to.  [default: 224]"
    ),
    click.option("--arch", help="Any classifier of torchvision.  [default: resnet50]"),
    click.option(
        "--weights", metavar="none|imagenet|FILE", help="What to start from.  [default: none]"
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "fp32", "bf16"]),
        help="auto: bf16 where computed.  [default: auto]",
    ),
    click.option("--device", help="cpu, cuda, cuda:1, gpu, mps.  [default: what there is]"),
    click.option(
        "--compile",
        is_flag=True,
        default=None,
        help="Compile the model first; on a CPU that gained nothing.",
    ),
    click.option(
        "--config",
        type=FOLDER,
        metavar="FILE",
        help="A TOML file of these options, its paths relative to it; the command line goes first.",
    ),
)
_COMPARING = (
    click.option(
        "--manifest", metavar="M", help="An augbuild manifest with a test split, or with folds."
    ),
    click.option(
        "--arms",
        metavar="A,B",
        help="Training images of M, the baseline first.  [default: all there are]",
    ),
    click.option(
        "--arm",
        multiple=True,
        metavar="NAME=M",
        help="An arm with a manifest of its own; the baseline first.",
    ),
    click.option(
        "--ablate",
        metavar="RECIPE",
        help="Build RECIPE whole and without each transform: which one helps?",
    ),
    click.option(
        "--source",
        metavar="PATH",
        help="With --ablate: take the images from here, whatever the recipe says.",
    ),
    click.option(
        "--seeds",
        type=int,
        default=10,
        show_default=True,
        help="Runs of each arm; below 3 nothing can be shown.",
    ),
    click.option("--seed", type=int, help="The first of them.  [default: 0]"),
    click.option(
        "--max-seeds",
        type=int,
        metavar="N",
        help="Declare that seeds will be added up to N: the last look is then judged at 4 %.",
    ),
    click.option(
        "--recipes",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="Declare that N recipes will be compared on these test images: each at 5 % / N.",
    ),
    click.option(
        "--budget",
        metavar="steps:N|epochs:N",
        help="Of each run.  [default: steps, ten epochs' worth of the largest arm]",
    ),
    click.option(
        "--metric",
        type=click.Choice(["accuracy", "macro-f1", "balanced-accuracy"]),
        default="accuracy",
        show_default=True,
        help="What the verdict is about.",
    ),
    click.option(
        "--margin",
        type=float,
        default=0.02,
        show_default=True,
        help="What counts as no difference: a share.",
    ),
    click.option(
        "--folds", is_flag=True, help="Cross-validate over the folds of M: for very small data."
    ),
    click.option(
        "--out",
        type=FOLDER,
        required=True,
        metavar="DIR",
        help="The folder of the comparison.",
    ),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        help="Runs side by side.",
    ),
    click.option("--devices", metavar="0,1", help="CUDA devices, a run on each, side by side."),
    click.option(
        "--override",
        multiple=True,
        type=click.Choice(["leak", "exposure", "test-set", "classes"]),
        help="Go on although this guard found something.",
    ),
)
_RUNNING = (
    cache_option,
    click.option(
        "--verify",
        is_flag=True,
        help="Check the hash of every file that the manifest gives one for.",
    ),
    click.option("--quiet", is_flag=True, help="Print errors only."),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the result as one JSON object, last."
    ),
)


def training_options(command: Command) -> Command:
    """Add the options of training a model."""
    return _add(_TRAINING, command)


def comparing_options(command: Command) -> Command:
    """Add the options of a comparison: what is compared, and how its runs are spread."""
    return _add(_COMPARING, command)


def running_options(command: Command) -> Command:
    """Add the options that change nothing of the result."""
    return _add(_RUNNING, command)


def _add(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):  # decorators apply from the bottom up; --help lists them down
        command = option(command)
    return command
