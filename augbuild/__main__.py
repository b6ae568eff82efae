"""Run the command line as `python -m augbuild`."""

from __future__ import annotations

from augbuild.cli import main

main()
