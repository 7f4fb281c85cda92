// The console: one page, fed by one stream of events.
import { $, h, text, classes, short, ms, share, ether, plural, count, price, span, toast, clock } from "./format.js";
import { ask, listen, whenUnauthorized } from "./feed.js";
import { startFleet, showFleet, standing, nameOf } from "./fleet.js";
import { startStreams, showStreams, step, stopPlaying } from "./streams.js";
import { startWaterfall, showWaterfall } from "./waterfall.js";
import { startPromise, showPromise, refresh } from "./promise.js";
import { startMarket, tickMarket } from "./market.js";
import { startDecisions, hear, draw as drawDecisions } from "./decisions.js";

const roles = ["read", "operate", "admin"];
const names = new Map();
let decisions = [], feed = null, ticks = 0, role = "read", isNamed = "";

const state = {
  overview: null,
  chosen: new URLSearchParams(location.hash.slice(1)).get("stream"),
  may: wanted => roles.indexOf(role) >= roles.indexOf(wanted),
  // Addresses of orchestrators are long; operators know them by name.
  nameOf: id => names.get(id) ?? names.get(`https://${id}`) ?? short(id),
  named: words => (words ?? "").replace(/https?:\/\/[^\s,;()]+/g, id => state.nameOf(id)),
  choose,
};

function choose(id) {
  if (state.chosen === id) return;
  state.chosen = id;
  history.replaceState(null, "", `#stream=${encodeURIComponent(id)}`);
  decisions = [];
  stopPlaying();
  if (state.overview) showStreams(state.overview, names);
  drawDecisions();
  showPromise();
  fetchDecisions();
}

async function fetchDecisions() {
  const id = state.chosen;
  if (!id) return showWaterfall([], names);
  try {
    const { value } = await ask(`streams/${encodeURIComponent(id)}`);
    if (id !== state.chosen) return;
    const traces = new Map(value.segments.map(s => [s.sequence, s.trace]));
    decisions = value.decisions.map(d => ({ ...d, trace: traces.get(d.sequence) }));
  } catch { decisions = []; }
  showWaterfall(decisions, names);
}

function heard(type, value) {
  if (type === "overview") return take(value);
  hear(type, value);
  if (type === "decision" && value.stream === state.chosen) {
    decisions = [...decisions.filter(d => d.sequence !== value.sequence), value].sort((a, b) => a.sequence - b.sequence).slice(-40);
    showWaterfall(decisions, names);
  }
  if (type === "change") { showPromise(); showSettings(); }
}

function take(overview) {
  const isFirst = !state.overview;
  const before = state.overview?.streams.find(s => s.id === state.chosen)?.isLive;
  state.overview = overview;
  names.clear();
  const told = overview.orchestrators.map(o => o.operatorName).filter(Boolean);
  for (const o of overview.orchestrators) {
    // Of an operator with several, each goes by its address.
    const isOne = o.operatorName && told.filter(n => n === o.operatorName).length === 1;
    names.set(o.id, isOne ? nameOf(o) : o.operatorName ? `${o.operatorName} ${short(o.id)}` : short(o.id));
  }
  const live = overview.streams.filter(s => s.isLive);
  if (!state.chosen && live.length) choose(worst(live).id);
  const chosen = live.find(s => s.id === state.chosen);
  showFleet(overview, chosen?.targetMs || live[0]?.targetMs || null);
  showStreams(overview, names);
  sum(overview, live);
  tickMarket();
  text($("node"), `${overview.node} · ${overview.version} · up ${span((overview.at - overview.startedAt) / 1000)}`);
  if (isFirst || before !== chosen?.isLive || isNamed !== overview.startedAt) {
    // Another run of the gateway has other segments under the same names.
    if (isNamed && isNamed !== overview.startedAt) stopPlaying();
    isNamed = overview.startedAt;
    showPromise();
    fetchDecisions();
    showSettings();
  } else if (++ticks % 15 === 0) refresh();
}

const worst = live => [...live].sort((a, b) => b.recentMissed - a.recentMissed || (b.finishMs ?? 0) / (b.targetMs || 1) - (a.finishMs ?? 0) / (a.targetMs || 1))[0];

