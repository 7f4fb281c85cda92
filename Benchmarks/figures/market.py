"""The marketplace: listing, one change and a quote among 10 000 offers, their memory; and the books."""
import json
import os
import subprocess
import tempfile

from row import Row


def measure(children, run):
    program = os.path.join(os.path.dirname(run.binary), "MarketBenchmark")
    found = json.loads(subprocess.run([program, "offers", "10000"], check=True, capture_output=True, text=True).stdout)
    rows = [
        Row("full listing of 10 000 offers", "≤ 50 ms", f"{found['listingP99Ms']:.1f} ms, {found['listingBytes'] / 1e6:.1f} MB", found["listingP99Ms"] <= 50),
        Row("one change among 10 000 offers, by the whole list", "≤ 20 ms", f"p50 {found['changeMs']:.1f}, p99 {found['changeP99Ms']:.1f} ms", found["changeP99Ms"] <= 20),
        Row("one change among 10 000 offers, as it is told", "≤ 20 ms", f"p50 {found['singleMs']:.2f}, p99 {found['singleP99Ms']:.2f} ms", found["singleP99Ms"] <= 20),
        Row("a quote among 10 000 offers", "p99 ≤ 5 ms", f"p50 {found['quoteMs']:.2f}, p99 {found['quoteP99Ms']:.2f} ms", found["quoteP99Ms"] <= 5),
        Row("10 000 offers with history", "≤ 150 MB", f"{found['memoryMB']:.0f} MB", found["memoryMB"] <= 150),
    ]
    with tempfile.TemporaryDirectory() as folder:
        output = subprocess.run(
            [program, "ledger", os.path.join(folder, "books.sqlite"), "3" if run.quick else "10", "5000"], check=True, capture_output=True, text=True).stdout
    books = json.loads(output.splitlines()[-1])
    rows.append(
        Row("bookings on the disk, every batch waited for", "≥ 5 000 a second, exact", f"{books['perSecond']} a second, slowest batch {books['slowestBatchMs']:.0f} ms",
            books["perSecond"] >= 4900 and books["exact"]))
    return rows
