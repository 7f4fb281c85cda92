"""A console that is left open for a day, in real Chromium with a clock that is turned on by hand. ConsoleDayTests.swift starts it.

Arguments: the console's address. A day is made of the real page against the real gateway with its clock turned on by hours, and of what a day
brings: the events that came are told to the page again, thousands of times, under new names. Prints `ok WHAT` for each thing that it saw; anything else ends it
with a traceback. Waits for a line on standard input where the test does something in between.
"""

import sys
import time

from playwright.sync_api import sync_playwright, expect

address = sys.argv[1]

# Before the page's own script: remembers the page's links to events, so that more can be told on them than the gateway has to tell.
spy = """
globalThis.links = [];
const Real = EventSource;
globalThis.EventSource = class extends Real {
  constructor(...all) {
    super(...all);
    this.heard = {};
    // Those that are over are the page's garbage, and not to be kept by who looks on.
    links.forEach((link, place) => { if (link?.readyState === Real.CLOSED) links[place] = null; });
    links.push(this);
  }
  addEventListener(type, act) { (this.heard[type] ??= []).push(act); super.addEventListener(type, act); }
};
// A day of one kind of events: the last that came, again and again, with numbers and names of their own.
globalThis.tell = (type, text, count, vary) => {
  const link = links.at(-1);
  for (let n = 0; n < count; n++) {
    const value = vary(JSON.parse(text), n);
    for (const act of link.heard[type]) act(new MessageEvent(type, { data: JSON.stringify(value), lastEventId: `day-${type}-${globalThis.told = (globalThis.told ?? 0) + 1}` }));
  }
};
"""


def ok(what):
    print(f"ok {what}", flush=True)


def told():
    return sys.stdin.readline().strip()


def until(page, expression, seconds):
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not within {seconds} s: {expression}"
        time.sleep(0.1)


def weigh(session):
    """(kilobytes of the page's heap, elements, listeners) after the garbage is gone."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    facts = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return facts["JSHeapUsedSize"] / 1000, facts["Nodes"], facts["JSEventListeners"]


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc"])
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script(spy)
    page.clock.install()
    page.goto(address)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    expect(page.locator("#link")).to_have_text("live", timeout=15000)
    expect(page.locator("#streams-list li")).to_have_count(1, timeout=30000)
    expect(page.locator("#decisions-list li").first).to_be_attached(timeout=30000)
    ok("it is open")

    # What the page is told of, as the gateway tells it.
    page.evaluate("""() => { globalThis.seen = {}; for (const type of ["overview", "decision"]) links.at(-1).addEventListener(type, event => { seen[type] = event.data; }); }""")
    until(page, "globalThis.seen.overview && globalThis.seen.decision", 15)

    hour = """() => {
      // Overviews, one for each minute, in which streams and orchestrators come and go; decisions; ejections; streams that begin.
      const at = n => Date.now() - 3600000 + n * 1000;
      tell("overview", seen.overview, 60, (o, n) => {
        o.at = at(n * 60);
        o.streams = [...o.streams, ...Array.from({ length: 20 }, (_, k) => ({ ...o.streams[0], id: `guest-${(globalThis.told >> 3) + k}`, orchestrator: o.orchestrators[0]?.id }))];
        o.orchestrators = [...o.orchestrators, ...Array.from({ length: 20 }, (_, k) => ({ ...o.orchestrators[0], id: `https://guest-${(globalThis.told >> 3) + k}.example:8935`, samples: 9, p50Ms: 100 + k, p90Ms: 300 + n % 50 }))];
        return o;
      });
      tell("decision", seen.decision, 300, (d, n) => ({ ...d, at: at(n * 12), sequence: 1000000 + (globalThis.told ?? 0), isMissed: n % 50 === 0 }));
      tell("ejection", "{}", 60, (_, n) => ({ at: at(n), words: "left out after faults", orchestrator: `https://guest-${n}.example:8935` }));
      tell("stream-started", "{}", 60, (_, n) => ({ at: at(n), words: "rtmp from 127.0.0.1", stream: `guest-${n}` }));
    }"""
    weights = []
    for number in range(24):
        page.evaluate(hour)
        # The page's own timers of that hour: what it asks again now and then, what it gives up, what it hides.
        page.clock.fast_forward(3600 * 1000)
        time.sleep(0.3)
        weights.append(weigh(session))
    first, last = weights[3], weights[-1]
    print("weights", [tuple(round(v) for v in one) for one in weights], flush=True)
    assert last[0] < first[0] * 1.3 + 2000, f"the heap grows: {first} to {last}"
    assert last[1] < first[1] * 1.2 + 500, f"elements pile up: {first} to {last}"
    assert last[2] < first[2] + 50, f"listeners pile up: {first} to {last}"
    ok("a day weighs nothing")

    # With the clock on by hours the page takes its link for dead, and opens others; of all of them one is open.
    until(page, "links.length > 1", 20)
    expect(page.locator("#link")).to_have_text("live", timeout=20000)
    until(page, "links.filter(link => link && link.readyState !== EventSource.CLOSED).length === 1", 10)
    ok("its link is a new one")

    # It shows what is now, not a guest of the night.
    expect(page.locator("#streams-list li")).to_have_count(1, timeout=20000)
    before = page.locator("#node").text_content()
    until(page, f"document.getElementById('node').textContent !== {before!r} || document.querySelector('#decisions-list li b').textContent.startsWith('cam')", 20)
    ok("ready for an order")
    assert told() == "ordered"
    expect(page.locator("#decisions-list")).to_contain_text("changed what is promised", timeout=15000)
    ok("it still updates")

    # A link on which nothing comes any more, though nobody closed it, is opened anew.
    count = page.evaluate("links.length")
    page.evaluate("""() => { const link = links.at(-1); for (const type in link.heard) for (const act of link.heard[type]) link.removeEventListener(type, act); }""")
    expect(page.locator("#link")).to_contain_text("no answer", timeout=10000)
    until(page, f"links.length > {count}", 30)
    expect(page.locator("#link")).to_have_text("live", timeout=15000)
    ok("a dead link is noticed")
    assert not faults, faults
    ok("no fault")
    browser.close()
