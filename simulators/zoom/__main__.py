"""`python -m simulators.zoom`, with the options of `simulators.command`."""

from simulators.command import main
from simulators.zoom.samples import demo

if __name__ == "__main__":
    main("zoom", demo)
