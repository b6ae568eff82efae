"""Start on a source: look at it, and write a recipe that fits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from augbuild.errors import OutputError
from augbuild.planning.plan import check_classes
from augbuild.recipe.load import parse_recipe
from augbuild.sources.dataset import DEFAULT_OPTIONS, SourceOptions
from augbuild.sources.open import open_source
from augbuild.starting.draft import draft_recipe
from augbuild.starting.places import find_places
from augbuild.starting.survey import Survey, survey_source


@dataclass(frozen=True, slots=True)
class Start:
    """A recipe that was written, and the survey of the source that it fits."""

    recipe: Path
    survey: Survey

    def to_json(self) -> dict[str, object]:
        """Return the start as the values that JSON has."""
        return {"recipe": str(self.recipe), **self.survey.to_json()}


def start_recipe(spec: str, out: Path, options: SourceOptions = DEFAULT_OPTIONS) -> Start:
    """Write a recipe for a source to a new file; raises AugbuildError.

    `spec` is what `[source] path` may be, relative to the working directory; `options` are what has
    to be said to open it, and stand in the recipe. A file that exists is never written to.
    """
    if out.exists() or out.is_symlink():
        advice = "choose another file with --out"
        raise OutputError(f"{out} exists already and is left as it is; {advice}")
    dataset = open_source(spec, Path.cwd(), options)
    survey = survey_source(dataset)
    text = draft_recipe(survey, find_places(spec, dataset.root, out.parent), options)
    # A source that could not be built has no use for a recipe: better to hear of it now.
    recipe = parse_recipe(text, out.parent, str(out))
    check_classes(recipe, dataset)
    out.parent.mkdir(parents=True, exist_ok=True)
    # Not write_atomic, which would replace a file that appeared in the meantime.
    with out.open("xb") as file:
        file.write(text.encode())
    return Start(out, survey)
