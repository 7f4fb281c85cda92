#!/usr/bin/env python3
"""Measures the gateway and the trickle server and prints tables. Usage: bench.py [--quick] [--only NAME] PATH_OF_SLUICE

With --chaos: scenarios played by scripted orchestrators, beside the same ones simulated, and orchestrators killed at their work.
"""
import argparse
import signal
import sys
import tempfile
from types import SimpleNamespace

from chaos import kills, scenarios
from children import Children
from figures import (
    console, decision, gateway_share, http_push, live_video, many_publishers, many_viewers, market, reload, runner_proxy, scrape,
    source_playlist, traces, trickle)
from row import Row

FIGURES = {
    "decision": decision,
    "market": market,
    "source_playlist": source_playlist, "gateway_share": gateway_share, "http_push": http_push,
    "many_publishers": many_publishers, "many_viewers": many_viewers,
    "trickle": trickle, "runner_proxy": runner_proxy, "live_video": live_video,
    "scrape": scrape, "console": console, "traces": traces, "reload": reload}

# Of several, by one name.
GROUPS = {"desk": ["scrape", "console", "traces", "reload"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="the sluice program, built for release")
    parser.add_argument("--quick", action="store_true", help="fewer segments and shorter windows; not for publishing")
    parser.add_argument("--only", choices=[*FIGURES, *GROUPS], action="append", help="one figure, or all of the desk; repeat for more")
    parser.add_argument("--chaos", action="store_true", help="scenarios live and simulated, and the table of kills")
    parser.add_argument("--scenario", choices=scenarios.BEGINNINGS, action="append", help="of --chaos: one of them; repeat for more")
    parser.add_argument("--seconds", type=int, default=90, help="of --chaos: the length of each scenario")
    parser.add_argument("--streams", type=int, help="of --chaos: streams in each, for machines that cannot push them all")
    parser.add_argument("--kills", type=int, default=100, help="of --chaos: kills in each stage; 0 leaves them out")
    parser.add_argument("--keep", help="of --chaos: a folder for the decisions of each scenario, as JSON")
    parser.add_argument("--trickle", action="append_const", const="trickle", dest="only", help="the trickle figures alone")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # so that children end on these as well
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        run = SimpleNamespace(binary=options.binary, quick=options.quick, folder=folder, keep=options.keep)
        return chaos(run, options) if options.chaos else figures(run, options)


def figures(run, options):
    rows, is_whole = [], False
    names = [name for one in options.only or FIGURES for name in GROUPS.get(one, [one])]
    try:
        for name in names:
            fresh = measured(name, lambda children: FIGURES[name].measure(children, run))
            for row in fresh:
                print(f"  {row.figure}: {row.measured}", file=sys.stderr, flush=True)
            rows += fresh
        is_whole = True
    finally:
        # Who is interrupted has what was measured until then.
        status = report(rows)
    return status if is_whole else 1


def chaos(run, options):
    results = []
    for name in options.scenario or scenarios.BEGINNINGS:
        print(f"playing {name} …", file=sys.stderr, flush=True)
        with Children() as children:
            results.append((name, *scenarios.compare(children, run, name, options.seconds, options.streams)))
    print(scenarios.table(results), flush=True)
    agrees = all("NO" not in scenarios.verdict(live, simulated).values() for _, live, simulated, _ in results)
    if not options.kills:
        return 0 if agrees else 1
    print()
    return max(report(measured("kills", lambda children: kills.measure(children, run, options.kills))), 0 if agrees else 1)


def measured(name, measure):
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    with Children() as children:
        try:
            return measure(children)
        except Exception as error:  # one figure's fault does not cost the others
            return [Row(name, "", f"not measured: {error}", None)]


def report(rows):
    print("| figure | reach | measured | pass |\n|---|---|---|---|")
    for row in rows:
        verdict = {True: "yes", False: "NO", None: "not measured"}[row.passed]
        print(f"| {row.figure} | {row.reach} | {row.measured} | {verdict} |")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
