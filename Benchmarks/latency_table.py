#!/usr/bin/env python3
"""Measures the latency table of issue 4 and prints it; what the server does not offer yet is left out.

Usage: latency_table.py [--quick] [--only NAME] PATH_OF_SLUICE. Publisher and viewers are `sluice publish --stamp` and `sluice measure`.
"""
import argparse
import signal
import sys
import tempfile
from types import SimpleNamespace

from bench import measured, report
from latency import browser, hls, idle_memory, low_latency, publisher_away, publishers, renditions, rtmp, takeover, waiting

FIGURES = {
    "rtmp": rtmp, "publishers": publishers, "hls": hls, "low_latency": low_latency, "renditions": renditions,
    "idle_memory": idle_memory, "publisher_away": publisher_away, "takeover": takeover, "browser": browser, "waiting": waiting}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="the sluice program, built for release")
    parser.add_argument("--quick", action="store_true", help="shorter windows and fewer viewers; not for publishing")
    parser.add_argument("--only", choices=FIGURES, action="append", help="one figure; repeat for more")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    rows = []
    with tempfile.TemporaryDirectory(prefix="sluice-latency-") as folder:
        run = SimpleNamespace(binary=options.binary, quick=options.quick, folder=folder)
        for name in options.only or FIGURES:
            rows += measured(name, lambda children: FIGURES[name].measure(children, run))
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
