"""Watches a stream on /play/NAME as a viewer does, in real Chromium. PlayerTests.swift starts it and talks to it by lines.

Arguments: the page's address, a folder for screenshots. Prints `ok WHAT` for each thing that it saw, and waits for a line on standard
input where the test does something in between. Anything else ends it with a traceback.
"""

import sys
import time

from playwright.sync_api import sync_playwright

address, pictures = sys.argv[1:3]


def ok(what):
    print(f"ok {what}", flush=True)


def until(expression, seconds, what):
    """Asks again and again: Playwright's own waiting evaluates text, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"{what}: not within {seconds} s; " + str(
            page.evaluate("[player.behind, video.currentTime, video.readyState, video.videoHeight, document.getElementById('note').textContent]"))
        page.wait_for_timeout(100)
    ok(what)


def plays(what, height, seconds=40):
    """It shows new pictures of that height, no farther behind than whole segments could be."""
    until("window.from = video.currentTime, true", 1, f"begins to wait: {what}")
    until(f"video.currentTime > window.from + 2 && video.videoHeight === {height} && player.behind !== null && player.behind < 2", seconds, what)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"])
    page = browser.new_page(viewport={"width": 960, "height": 600})
    faults, requests = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))

    page.goto(address)
    until("document.getElementById('note').textContent.includes('Nothing is live here yet')", 10, "nothing is live")
    plays("plays the source", 360)
    assert any("/part-" in url for url in requests), "it asked for no part"
    assert not any("/segment-" in url for url in requests[-20:]), f"it asks for whole segments: {requests[-20:]}"
    page.screenshot(path=f"{pictures}/player.png")
    page.locator("#rendition").select_option(label="P240p30fps16x9")
    plays("plays a rendition", 240)
    page.locator("#rendition").select_option(label="automatic")
    plays("plays the source again", 360)

    ok("ready for the loss")
    assert sys.stdin.readline().strip() == "back"
    plays("plays what came back", 180)
    assert page.evaluate("globalThis.player.run") == 1, "it began anew"

    ok("ready for the end")
    assert sys.stdin.readline().strip() == "ended"
    until("document.getElementById('note').textContent.includes('ended') || document.getElementById('note').textContent.includes('Nothing is live')", 30, "says that it ended")
    assert not faults, faults
    ok("no fault")
    browser.close()
