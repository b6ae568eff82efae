"""Run the command line as `python -m trainer`, and under torchrun."""

from trainer.cli import main

main()
