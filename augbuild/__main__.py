"""Run the command line as `python -m augbuild`."""

from augbuild.cli import main

main()
