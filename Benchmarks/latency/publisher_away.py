"""The publisher leaves for 1, 5 and 30 s and comes back: no viewer's session ends."""
import threading
import time

from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row


def measure(children, run):
    rows = []
    for away in (1, 5) if run.quick else (1, 5, 30):
        gateway = Sluice(children, run)
        first = viewing.publish(children, run, gateway.publish_url("a"))
        url = gateway.low_latency_url("a")
        try:
            wait_until(lambda: viewing.is_there(url), 15, "LL-HLS")
        except RuntimeError:
            return []  # not offered yet
        outcome = {}

        def watch():
            try:
                outcome["target"] = viewing.measure(run, [url], viewers=10, seconds=away + 14)["targets"][0]
            except RuntimeError as error:
                outcome["error"] = error

        viewer = threading.Thread(target=watch)
        viewer.start()
        time.sleep(8)
        children.stop(first)
        time.sleep(away)
        viewing.publish(children, run, gateway.publish_url("a"))
        viewer.join()
        gateway.stop()
        if "error" in outcome:
            raise outcome["error"]
        target = outcome["target"]
        rows.append(
            Row(
                f"publisher away for {away} s, 10 LL-HLS viewers", "no session ends",
                f"{target['failures']} failed requests{', first: ' + target['firstFailure'] if target['failures'] else ''}, "
                f"{target['frames'] / 10:.0f} frames each", target["failures"] == 0 and target["frames"] > 10 * 30 * 8))
    return rows
