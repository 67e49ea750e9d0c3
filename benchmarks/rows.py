"""What a measurement says: one row per figure, against what it is compared with and the goal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

# A trial's name and engine, and each figure's values over the rounds.
Key = tuple[str, str]


@dataclass(frozen=True)
class Reference:
    """What a figure is compared with: a limit, a rival or an idle server; `ratio` is the figure's to its."""

    name: str
    value: float
    ratio: float


@dataclass(frozen=True)
class Row:
    """One figure. The goal is the ratio's when there is one, else the value's; most allowed when `is_most`."""

    name: str
    engine: str
    value: float
    unit: str
    against: Reference | None = None
    goal: float | None = None
    is_most: bool = False
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        figure = self.against.ratio if self.against else self.value
        return figure <= self.goal if self.is_most else figure >= self.goal

    def as_json(self) -> dict[str, Any]:
        """The row, and whether it reaches its goal."""
        return {**asdict(self), "is_reached": self.is_reached}

    @classmethod
    def from_json(cls, known: dict[str, Any]) -> Row:
        """The row again."""
        values = {name: value for name, value in known.items() if name != "is_reached"}
        return cls(**values | {"against": Reference(**known["against"]) if known["against"] else None})


class Found:
    """Every figure that the trials gave, over the rounds."""

    def __init__(self) -> None:
        self._values: dict[Key, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.missing: dict[str, list[str]] = {}  # by measurement: the trials that it lacks, and why

    def add(self, key: Key, figures: dict[str, float]) -> None:
        """Note the figures of one more round of a trial."""
        for name, value in figures.items():
            self._values[key][name].append(value)

    def lacks(self, measurement: str, key: Key, error: Exception) -> None:
        """Note a trial that could not be run, or failed."""
        reason = " ".join(str(error).split())[:200]
        self.missing.setdefault(measurement, []).append(f"{' '.join(key)}: {reason}")

    def has(self, name: str, engine: str) -> bool:
        """Whether the trial has given anything."""
        return (name, engine) in self._values

    def median(self, name: str, engine: str, figure: str = "rate") -> float:
        """The median over the rounds. Raises KeyError when the trial gave no such figure."""
        if (name, engine) not in self._values or figure not in self._values[name, engine]:
            raise KeyError((name, engine, figure))
        return median(self._values[name, engine][figure])

    def against(self, title: str, one: Key, other: Key, figure: str = "rate") -> Reference | None:
        """One trial's figure compared with another's, None without that; the ratio is the median of each round's own.

        Not the ratio of the medians: a disk or a neighbour that is slow for a while is so for both.
        """
        if other not in self._values:
            return None
        pairs = zip(self._values[one][figure], self._values[other][figure], strict=False)
        ratios = [a / b for a, b in pairs if b]
        return Reference(title, self.median(*other, figure), median(ratios) if ratios else 0.0)

    def worst(self, name: str, engine: str, figure: str) -> float:
        """The highest value over the rounds."""
        return max(self._values[name, engine][figure])

    def trials(self) -> list[Key]:
        """All trials that gave something, in the order of running."""
        return list(self._values)

    def engines(self, name: str) -> list[str]:
        """The engines that this trial ran on, in the order of running."""
        return [engine for trial, engine in self._values if trial == name]


def percentile(figures: list[float], percent: float) -> float:
    """The percentile; 0 of nothing."""
    if not figures:
        return 0.0
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * percent / 100))]
