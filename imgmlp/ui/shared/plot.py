"""A plot as SVG: what every plot of the app has in common."""

from collections.abc import Sequence
from html import escape
from math import floor, log10

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 600, 230, 76, 26, 16  # px of a plot; the margins hold its labels


def plot(title: str, words: str, content: str, across: str = "") -> str:
    """An SVG as wide as its column; `words` say what it shows, `across` what its numbers from left to right are."""
    content += f'<text class="across" x="0" y="{HEIGHT - 8}">{escape(across)}</text>' if across else ""
    return (
        f'<figure class="plot"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(f"{title}: {words}")}">{content}</svg><p>{escape(words)}</p></figure>'
    )


def in_numbers(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same numbers in words; the first of each row is its head."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(one)}</td>" for one in rest)}</tr>' for first, *rest in rows)
    return f'<table class="statistics"><tr>{head}</tr>{body}</table>'


def ticks(most: float) -> list[float]:
    """Round numbers from 0 to `most`, which is above 0; three to six of them."""
    unit = 10 ** floor(log10(most))
    step = next(step for step in (unit / 5, unit / 2, unit, 2 * unit) if most / step < 6)
    return [step * count for count in range(floor(most / step) + 1)]
