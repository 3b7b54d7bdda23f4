"""Numbers in sentences: shares, counts, and estimates with their intervals."""

from dataclasses import dataclass

MINUS = "\u2212"


@dataclass(frozen=True)
class Estimate:
    """A mean of answers, 0..1, or a difference of such means, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{percent(self.value)} ({round(100 * self.low)} to {round(100 * self.high)})"

    @property
    def points(self) -> str:
        """As a difference in percentage points."""
        value, low, high = (f"{round(100 * each):+d}".replace("-", MINUS) for each in (self.value, self.low, self.high))
        return f"{value}\u00a0points ({low} to {high})"

    def beside(self, reference: float, above: str, below: str, within: str) -> str:
        """One of three wordings: by where the interval lies, not the value alone."""
        return above if self.low > reference else below if self.high < reference else within


def percent(share: float) -> str:
    """A share as a whole number."""
    return f"{round(100 * share)}\u00a0%"


def counted(number: int, name: str) -> str:
    """A number of things, in the plural if there is not one."""
    return f"{number} {name}{'' if number == 1 else 's'}"
