// The list of streams, the chosen one with its player, and its end.
import { $, h, keyed, text, classes, ms, bits, share, plural, short, toast, sure, span } from "./format.js";
import { ask } from "./feed.js";

const shown = 100;
let filter = "", all = false, order = [], state, streams = [], names = new Map(), playing = null, retry = null;

export function startStreams(shared) {
  state = shared;
  $("streams-filter").addEventListener("input", event => { filter = event.target.value.toLowerCase(); draw(); });
  $("streams-more").addEventListener("click", () => { all = !all; draw(); });
  $("streams-list").addEventListener("keydown", event => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); step(by); }
  });
  sure($("stop"), "Really stop it?", async () => {
    try { await ask(`streams/${encodeURIComponent(state.chosen)}`, { method: "DELETE" }); toast(`${state.chosen} is being ended`); }
    catch (error) { toast(error.message, true); }
  });
  $("rendition").addEventListener("change", () => play(true));
  const video = $("video");
  video.addEventListener("error", () => later(2000));
  video.addEventListener("ended", () => later(2000));
  video.addEventListener("playing", () => note(""));
  video.addEventListener("waiting", () => { if (playing) note("waiting for the next segment…"); });
}

export function step(by) {
  const place = order.indexOf(state.chosen);
  const next = order[Math.min(order.length - 1, Math.max(0, place + by))];
  if (next) state.choose(next);
}

export function showStreams(overview, names_) {
  names = names_;
  streams = overview.streams;
  draw();
  showOne(overview);
}

// Trouble first, then by name: what needs a look is on top, and the rest stays where it is.
const trouble = s => (s.isLive ? 0 : 4) + (s.recentMissed > 0 ? 0 : s.finishMs > s.targetMs ? 1 : 2);

function draw() {
  const wanted = streams.filter(s => !filter || [s.id, s.tenant, names.get(s.orchestrator)].join(" ").toLowerCase().includes(filter))
    .sort((a, b) => trouble(a) - trouble(b) || a.id.localeCompare(b.id));
  order = wanted.map(s => s.id);
  keyed($("streams-list"), all ? wanted : wanted.slice(0, shown), s => s.id, make, update);
  $("streams-more").hidden = wanted.length <= shown;
  text($("streams-more"), all ? "Show fewer" : `Show all ${wanted.length}`);
  const live = streams.filter(s => s.isLive).length;
  text($("streams-count"), streams.length ? `${live} live${streams.length > live ? `, ${streams.length - live} just ended` : ""}` : "");
  const empty = $("streams-empty");
  empty.hidden = wanted.length > 0;
  $("streams-list").hidden = !wanted.length;
  if (streams.length) text(empty, `None of ${streams.length} fits “${filter}”.`);
  else if (!empty.dataset.said) {
    empty.dataset.said = 1;
    empty.replaceChildren("No stream is live. Publish one by RTMP, in OBS with the server ", h("code", { textContent: `rtmp://${location.hostname}:1935/live` }), " and any name as stream key; it appears here with its first segment.");
  }
}

function make(s) {
  const item = h("li", { role: "option", onclick: () => state.choose(s.id) },
    h("span", {}, h("b"), h("small")), h("span.spark", { title: "finish times of the last segments; the line is the target" }), h("span.last", {}, h("b"), h("small")));
  return item;
}

