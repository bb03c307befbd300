"""`python -m atesaki.cli`: how `serve` starts its parts, whatever is on the PATH."""

from atesaki.cli import main

main()
