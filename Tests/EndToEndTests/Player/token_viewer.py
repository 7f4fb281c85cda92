"""Watches a stream that asks for a token, in real Chromium: on our page, and by the browser's own player. PlayerTests.swift starts it.

Arguments: the gateway's media port, a token. Prints `ok WHAT` for each thing that it saw; anything else ends it with a traceback.
"""

import sys
import time
import urllib.parse

from playwright.sync_api import sync_playwright

media, token = sys.argv[1:3]


def ok(what):
    print(f"ok {what}", flush=True)


def until(page, expression, seconds, what):
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"{what}: not within {seconds} s; {page.evaluate('document.getElementById(`note`).textContent')}; {asked[-5:]}"
        page.wait_for_timeout(100)
    ok(what)


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"])
    page = browser.new_page(viewport={"width": 960, "height": 600})
    asked, refused = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: refused.append((answer.status, answer.url)) if answer.status in (401, 403) else None)

    def plain(url):
        return url.removeprefix(media)

    # Without one, and with one for another stream: said, and nothing is shown.
    page.goto(f"{media}/play/cam")
    until(page, "document.getElementById('note').textContent.includes('not there')", 15, "asks for a token")
    assert any(status == 401 for status, _ in refused), refused
    refused.clear()
    asked.clear()

    page.goto(f"{media}/play/cam?token={token}")
    until(page, "video.currentTime > 3 && video.videoHeight > 0 && player.behind < 2", 40, "plays by parts")
    page.locator("#rendition").select_option(label="P144p30fps16x9")
    until(page, "video.videoHeight === 144", 40, "plays a rendition")
    below = [plain(url) for url in asked if "/ll/" in url]
    first, rest = [path for path in below if path.startswith("/ll/")], [path for path in below if not path.startswith("/ll/")]
    assert all("?token=" in path for path in first), first
    inherited = f"/t/{urllib.parse.quote(token, safe='-_.~')}/ll/"
    assert len(rest) > 20 and all(path.startswith(inherited) for path in rest), rest
    assert any("/part-" in path for path in rest) and any("/init-" in path for path in rest)
    assert not refused, refused
    ok("every name carries the token")

    # Chromium's own player, which is given nothing but the address.
    asked.clear()
    page.evaluate("""token => { player.stop(); const own = document.createElement("video"); own.id = "own"; own.muted = true; own.src = `/stream/cam.m3u8?token=${token}`; document.body.append(own); own.play(); }""", token)
    until(page, "document.getElementById('own').currentTime > 1 && document.getElementById('own').videoHeight > 0", 60, "plays in the browser's own player")
    assert not refused, refused
    ok("no fault")
    browser.close()
