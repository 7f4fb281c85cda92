// What is promised, and what another promise would do: tried in the simulator on what this gateway has measured, before it is applied.
import { $, h, ms, share, ether, price, text, classes, toast } from "./format.js";
import { ask } from "./feed.js";

let state, scope = "stream", level = null, tag = null, asked = 0, timer = null, fields = {}, loading = 0;

const sliders = [
  { key: "latency", name: "Latency target", from: 15, to: 200, step: 5, say: (v, s) => s.isTime ? ms(v * 20) : `${v} % of a segment`, hint: "from the cut of a segment to its last rendition" },
  { key: "percentile", name: "Kept with certainty", from: 50, to: 99, step: 1, say: v => `${v} %`, hint: "how surely the target is to be kept" },
  { key: "maxPricePerPixelWei", name: "Highest price", from: 0, to: 100, step: 1, say: (v, s) => v >= 100 ? "any" : `${price(priceAt(v, s))} wei / px`, hint: "dearer orchestrators get nothing" },
  { key: "hedgeBudget", name: "Second attempts", from: 0, to: 30, step: 1, say: v => v ? `up to ${v} %` : "none", hint: "segments that may be sent twice when the first is late" },
];

// 1 to 99 walk from nothing to a little above the dearest that is known; 100 is any price.
const priceAt = (v, s) => { const raw = v / 99 * s.dearest; const unit = 10 ** Math.max(0, Math.floor(Math.log10(raw || 1)) - 1); return raw < 1 ? +raw.toPrecision(2) : Math.round(raw / unit) * unit; };

export function startPromise(shared) {
  state = shared;
  const form = $("level");
  form.addEventListener("submit", event => { event.preventDefault(); apply(); });
  for (const s of sliders) {
    const input = h("input", { type: "range", id: `level-${s.key}`, min: s.from, max: s.to, step: s.step, disabled: true });
    const output = h("output", { htmlFor: input.id });
    const box = h("div.slider", {}, h("label", { htmlFor: input.id, textContent: s.name }), output, input, h("small", { textContent: s.hint }));
    const field = fields[s.key] = { ...s, input, output, box };
    input.addEventListener("input", () => { say(field); plan(); });
    form.append(box);
  }
  form.append(h("div.buttons", {}, h("button.primary", { id: "apply", type: "submit", textContent: "Apply", disabled: true }), h("button", { id: "back", type: "button", textContent: "As it is", onclick: () => fill() })));
  $("scope").addEventListener("change", event => { scope = event.target.value; load(); });
}

// Called when another stream is chosen, and when a level was changed by anybody.
export function showPromise() {
  const s = state.overview?.streams.find(s => s.id === state.chosen);
  const scopes = [];
  if (s?.isLive) scopes.push(["stream", `to ${s.id}`]);
  if (s?.isLive && s.tenant) scopes.push([`tenant:${s.tenant}`, `to tenant ${s.tenant}`]);
  scopes.push(["node", "to the whole gateway"]);
  if (!scopes.some(([value]) => value === scope)) scope = scopes[0][0];
  const choice = $("scope");
  const wanted = scopes.map(x => x.join()).join(";");
  if (choice.dataset.of !== wanted) {
    choice.dataset.of = wanted;
    choice.replaceChildren(...scopes.map(([value, words]) => h("option", { value, textContent: words })));
  }
  choice.value = scope;
  load();
}

const path = () => scope === "stream" ? `streams/${encodeURIComponent(state.chosen)}/sla` : scope === "node" ? "sla" : `tenants/${encodeURIComponent(scope.slice(7))}/sla`;

async function load() {
  const turn = ++loading;
  try {
    const answer = await ask(path());
    if (turn !== loading) return;
    // What an operator is just moving stays under the hand.
    const isMoved = tag && Object.values(fields).some(isChanged) && level?.path === path();
    level = { ...answer.value, path: path() };
    if (isMoved && tag !== answer.tag) toast("Somebody else changed this promise a moment ago; applying will say so.");
    if (isMoved) return;
    tag = answer.tag;
    fill();
  } catch (error) { if (turn === loading) say404(error); }
}

function say404(error) {
  if (error.status === 404) { scope = "node"; showPromise(); } else if (error.status) text($("effect"), error.message);
}

const present = {
  latency: (l, s) => { s.isTime = !l.latency.endsWith("%"); const v = parseFloat(l.latency); return s.isTime ? v / 20 : v; },
  percentile: l => Math.round(l.percentile * 100),
  maxPricePerPixelWei: (l, s) => { s.dearest = Math.max(1, ...(state.overview?.orchestrators ?? []).map(o => o.weiPerPixel ?? 0)) * 1.25; return l.maxPricePerPixelWei < 0 ? 100 : Math.min(99, l.maxPricePerPixelWei / s.dearest * 99); },
  hedgeBudget: l => Math.round(l.hedgeBudget * 100),
};

