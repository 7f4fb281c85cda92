"""One publisher, 1 and 200 RTMP viewers: age of each frame, CPU and memory; the same at nginx."""
from latency import viewing
from latency.servers import both
from row import Row


def measure(children, run):
    rows = []
    for viewers in (1, 50 if run.quick else 200):
        reports = {}
        for peer in both(children, run):
            publisher = viewing.publish(children, run, peer.publish_url("a"))
            viewing.wait_for_rtmp(run, peer.play_url("a"))
            reports[peer.name] = viewing.measure(
                run, [peer.play_url("a")], viewers=viewers, seconds=5 if run.quick else 20, pid=peer.pid)
            children.stop(publisher)
        ours, theirs = reports["sluice"], reports["nginx-rtmp"]
        age, other = ours["targets"][0]["ages"], theirs["targets"][0]["ages"]
        rows.append(
            Row(
                f"RTMP: age of a frame on arrival, {viewing.count(viewers)}", "p50 at most 1 ms over nginx-rtmp's",
                f"{viewing.ages(age)}, {viewing.server(ours)}; nginx-rtmp {viewing.ages(other)}, {viewing.server(theirs)}",
                age["p50"] <= other["p50"] + 1))
    return rows
