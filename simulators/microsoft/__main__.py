"""`python -m simulators.microsoft`, with the options of `simulators.command`."""

from simulators.command import main
from simulators.microsoft.samples import demo

if __name__ == "__main__":
    main("microsoft", demo)