function update(item, s) {
  const [who, spark, last] = item.children;
  item.setAttribute("aria-selected", s.id === state.chosen);
  classes(item, s.isLive ? "" : "ended");
  text(who.children[0], s.id);
  text(who.children[1], [s.height ? `${s.height}p` : "", names.get(s.orchestrator) ?? (s.renditions.length > 1 ? short(s.orchestrator) || "nobody yet" : "source alone"), s.tenant].filter(Boolean).join(" · "));
  const most = Math.max(s.targetMs * 1.6, 1), slots = 32;
  while (spark.children.length < slots) spark.append(h("i"));
  if (spark.children.length === slots) spark.append(h("u"));
  for (let i = 0; i < slots; i++) {
    const bar = spark.children[i], at = s.recentMs.length - slots + i, value = at < 0 ? undefined : s.recentMs[at];
    classes(bar, value === undefined ? "none" : value === null || value > s.deadlineMs ? "bad" : value > s.targetMs ? "warn" : "");
    bar.style.height = value === undefined ? "0" : value === null ? "100%" : `${Math.min(100, value / most * 100)}%`;
  }
  spark.lastElementChild.style.bottom = `${Math.min(100, (s.targetMs ?? 0) / most * 100)}%`;
  text(last.children[0], s.isLive ? ms(s.finishMs) : "ended");
  text(last.children[1], s.recentMissed ? `${s.recentMissed} missed` : s.recentMs.length ? "0 missed" : "\u00a0");
}

function showOne(overview) {
  const s = streams.find(s => s.id === state.chosen);
  const title = $("one-title");
  if (!s) {
    text(title, state.chosen ? `${state.chosen} is not live` : "No stream chosen");
    text($("one-facts"), "");
    $("stop").hidden = true;
    if (playing) stopPlaying();
    note(state.chosen ? "It plays again as soon as it is published." : "Choose one in the list.");
    return;
  }
  text(title, s.id);
  text($("one-facts"), [s.width ? `${s.width}×${s.height}` : "", s.frameRate ? `${s.frameRate} fps` : "", bits(s.bitsPerSecond), s.tenant ? `tenant ${s.tenant}` : "",
    s.startedAt ? `for ${span((overview.at - s.startedAt) / 1000)}` : "", `${plural(s.segments, "segment")}, ${share(s.segments ? s.missed / s.segments : 0)} missed`, s.hedges ? plural(s.hedges, "hedge") : ""].filter(Boolean).join(" · "));
  $("stop").hidden = !s.isLive || !state.may("operate");
  const wanted = ["automatic", ...s.renditions.map(r => r.name)];
  const choice = $("rendition");
  if ([...choice.options].map(o => o.textContent).join() !== wanted.join()) {
    const before = choice.value;
    choice.replaceChildren(...wanted.map((name, i) => h("option", { value: i ? name : "", textContent: name })));
    choice.value = wanted.includes(before) ? before : "";
  }
  if (!overview.hasPlaylists) note("This gateway makes no playlists of MPEG-TS (playlistWindow: 0), which the player here needs.", true);
  else if (s.isLive && playing !== s.id && s.renditions[0]?.published > 0) play();
  else if (s.isLive && playing === s.id) watch();
}

// A player that stands still for some segments, and does not say so, is started anew.
let moved = { time: -1, at: 0 };
function watch() {
  const video = $("video");
  if (video.paused || video.currentTime !== moved.time) moved = { time: video.currentTime, at: Date.now() };
  else if (Date.now() - moved.at > 12000) { moved.at = Date.now(); later(0); }
}

function play(again = false) {
  const video = $("video"), name = state.chosen;
  clearTimeout(retry);
  retry = null;
  if (!name) return;
  if (!video.canPlayType("application/vnd.apple.mpegurl")) {
    note(`This browser plays no HLS by itself (Chromium from 142 on and Safari do). For another player: ${location.origin}/stream/${name}.m3u8`, true);
    playing = name;
    return;
  }
  if (playing === name && !again) return;
  playing = name;
  const rendition = $("rendition").value;
  video.src = rendition ? `/stream/${name}/${encodeURIComponent(rendition)}.m3u8` : `/stream/${name}.m3u8`;
  video.play().catch(() => {});
}

function later(after) {
  if (!playing || retry) return;
  note("the player lost the stream; trying again…");
  retry = setTimeout(() => { retry = null; if (streams.some(s => s.id === state.chosen && s.isLive)) play(true); else playing = null; }, after);
}

export function stopPlaying() {
  playing = null;
  const video = $("video");
  video.removeAttribute("src");
  video.load();
}

function note(words, isBad = false) {
  const element = $("player-note");
  text(element, words);
  classes(element, isBad ? "note bad" : "note");
}
