"""How a strict account changes moto: as a slip does, but only where it was asked for."""

PATCHES = []
UNDER = []


def patch(change):
    """Marks a function that changes moto, over the slips."""
    PATCHES.append(change)
    return change


def under_the_slips(change):
    """Marks one that has to come before the slips, for they keep the methods they replace."""
    UNDER.append(change)
    return change
