"""What an archive has by the names of its members, each name checked before it is believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from augbuild.core.text import plural
from augbuild.errors import SourceError
from augbuild.sources.dataset import Rejected, SourceOptions
from augbuild.sources.findings import Finding
from augbuild.sources.folders.listing import HIDDEN, NOT_REGULAR, Listing, legible

LINK_INSIDE = "link in an archive"
REPLACED = "replaced by a later member of the same name"

# Deflate packs at most 1 : 1032, photos hardly at all. Below a gibibyte nothing is in danger.
MAX_RATIO = 200
HARMLESS_BYTES = 1 << 30

_EXAMPLES = 3

Kind = Literal["file", "folder", "link", "special"]


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, by its name as stored; `problem` is why it cannot be read."""

    name: str
    kind: Kind
    size: int = 0
    problem: str = ""


def list_members(members: Iterable[Member], options: SourceOptions) -> Listing:
    """List what an archive has, as a folder with the same content would be listed.

    No name is followed to a disk. Members whose names lead out of the archive, and those that
    cannot be read, are rejected if they are images.
    """
    listing = Listing(options)
    seen: set[str] = set()
    for member in members:
        path = plain_name(member.name)
        if path in {"", "."}:
            continue
        if member.kind != "folder" and path in seen:
            listing.left_out[REPLACED].append(path)
            continue
        seen.add(path)
        _list_member(listing, member, path)
    listing.images.sort()
    return listing


def plain_name(name: str) -> str:
    """Return the path of a member without the ./ before it, as `tar -c .` writes, or / after it."""
    path = name
    while path.startswith("./"):
        path = path[2:]
    return path.rstrip("/")


def _list_member(listing: Listing, member: Member, path: str) -> None:
    why = _why_outside(path)
    if why:
        if member.kind == "file" and listing.is_image(path.replace("../", "").lstrip("/")):
            listing.rejected[path] = Rejected(legible(path), "bad_name", why)
        return
    # macOS puts the attributes of each file into a second one, __MACOSX/cats/._1.jpg.
    if path.startswith("__MACOSX/") or path == "__MACOSX":
        listing.left_out[HIDDEN].append(path)
        return
    if listing.is_hidden(path):
        return
    folder = path if member.kind == "folder" else path.rpartition("/")[0]
    while folder and folder not in listing.folders:
        listing.folders.add(folder)
        folder = folder.rpartition("/")[0]
    match member.kind:
        case "link":
            listing.left_out[LINK_INSIDE].append(path)
        case "special":
            listing.left_out[NOT_REGULAR].append(path)
        case "file" if listing.is_image(path):
            if member.problem:
                listing.rejected[path] = Rejected(path, "unreadable", member.problem)
            else:
                listing.images.append(path)
        case _:
            pass


def _why_outside(path: str) -> str:
    """Return why a name would lead out of a folder that it were unpacked to; "" if it would not."""
    if path.startswith("/"):
        return "the name is absolute; pack the archive again with relative names"
    if ".." in path.split("/"):
        return "the name leads out of the archive (..); pack the archive again from one folder"
    return ""


def refuse_unusable(root: Path, listing: Listing, members: Iterable[Member]) -> None:
    """Raise SourceError for an archive without one image that can be read, for one reason."""
    if listing.images or not listing.rejected:
        return
    problems = {member.problem for member in members if member.problem}
    if len(problems) == 1 and all(each.message in problems for each in listing.rejected.values()):
        raise SourceError(f"{root} has no image that can be read: each {problems.pop()}")


def refuse_bomb(root: Path, unpacked: int, packed: int) -> None:
    """Raise SourceError for an archive that unpacks to far more than images would."""
    if unpacked <= HARMLESS_BYTES or unpacked <= MAX_RATIO * packed:
        return
    raise SourceError(
        f"{root} unpacks to over {MAX_RATIO} times its size ({packed:,} bytes), as archives do "
        "that are made to fill disks; if you trust it, unpack it and give the folder"
    )


def find_oddities(listing: Listing) -> list[Finding]:
    """Find what only archives have: links that cannot be followed, and names that come twice."""
    findings = []
    links = listing.left_out.get(LINK_INSIDE, [])
    if links:
        are = "is" if len(links) == 1 else "are"
        them = "it" if len(links) == 1 else "them"
        findings.append(
            Finding(
                kind="links",
                message=f"{plural(len(links), 'link')} in the archive {are} left out",
                count=len(links),
                examples=_first(links),
                advice=f"unpack the archive and give the folder to follow {them}",
            )
        )
    replaced = listing.left_out.get(REPLACED, [])
    if replaced:
        have = "member has" if len(replaced) == 1 else "members have"
        findings.append(
            Finding(
                kind="other",
                message=f"{len(replaced):,} {have} the name of a later one, which is read instead",
                count=len(replaced),
                examples=_first(replaced),
                advice="pack the archive anew",
            )
        )
    return findings


def _first(paths: list[str]) -> tuple[str, ...]:
    return tuple(legible(path) for path in sorted(paths)[:_EXAMPLES])
