from tests.schema.conftest import ada, bob, door

__all__ = ["ada", "bob", "door"]