// What an operator should know within ten seconds, in a sentence.
function sum(overview, live) {
  const target = live[0]?.targetMs;
  const missing = live.filter(s => s.recentMissed > 0);
  const orchestrators = overview.orchestrators.filter(o => o.standing === "active");
  const bad = orchestrators.filter(o => standing(o, target)[0] === "bad"), slow = orchestrators.filter(o => standing(o, target)[1] === "slow");
  const list = some => some.slice(0, 2).map(o => state.nameOf(o.id)).join(" and ") + (some.length > 2 ? ` and ${some.length - 2} more` : "");
  const parts = [];
  let level = "";
  if (!live.length) parts.push("No stream is live");
  else if (missing.length) { parts.push(`${missing.length === 1 ? `${missing[0].id} has` : `${missing.length} of ${plural(live.length, "stream")} have`} missed segments in the last minute`); level = "bad"; }
  else parts.push(live.length === 1 ? `${live[0].id} is live and on time` : `${live.length === 2 ? "Both" : `All ${count(live.length)}`} streams are on time`);
  if (bad.length && bad.length === orchestrators.length) { parts.push(bad.length === 1 ? `the only orchestrator, ${list(bad)}, does not answer` : `none of ${plural(bad.length, "orchestrator")} answers`); level = "bad"; }
  else if (bad.length) { parts.push(`${list(bad)} ${bad.length === 1 ? standing(bad[0])[1] === "ejected" ? "is left out after faults" : "does not answer" : "are left out or do not answer"}`); level ||= "warn"; }
  if (slow.length) {
    const work = slow.reduce((sum, o) => sum + o.streams, 0);
    parts.push(`${list(slow)} ${slow.length === 1 ? "is" : "are"} slow (${slow.length === 1 ? `90 % within ${ms(slow[0].p90Ms)}${slow[0].weiPerPixel ? ` at ${price(slow[0].weiPerPixel)} wei per pixel` : ""}` : "over the target"}) and ${work ? `${slow.length === 1 ? "has" : "have"} ${plural(work, "stream")}` : `${slow.length === 1 ? "gets" : "get"} no stream`}`);
    if (work) level ||= "warn";
  }
  if (!overview.orchestrators.length) parts.push("nobody is there to transcode");
  text($("sentence"), parts.join("; ") + ".");
  classes($("sentence"), `sentence ${level}`);
  const recent = live.flatMap(s => s.recentMs), finishes = recent.filter(v => v != null).sort((a, b) => a - b);
  const missed = live.reduce((sum, s) => sum + s.recentMissed, 0);
  // Each stream's money by its own pace.
  const hourly = live.reduce((sum, s) => sum + (s.segments && s.segmentMs ? s.costWei / s.segments * 3.6e6 / s.segmentMs : 0), 0);
  const t = overview.totals;
  const figures = [
    ["streams live", `${count(live.length)}`, `of at most ${count(t.maxStreams)}`],
    ["on time", recent.length ? share(1 - missed / recent.length) : "–", "of the last 32 segments of each stream"],
    ["95 % within", ms(finishes[Math.min(finishes.length - 1, Math.floor(finishes.length * .95))]), "from the cut to the last rendition"],
    ["cost an hour", ether(hourly), "of all streams, as they run now"],
    ["hedges", count(t.hedgesWon + t.hedgesLost), `${t.hedgesWon} were first; ${t.hedgesWithheld} more were wanted and withheld; ${plural(t.retries, "retry", "retries")}`],
  ];
  const box = $("figures");
  while (box.children.length < figures.length) box.append(h("div", {}, h("dt"), h("dd")));
  figures.forEach(([name, value, title], i) => { text(box.children[i].children[0], name); text(box.children[i].children[1], value); box.children[i].title = title; });
}

