"""Freed memory that a process keeps for its next image."""

from __future__ import annotations

import ctypes

# Options of mallopt in <malloc.h>.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
# What the images of one photo take, on their way through its transforms, together.
_KEPT_BYTES = 256 << 20
# The most that every glibc takes; Pillow asks for 16 MB at a time.
_LARGEST_PIECE = 32 << 20


def keep_freed_memory() -> bool:
    """Keep up to 256 MB that this process frees, instead of returning it; False where unsupported.

    By default glibc returns the pixels of every image, and Linux hands them out again page by page,
    each cleared: a sixth to a quarter of the time of a build of photos. It is for processes of our
    own, the workers and the command line: it changes the allocator of the whole process.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no CDLL(None)
        return False
    # It returns 1 where it takes an option, else 0.
    taken = int(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))
    taken += int(mallopt(_MMAP_THRESHOLD, _LARGEST_PIECE))
    return taken == 2
