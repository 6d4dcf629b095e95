"""`python -m simulators.google`, with the options of `simulators.command`."""

from simulators.command import main
from simulators.google.samples import demo

if __name__ == "__main__":
    main("google", demo)