function fill() {
  if (!level) return;
  for (const s of Object.values(fields)) {
    s.input.value = s.was = String(present[s.key](level, s));
    s.was = s.input.value;
    say(s);
    s.input.disabled = !state.may("operate");
  }
  plan();
}

const isChanged = s => s.was !== undefined && s.input.value !== s.was;

function say(s) {
  const v = +s.input.value;
  // What holds is said as it was written; a slider has its steps.
  let words = s.say(v, s);
  if (!isChanged(s) && level) {
    if (s.key === "latency" && s.isTime) words = ms(parseFloat(level.latency));
    if (s.key === "maxPricePerPixelWei" && level.maxPricePerPixelWei >= 0) words = `${price(level.maxPricePerPixelWei)} wei / px`;
  }
  text(s.output, words);
  s.box.classList.toggle("changed", isChanged(s));
}

function change() {
  const wanted = {};
  for (const s of Object.values(fields)) {
    if (!isChanged(s)) continue;
    const v = +s.input.value;
    if (s.key === "latency") wanted.latency = s.isTime ? `${Math.round(v * 20)}ms` : `${v}%`;
    else if (s.key === "maxPricePerPixelWei") wanted[s.key] = v >= 100 ? -1 : priceAt(v, s);
    else wanted[s.key] = v / 100;
  }
  return wanted;
}

function plan() {
  const wanted = change();
  $("apply").disabled = !Object.keys(wanted).length || !state.may("operate");
  $("back").disabled = !Object.keys(wanted).length;
  clearTimeout(timer);
  timer = setTimeout(predict, 250);
}

async function predict() {
  const turn = ++asked;
  const body = { sla: change() };
  if (scope === "stream" && state.chosen) body.stream = state.chosen;
  try {
    const { value } = await ask("whatif", { method: "POST", body });
    if (turn === asked) show(value, Object.keys(body.sla).length > 0);
  } catch (error) { if (turn === asked && error.status && error.status !== 404) show({ isKnown: false, reason: error.message, check: { isMet: true }, notes: [] }); }
}

// Called when new figures have come in; only what would be stale is asked again.
export function refresh() { if (!document.hidden && !Object.values(fields).some(s => s.input.matches(":active"))) predict(); }

function show(answer, isChange) {
  const box = $("effect"), parts = [];
  if (answer.isKnown) {
    const { now, then } = answer;
    const worse = (a, b, slack) => !isChange || Math.abs(a - b) <= slack * Math.max(a, b, 1e-9) ? "" : b > a ? "up" : "down";
    const row = (words, a, b, say, slack = .02) => h("tr", {}, h("th", { scope: "row", textContent: words }), h("td.num", { textContent: say(a) }),
      h("td.num" + (worse(a, b, slack) ? "." + worse(a, b, slack) : ""), { textContent: isChange ? say(b) : "" }));
    parts.push(h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col", textContent: "Predicted" }), h("th.num", { scope: "col", textContent: "as it is" }), h("th.num", { scope: "col", textContent: isChange ? "with this" : "" }))),
      h("tbody", {}, row("segments missed", now.lateShare, then.lateShare, share), row("half within", now.p50Ms, then.p50Ms, ms), row("95 % within", now.p95Ms, then.p95Ms, ms),
        row("1000 segments cost", now.costPerThousandWei, then.costPerThousandWei, ether), row("sent twice", now.extraWork, then.extraWork, share, .1))));
    const who = Object.entries((isChange ? then : now).shares).sort((a, b) => b[1] - a[1]).slice(0, 3)
      .map(([id, part]) => `${state.nameOf(id)} ${share(part)}`).join(", ");
    parts.push(h("p.words", { textContent: who ? `The work ${isChange ? "would go" : "goes"} to ${who}.` : "Nobody of those that were measured would get it." }));
  } else parts.push(h("p.words", { textContent: `No prediction yet: ${answer.reason}` }));
  if (!answer.check.isMet) parts.push(h("p.words.bad", { textContent: `Nobody keeps this: ${state.named(answer.check.words)}` }));
  else if (answer.notes.length) parts.push(h("p.words", { textContent: state.named(answer.notes.join("; ")).replace(/^./, first => first.toUpperCase()) }));
  box.replaceChildren(...parts);
}

async function apply() {
  const body = change();
  if (!Object.keys(body).length) return;
  $("apply").disabled = true;
  try {
    const answer = await ask(path(), { method: "PATCH", body, tag });
    level = { ...answer.value, path: path() };
    tag = answer.tag;
    fill();
    toast("Promised. The next segment obeys.");
  } catch (error) {
    if (error.status === 412) { tag = null; await load(); toast("Somebody else changed this promise meanwhile. Here is what holds now; nothing of yours was applied.", true); } else { toast(error.message, true); plan(); }
  }
}
