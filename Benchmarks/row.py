"""One line of the table, and the arithmetic all figures share."""
from dataclasses import dataclass


@dataclass
class Row:
    figure: str
    reach: str
    measured: str
    passed: bool | None  # None: not measured


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(values):
    return f"p50 {percentile(values, 0.5):.1f} ms, p99 {percentile(values, 0.99):.1f} ms, n {len(values)}"
