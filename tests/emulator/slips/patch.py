"""How a slip changes moto: methods replaced by functions that are handed the method they replace."""

import functools

SLIPS = []


def slip(correct):
    """Marks a function that corrects one slip."""
    SLIPS.append(correct)
    return correct


def around(owner, name: str):
    """Puts a function in the place of a method; it is handed that method before the arguments of the call."""

    def put(replacement):
        original = getattr(owner, name)
        replaced = functools.wraps(original)(lambda *args, **kwargs: replacement(original, *args, **kwargs))
        setattr(owner, name, replaced)

    return put


def computed(owner: type, attribute: str, value) -> None:
    """Makes an attribute that moto counts up and down one that is counted when somebody looks."""
    setattr(owner, attribute, property(value, lambda self, ignored: None))
