"""Quirks: what a simulator can be told to do differently, switched by name."""

from dataclasses import MISSING, fields


class Switches:
    """The base of dataclasses in which every field has a usual value."""

    __slots__ = ()

    def change(self, **switches: object) -> None:
        """Set switches by name. Raises `ValueError`, changing nothing, where there is none of that name."""
        known = {each.name for each in fields(self)}  # type: ignore[arg-type] # those that inherit are dataclasses
        if unknown := sorted(set(switches) - known):
            raise ValueError(f"no such quirk: {', '.join(unknown)}")
        for name, value in switches.items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)

    def values(self) -> dict[str, object]:
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type] # as above

    def reset(self) -> None:
        self.change(**{each.name: each.default for each in fields(self) if each.default is not MISSING})  # type: ignore[arg-type]
