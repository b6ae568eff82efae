"""What the command line sets before torch is loaded, for tests that call the library."""

from __future__ import annotations

import os

# OpenMP's threads else spin while they wait: beside other work on two cores, a training step was
# measured to take four times as long, and tests run several at a time.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
