"""`sluice publish --stamp` and `sluice measure` as programs of their own."""
import json
import subprocess
import urllib.error
import urllib.request

from children import wait_until


def publish(children, run, url, *options):
    return children.start([run.binary, "publish", "--stamp", *options, url])


def measure(run, urls, viewers=1, seconds=10, settle=4, pid=None, source=None):
    """The report of `sluice measure --json`."""
    command = [
        run.binary, "measure", "--json", "--viewers", str(viewers), "--duration", f"{seconds}s", "--settle", f"{settle}s"]
    if pid:
        command += ["--pid", str(pid)]
    if source:
        command += ["--source", source]
    done = subprocess.run(command + list(urls), capture_output=True, text=True, timeout=seconds + settle + 120)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"measure: {(done.stderr or done.stdout)[-300:]}") from None
    for target in report["targets"]:
        if not target.get("ages"):
            raise RuntimeError(f"no stamped frame from {target['address']}: {target.get('firstFailure', 'no failure')}")
    return report


def ages(figures):
    return f"p50 {figures['p50']:.1f}, p99 {figures['p99']:.1f} ms"


def server(report):
    figures = report["server"]
    return f"CPU {figures['cpuShare'] * 100:.1f} % of a core, {figures['residentBytes'] / 1e6:.0f} MB"


def count(viewers):
    return "1 viewer" if viewers == 1 else f"{viewers} viewers"


def wait_for_rtmp(run, url):
    """Returns once the stream can be played."""
    wait_until(lambda: subprocess.run(
        [run.binary, "measure", "--json", "--duration", "200ms", "--settle", "300ms", url], capture_output=True).returncode == 0, 15, url)


def is_there(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False

