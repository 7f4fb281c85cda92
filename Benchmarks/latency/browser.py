"""Chromium on the page for viewers, /play/NAME: how far behind live what it shows is, and whether it ever stands still."""
import time

from children import wait_until
from latency import viewing
from latency.servers import Sluice
from row import Row

WATCH = """() => {
  window.seen = []; window.stalls = 0;
  video.addEventListener('waiting', () => window.stalls++);
  const frame = (now, facts) => {
    const at = player.cameIn(facts.mediaTime);
    if (at !== null) seen.push(Date.now() - at);
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
}"""


def measure(children, run):
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise RuntimeError("needs Playwright and Chromium; scripts/test installs both") from None
    gateway = Sluice(children, run)
    viewing.publish(children, run, gateway.publish_url("a"))
    wait_until(lambda: viewing.is_there(gateway.low_latency_url("a")), 15, "LL-HLS")
    seconds = 30 if run.quick else 300
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": 1280, "height": 760})
        page.goto(f"http://127.0.0.1:{gateway.http}/play/a")
        time.sleep(15)  # it begins with the last key frame and closes up
        page.evaluate(WATCH)
        time.sleep(seconds)
        ages, stalls, quality = page.evaluate(
            "[seen.sort((a, b) => a - b), stalls, (q => [q.droppedVideoFrames, q.totalVideoFrames])(video.getVideoPlaybackQuality())]")
        browser.close()
    gateway.stop()
    if not ages:
        raise RuntimeError("Chromium showed no picture")
    middle, late = ages[len(ages) // 2] / 1000, ages[len(ages) * 99 // 100] / 1000
    return [
        Row(
            f"Chromium on /play, {seconds} s: a picture shown after it came in at the gateway", "≤ 1.2 s, no stall",
            f"p50 {middle:.2f}, p99 {late:.2f} s, {stalls} stalls, {quality[0]} of {quality[1]} pictures dropped",
            late <= 1.2 and stalls == 0)]
