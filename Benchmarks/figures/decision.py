"""One routing decision, from a segment's facts to its first sending, by size of the pool; and what the pool takes in memory."""
import json
import os
import subprocess

from row import Row

REACH = {10: 2, 1000: 5, 10_000: 20}  # microseconds, p99
MEGABYTES = 200


def measure(children, run):
    program = os.path.join(os.path.dirname(run.binary), "DecisionBenchmark")
    rows, bytes_of_smallest = [], None
    for count, reach in REACH.items():
        output = subprocess.run([program, str(count), "20" if run.quick else "200"], check=True, capture_output=True, text=True).stdout
        found = json.loads(output)
        stay, first = found["stay"], found["first"]
        bytes_of_smallest = bytes_of_smallest or first["bytes"]
        measured = (
            f"stays: p50 {stay['p50Us']:.1f}, p99 {stay['p99Us']:.1f} µs; first choice: p50 {first['p50Us']:.1f}, "
            f"p99 {first['p99Us']:.1f} µs; {stay['bytes'] / 1000:.1f} and {first['bytes'] / 1000:.1f} kB allocated")
        rows.append(Row(f"one decision among {count} orchestrators", f"p99 ≤ {reach} µs", measured, stay["p99Us"] <= reach))
    # A choice looks at three handfuls at most, whatever the pool.
    grown = first["bytes"] <= 2 * bytes_of_smallest
    rows.append(Row("allocation of a decision does not grow with the pool", "≤ 2 × that among 10", f"{first['bytes']} bytes", grown))
    memory = found["memoryMB"]
    rows.append(Row("10 000 orchestrators × 8 kinds of work", f"≤ {MEGABYTES} MB", f"{memory:.0f} MB", memory <= MEGABYTES))
    return rows
