"""What is promised of one machine with two cores, and what this run showed; a goal that is missed fails nothing."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

CASES_A_SECOND = 300.0
MILLISECONDS_A_CASE = 5.0
MILLISECONDS_LATE = 250.0


@dataclass
class Goals:
    """The figures of a run that have a goal, in the order in which they were measured."""

    lines: list[str] = field(default_factory=list)

    def at_least(self, title: str, found: float, goal: float) -> None:
        self._note(title, found, f">= {goal:.0f}", is_met=found >= goal)

    def at_most(self, title: str, found: float, goal: float) -> None:
        self._note(title, found, f"<= {goal:.0f}", is_met=found <= goal)

    def _note(self, title: str, found: float, goal: str, *, is_met: bool) -> None:
        figure = "-" if math.isnan(found) else f"{found:.1f}"
        self.lines.append(f"  {title:52}{figure:>10}{goal:>10}  {'met' if is_met else 'MISSED'}")

    def show(self, tell: Callable[[str], None] = print) -> None:
        """All of them, one beneath the other."""
        if self.lines:
            tell("\ngoals")
            for line in self.lines:
                tell(line)
