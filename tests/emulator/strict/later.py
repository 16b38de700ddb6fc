"""What takes its time: things that are on their way out until somebody has looked at them often enough.

No clock: a look is a call that would show the thing. A refusal is a look at everything, for whoever is refused waits
before the next try; and what nobody looks at ends by itself after many calls, as it would in the meantime.
"""

PATIENCE = 300


class Pending:
    def __init__(self, looks: int, seen_by: tuple[str, ...], then) -> None:
        self.left = looks
        self.seen_by = seen_by
        self.age = 0
        self.then = then


PENDING: list[Pending] = []
# A rack is stood up at once: nothing takes time before the account is opened.
HURRY = [True]


def after(looks: int, seen_by: tuple[str, ...], then) -> None:
    """Does it when calls of these names were answered so many times."""
    if HURRY[0]:
        then()
    else:
        PENDING.append(Pending(looks, seen_by, then))


def looked(call) -> None:
    for pending in list(PENDING):
        pending.age += 1
        if call.name in pending.seen_by:
            pending.left -= 1
    end()


def pass_time() -> None:
    """A look at everything."""
    for pending in list(PENDING):
        pending.left -= 1
    end()


def end() -> None:
    for pending in [it for it in PENDING if it.left <= 0 or it.age >= PATIENCE]:
        if pending in PENDING:
            PENDING.remove(pending)
            pending.then()
