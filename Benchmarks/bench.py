#!/usr/bin/env python3
"""Measures what the gateway and the trickle server must reach and prints one table. Usage: bench.py [--quick] [--only NAME] PATH_OF_SLUICE"""
import argparse
import signal
import sys
import tempfile
from types import SimpleNamespace

from children import Children
from figures import gateway_share, http_push, many_publishers, many_viewers, source_playlist, trickle
from row import Row

FIGURES = {
    "source_playlist": source_playlist, "gateway_share": gateway_share, "http_push": http_push,
    "many_publishers": many_publishers, "many_viewers": many_viewers,
    "trickle": trickle}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="the sluice program, built for release")
    parser.add_argument("--quick", action="store_true", help="fewer segments and shorter windows; not for publishing")
    parser.add_argument("--only", choices=FIGURES, action="append", help="one figure; repeat for more")
    parser.add_argument("--trickle", action="append_const", const="trickle", dest="only", help="the trickle figures alone")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # so that children end on these as well
    rows = []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        run = SimpleNamespace(binary=options.binary, quick=options.quick, folder=folder)
        for name in options.only or FIGURES:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            with Children() as children:
                try:
                    rows += FIGURES[name].measure(children, run)
                except Exception as error:  # one figure's fault does not cost the others
                    rows.append(Row(name, "", f"not measured: {error}", None))
    print("| figure | reach | measured | pass |\n|---|---|---|---|")
    for row in rows:
        verdict = {True: "yes", False: "NO", None: "not measured"}[row.passed]
        print(f"| {row.figure} | {row.reach} | {row.measured} | {verdict} |")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
