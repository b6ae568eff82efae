"""Run the command line as `python -m trainer`, and under torchrun."""

from __future__ import annotations

from trainer.cli import main

main()
