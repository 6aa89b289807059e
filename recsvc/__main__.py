"""`python -m recsvc` is the command `recsvc`."""

from recsvc.cli.main import main

main()
