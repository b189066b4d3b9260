"""The verdicts on one attack."""

import textwrap
from collections import namedtuple

Verdict = namedtuple("Verdict", "what ok found wanted")


class Verdicts:
    """The verdicts of one attack and the figures beside them; `show` prints both."""

    def __init__(self, attack):
        self.attack = attack
        self.figures = {}
        self.list = []

    def note(self, what, value):
        """Adds a figure that is not judged."""
        self.figures[what] = value

    def hold(self, what, ok, found, wanted):
        self.list.append(Verdict(what, bool(ok), found, wanted))

    def at_most(self, what, found, limit, unit):
        self.hold(what, found <= limit, f"{found:,.1f} {unit}", f"at most {limit:,.1f} {unit}")

    @property
    def failed(self):
        return [verdict for verdict in self.list if not verdict.ok]

    def show(self):
        width = max(len(verdict.what) for verdict in self.list)
        found = max(min(len(verdict.found), 28) for verdict in self.list)
        figures = ", ".join(f"{what} {shown(value)}" for what, value in self.figures.items())
        print(self.attack)
        print(textwrap.fill(figures, 120, initial_indent="  ", subsequent_indent="  "))
        for verdict in self.list:
            print(f"  {'ok  ' if verdict.ok else 'FAIL'}  {verdict.what:<{width}}  {verdict.found:<{found}}  "
                  f"wanted: {verdict.wanted}", flush=True)

    def document(self):
        """Verdicts and figures for a JSON file."""
        return {"figures": self.figures, "verdicts": [verdict._asdict() for verdict in self.list]}


def shown(value):
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
