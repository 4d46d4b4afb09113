"""From values to places on the paper: axes with round numbers, labels that fit, curves that do not overshoot."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

NARROW = frozenset("ijltf.,:;'|!()[] ")
WIDE = frozenset("mwMWQOGD@%&")


@dataclass(frozen=True)
class Axis:
    """A value axis from `low` to `high` with its ticks, all round numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Where `value` lies between `low` (0) and `high` (1)."""
        return (value - self.low) / (self.high - self.low)


def value_axis(values: Sequence[float], *, wanted: int = 4, from_zero: bool = True) -> Axis:
    """An axis with about `wanted` steps of 1, 2, 2.5 or 5 times a power of ten that holds all values."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        low, high = (low, low + 1) if low >= 0 else (low, 0.0)
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = 3 - math.floor(math.log10(step))
    ticks = tuple(round(index * step, places) for index in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide `text` is at most when set in `size`: no font is at hand on the server, and some systems' are wide."""
    widths = (
        1.0
        if east_asian_width(letter) in "WF"
        else 0.3
        if letter in NARROW
        else 0.85
        if letter in WIDE
        else 0.66
        if letter.isupper()
        else 0.56
        for letter in text
    )
    return sum(widths) * size * (1.25 if bold else 1.12)


def shortened(text: str, size: float, room: float) -> str:
    """`text`, cut with an ellipsis where it is wider than `room`."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def labels_shown(labels: Sequence[str], size: float, room: float) -> list[int]:
    """The indexes of the labels that fit side by side in `room`: every one, every second, every third…"""
    if not labels:
        return []
    widest = max(text_width(label, size) for label in labels) + size
    every = max(1, math.ceil(widest * len(labels) / max(room, 1)))
    return list(range(0, len(labels), every))


def smooth_path(points: Sequence[tuple[float, float]]) -> str:
    """An SVG path through all points, never above or below its neighbors (Fritsch and Carlson, 1980)."""
    if len(points) < 3:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in itertools.pairwise(points)]
    tangents = [slopes[0]]
    for before, after in itertools.pairwise(slopes):
        turns = before * after <= 0
        tangents.append(0.0 if turns else 2 * before * after / (before + after))
    tangents.append(slopes[-1])
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(itertools.pairwise(points)):
        third = (x2 - x1) / 3
        path.append(
            f"C{x1 + third:.1f} {y1 + tangents[index] * third:.1f} "
            f"{x2 - third:.1f} {y2 - tangents[index + 1] * third:.1f} {x2:.1f} {y2:.1f}"
        )
    return "".join(path)
