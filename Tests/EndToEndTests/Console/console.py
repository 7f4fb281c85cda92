"""Uses the console as an operator does, in real Chromium. ConsoleTests.swift starts it and talks to it by lines.

Arguments: the console's address, its token, a folder for screenshots. Prints `ok WHAT` for each thing that it saw, and waits for a line
on standard input where the test does something in between. Anything else ends it with a traceback.
"""

import sys
import time

from playwright.sync_api import sync_playwright, expect

address, token, pictures = sys.argv[1:4]


def ok(what):
    print(f"ok {what}", flush=True)


def told():
    return sys.stdin.readline().strip()


def until(page, expression, seconds):
    """Asks again and again: Playwright's own waiting evaluates text, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not within {seconds} s: {expression}"
        page.wait_for_timeout(100)


def plays(page, what):
    """The picture moves; whatever a player that is just being replaced still says."""
    end = time.monotonic() + 60
    while True:
        before = page.evaluate("document.querySelector('video').currentTime")
        page.wait_for_timeout(1500)
        if page.evaluate(f"(v => v.readyState >= 2 && v.currentTime > {before} + 0.7 && v.videoWidth > 0)(document.querySelector('video'))"):
            return ok(what)
        assert time.monotonic() < end, "the picture stands still: " + page.locator("#player-note").inner_text()


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"]
    )
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    faults = []
    foreign = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith((address.rsplit("/console", 1)[0], "blob:", "data:")) else foreign.append(request.url))

    # A stranger is asked who he is, a wrong token is refused, the right one lets in.
    page.goto(address)
    expect(page.locator("#sign-in")).to_be_visible(timeout=15000)
    page.locator("#token").fill("nobody-has-this-token")
    page.locator("#sign-in-go").click()
    expect(page.locator("#sign-in-fault")).to_contain_text("nobody has this token", timeout=10000)
    page.locator("#token").fill(token)
    page.locator("#sign-in-go").click()
    expect(page.locator("#sign-in")).to_be_hidden(timeout=10000)
    expect(page.locator("#link")).to_have_text("live", timeout=15000)
    ok("signed in")

    # Live: the streams, the sentence, the map, a picture that moves.
    expect(page.locator("#streams-list li")).to_have_count(2, timeout=30000)
    expect(page.locator("#sentence")).to_contain_text("streams", timeout=15000)
    expect(page.locator("#fleet-table tbody tr")).to_have_count(3)
    page.locator("#streams-list li", has_text="cam-1").click()
    expect(page.locator("#one-title")).to_have_text("cam-1")
    plays(page, "plays")
    expect(page.locator("#map .point").first).to_be_attached(timeout=30000)
    expect(page.locator("#waterfall .row").first).to_be_visible(timeout=20000)
    first = page.locator("#waterfall .row > span").first.text_content()
    until(page, f"document.querySelector('#waterfall .row > span').textContent !== {first!r}", 15)
    expect(page.locator("#decisions-list li").first).to_be_visible()
    ok("updates")

    # The slow one is named. Its times are known once a copy of a segment has been there.
    until(
        page,
        "[...document.querySelectorAll('#fleet-table tbody tr')].some(r => r.textContent.includes('slug') && /slow|suspect|ejected|no answer/.test(r.textContent))",
        60,
    )
    expect(page.locator("#sentence")).to_contain_text("slug", timeout=10000)
    ok("names the slow one")

    # Another promise: what it would do, and then it holds.
    slider = page.locator("#level-latency")
    was = slider.input_value()
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#effect")).to_contain_text("with this", timeout=20000)
    expect(page.locator("#apply")).to_be_enabled()
    page.locator("#apply").click()
    expect(page.locator("#toast")).to_contain_text("Promised", timeout=10000)
    assert slider.input_value() == str(int(was) + 20), (was, slider.input_value())
    ok("promised " + slider.input_value())

    # Somebody else changes it under our hands: the console says so and shows what holds.
    slider.focus()
    page.keyboard.press("ArrowLeft")
    ok("moved")
    told()
    expect(page.locator("#toast")).to_contain_text("Somebody else", timeout=10000)
    page.locator("#apply").click()
    expect(page.locator("#toast")).to_contain_text("nothing of yours was applied", timeout=10000)
    until(page, "document.querySelector('#level-latency').value === '155'", 10)
    ok("told of the other operator")

    # Orders: drained and let back.
    row = page.locator("#fleet-table tbody tr", has_text="slug")
    row.get_by_role("button", name="Drain").click()
    expect(row.locator(".tag")).to_have_text("draining", timeout=10000)
    row.get_by_role("button", name="Let back").click()
    expect(row.locator(".tag")).not_to_have_text("draining", timeout=10000)
    ok("drained and let back")

    # Wide and narrow, light and dark: nothing sticks out sideways.
    for name, width, height, scheme in [("wide-light", 1440, 900, "light"), ("wide-dark", 1440, 900, "dark"), ("narrow-light", 390, 844, "light"), ("narrow-dark", 390, 844, "dark")]:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(400)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{name}: {over} pixels stick out"
        page.screenshot(path=f"{pictures}/{name}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    ok("fits")

    # The gateway goes away, and comes back on the same port: said, and gone on.
    ok("ready for the restart")
    told()
    expect(page.locator("#link")).to_contain_text("no answer", timeout=15000)
    ok("saw it go")
    told()
    expect(page.locator("#link")).to_have_text("live", timeout=30000)
    expect(page.locator("#streams-list li", has_text="cam-1")).to_be_visible(timeout=30000)
    plays(page, "plays again")
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 300})
    page.keyboard.press("j")
    expect(page.locator("#one-title")).to_have_text("cam-2", timeout=5000)
    ok("keyboard")
    assert not faults, faults
    assert not foreign, foreign
    ok("no fault")
    browser.close()