async function showSettings() {
  let value;
  try { ({ value } = await ask("config")); } catch (error) {
    if (error.status) { $("settings-empty").hidden = false; text($("settings-empty"), error.message); }
    return;
  }
  text($("settings-file"), value.file ? `${value.file}, taken up at ${clock(value.loadedAt)}` : "no file; flags, environment and defaults");
  const rows = value.settings.filter(s => $("settings-all").checked || s.source !== "default");
  $("settings-rows").replaceChildren(...rows.map(s => h("tr", {}, h("td", { textContent: s.key }), h("td", {}, h("div", { textContent: s.value ?? "not set" })), h("td", { textContent: s.source }),
    h("td", { textContent: s.needsRestart ? value.waitingForRestart.includes(s.key) ? "waits for a restart" : "needs a restart" : "holds at once" }))));
  $("settings-empty").hidden = rows.length > 0;
  if (!rows.length) text($("settings-empty"), "Everything has its default.");
  const note = $("settings-note");
  note.hidden = !value.problem && !value.waitingForRestart.length;
  classes(note, value.problem ? "note bad" : "note");
  text(note, value.problem ? `The file was not taken up, and what held before holds on: ${value.problem}` : `Waiting for a restart: ${value.waitingForRestart.join(", ")}`);
  $("reload").disabled = !state.may("admin");
}

function linked(isOn, since) {
  const link = $("link");
  document.body.classList.toggle("stale", !isOn);
  classes(link, `link ${isOn ? "on" : "off"}`);
  text(link, isOn ? "live" : since ? `no answer since ${clock(since)}` : "no answer");
  link.title = isOn ? "a new picture every second" : "What you see is as of then. It is tried again all the time.";
  document.title = isOn ? "Sluice" : "Sluice – no answer";
}

async function whoAmI() {
  try { role = (await ask("me")).value.role; } catch { /* the feed says that nobody answers */ }
}

function signIn() {
  const dialog = $("sign-in");
  if (!dialog.open) dialog.showModal();
}

function start() {
  startFleet(state);
  startStreams(state);
  startWaterfall();
  startPromise(state);
  startDecisions(state);
  startMarket(state);
  whenUnauthorized(signIn);
  $("sign-in").addEventListener("cancel", event => event.preventDefault());
  $("sign-in-go").addEventListener("click", async event => {
    event.preventDefault();
    const token = $("token").value.trim();
    if (!token) return;
    try {
      role = (await ask("session", { method: "POST", token })).value.role;
      $("token").value = "";
      $("sign-in").close();
      feed?.open();
    } catch (error) { text($("sign-in-fault"), error.message); }
  });
  $("settings-all").addEventListener("change", showSettings);
  $("reload").addEventListener("click", async () => {
    try {
      const { value } = await ask("config/reload", { method: "POST" });
      toast(value.changed.length ? `Taken up: ${value.changed.join(", ")}` : "Nothing has changed.");
    } catch (error) { toast(error.message, true); }
    showSettings();
  });
  $("keys").addEventListener("click", () => $("help").showModal());
  $("theme").addEventListener("click", theme);
  if (localStorage.theme) document.documentElement.dataset.theme = localStorage.theme;
  addEventListener("keydown", keys);
  addEventListener("hashchange", () => { const id = new URLSearchParams(location.hash.slice(1)).get("stream"); if (id) choose(id); });
  showWaterfall([], names);
  drawDecisions();
  whoAmI().then(() => { feed = listen(heard, linked); });
}

function theme() {
  const next = { undefined: "dark", dark: "light", light: undefined }[document.documentElement.dataset.theme];
  if (next) { document.documentElement.dataset.theme = localStorage.theme = next; } else { delete document.documentElement.dataset.theme; localStorage.removeItem("theme"); }
  toast(next ? `${next}` : "as the system");
}

function keys(event) {
  const field = event.target.closest("input, select, textarea, dialog");
  if (event.key === "Escape" && field) return field.blur?.();
  if (field && event.target.type !== "range" || event.metaKey || event.ctrlKey || event.altKey) return;
  const go = id => { $(id).scrollIntoView({ block: "start" }); };
  const act = {
    j: () => step(1), k: () => step(-1), "/": () => $("streams-filter").focus(), t: theme, "?": () => $("help").showModal(),
    o: () => go("fleet"), s: () => go("streams"), p: () => { go("promise"); $("level-latency").focus({ preventScroll: true }); }, d: () => go("decisions"), u: () => go("market"),
    m: () => { $("video").muted = !$("video").muted; },
  }[event.key];
  if (act) { event.preventDefault(); act(); }
}

start();
