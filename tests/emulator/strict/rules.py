"""The rules of a strict account: which are asked before a call reaches moto, and what moto cannot do at all."""

RULES: dict[str, list] = {}
ANSWERS: dict[str, object] = {}
# The rules that have refused something.
BUSY: set[str] = set()


class Refused(Exception):
    """What AWS says instead of doing what was asked."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def refuses(*calls: str):
    """Marks a function that raises `Refused` where AWS refuses one of these calls. Its text says what AWS does."""

    def mark(rule):
        for call in calls:
            RULES.setdefault(call, []).append(rule)
        return rule

    return mark


def answers(call: str):
    """Marks a function that answers a call that moto does not know, or answers without asking moto."""

    def mark(answer):
        ANSWERS[call] = answer
        return answer

    return mark


def ask(call) -> None:
    """Raises `Refused` where a rule says so."""
    if call.service == "ec2" and call.says("DryRun"):
        # AWS would answer DryRunOperation; moto does what was asked for. So nobody may ask.
        raise Refused("DryRunIsUsed", "a dry run is not dry everywhere, and nothing here needs one")
    for rule in RULES.get(call.name, []):
        try:
            rule(call)
        except Refused:
            BUSY.add(rule.__name__)
            raise


def idle() -> list[str]:
    """The rules that have refused nothing yet."""
    return sorted({rule.__name__ for of_call in RULES.values() for rule in of_call} - BUSY)
