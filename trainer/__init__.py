"""Train and evaluate on any manifest, and say honestly whether the augmentation helped."""

from __future__ import annotations

import os

# OpenMP's threads else spin while they wait for each other. On a machine that has other work, too, they then wait for
# threads that are not even running: measured beside other work on two cores, a step takes four times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
