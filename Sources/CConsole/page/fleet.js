// Orchestrators: a map of latency × price × load, and the same as a table with orders.
import { $, h, svg, keyed, text, classes, short, ms, share, price, plural, toast, sure } from "./format.js";
import { ask } from "./feed.js";

// Rows before "show all": an operator of hundreds filters, and a phone has other sections below.
const shown = () => matchMedia("(max-width: 860px)").matches ? 8 : 60;
let all = false, filter = "", hovered = null, overview = null, may = () => true;

// A class of GPU is a shape, so that colour is left for trouble.
const shapes = {
  "datacenter-encode": r => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  "datacenter-compute": r => `M0 ${-r * 1.25}L${r * 1.2} ${r}H${-r * 1.2}Z`,
  "workstation": r => `M0 ${-r * 1.35}L${r * 1.35} 0L0 ${r * 1.35}L${-r * 1.35} 0Z`,
  "consumer": r => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`,
  "cpu": r => `M${-r} ${-r * .45}H${-r * .45}V${-r}H${r * .45}V${-r * .45}H${r}V${r * .45}H${r * .45}V${r}H${-r * .45}V${r * .45}H${-r}Z`,
};
const unknownShape = r => `M${-r} ${-r * .4}H${r}V${r * .4}H${-r}Z`;
const shapeOf = name => shapes[name] ?? unknownShape;
const glyph = name => svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" },
  svg("path", { d: shapeOf(name)(5) }));

export const nameOf = o => o.operatorName || short(o.id);

// How it stands, in a word and with what that means.
export function standing(o, target) {
  if (o.standing === "blocked") return ["off", "blocked", "by an operator"];
  if (!o.isReachable) return ["bad", "no answer", "it cannot be reached"];
  if (o.standing === "draining") return ["off", "draining", "gets nothing new"];
  if (o.state === "ejected") return ["bad", "ejected", `after faults, for ${Math.ceil(o.ejectedForSeconds ?? 0)} s more`];
  if (o.state === "halfOpen") return ["warn", "on trial", "was ejected; a copy of a segment will tell"];
  if (o.state === "suspect") return ["warn", "suspect", "had a fault, or was overtaken, a moment ago"];
  if (target && o.p90Ms > target && o.samples >= 1) return ["warn", "slow", `90 % within ${ms(o.p90Ms)}, the target is ${ms(target)}`];
  if (!o.samples) return ["", "untried", "nothing is known of its times yet"];
  return ["good", "good", "keeps the target"];
}

const isWorking = o => o.streams > 0 || o.inFlight > 0;

export function startFleet(state) {
  may = state.may;
  $("fleet-filter").addEventListener("input", event => { filter = event.target.value.toLowerCase(); draw(); });
  $("fleet-more").addEventListener("click", () => { all = !all; draw(); });
  const legend = $("map-legend");
  for (const [name, words] of [["datacenter-encode", "data centre, encodes"], ["datacenter-compute", "data centre, no encoder"], ["workstation", "workstation"], ["consumer", "consumer"], ["cpu", "processor"], ["", "not known"]])
    legend.append(h("span", {}, glyph(name), words));
  legend.append(h("span", {}, "size: work now; hollow: idle; line: to its 90 %"));
  new ResizeObserver(() => overview && drawMap()).observe($("map"));
}

export function showFleet(next, target) {
  // Bars of the table are drawn to the slowest of all.
  const scale = Math.max(1, (target ?? 0) * 1.2, ...next.orchestrators.filter(o => o.samples).map(o => o.p90Ms));
  overview = { ...next, target, scale };
  draw();
}

function draw() {
  if (!overview) return;
  const everybody = overview.orchestrators;
  const wanted = everybody.filter(o => !filter || [o.id, o.operatorName, o.region, o.gpuClass, o.gpuModel, standing(o, overview.target)[1]].join(" ").toLowerCase().includes(filter));
  // Who works or is in trouble first, the slowest of them on top; names break ties, so that rows stay where they are.
  const rank = o => isWorking(o) ? 0 : { bad: 1, warn: 2 }[standing(o, overview.target)[0]] ?? 3;
  const rows = [...wanted].sort((a, b) => rank(a) - rank(b) || nameOf(a).localeCompare(nameOf(b)) || a.id.localeCompare(b.id));
  const some = all ? rows : rows.slice(0, shown());
  keyed($("fleet-table").tBodies[0], some, o => o.id, makeRow, updateRow);
  $("fleet-table").hidden = !rows.length;
  $("fleet-more").hidden = rows.length <= shown();
  text($("fleet-more"), all ? "Show fewer" : `Show all ${rows.length}`);
  const empty = $("fleet-empty");
  empty.hidden = rows.length > 0;
  if (!everybody.length) text(empty, "No orchestrator is in the list, so streams have their source alone. Add one: setting orchestrators, or POST /api/v1/orchestrators.");
  else text(empty, `None of ${everybody.length} fits “${filter}”.`);
  const working = everybody.filter(isWorking).length;
  text($("fleet-count"), everybody.length ? `${plural(everybody.length, "known", "known")}, ${working} at work` : "");
  drawMap();
}

function makeRow(o) {
  const id = encodeURIComponent(o.id);
  const order = async (change, words) => {
    try { await ask(`orchestrators/${id}`, { method: "PATCH", body: change }); toast(`${nameOf(o)}: ${words}`); }
    catch (error) { toast(error.message, true); }
  };
  const drain = h("button", { type: "button", title: "Gets nothing new; what it has is carried to its end", onclick: () => {
    const active = drain.dataset.standing === "active";
    order({ standing: active ? "draining" : "active" }, active ? "drains" : "takes part again");
  } });
  const block = h("button", { type: "button", textContent: "Block", title: "Gets nothing at once; what it has is tried elsewhere" });
  sure(block, "Really?", () => order({ standing: "blocked" }, "is blocked"));
  const row = h("tr", {},
    h("td", {}, h("b"), h("small")), h("td.gpu"),
    h("td.num.wide", {}, h("div.reach-cell", {}, h("span.words"), h("div.reach-bar", {}, h("b.tail"), h("b"), h("u")))),
    h("td.num", { "data-name": "wei/px" }), h("td.num", { "data-name": "streams" }), h("td.num", { "data-name": "kept" }),
    h("td.state", {}, h("span.tag")), h("td.orders-cell", {}, h("div.orders", {}, drain, block)));
  row.addEventListener("mouseenter", () => { hovered = o.id; drawMap(); });
  row.addEventListener("mouseleave", () => { hovered = null; drawMap(); });
  return row;
}

function updateRow(row, o) {
  const [who, gpu, reach, cost, load, kept, state, orders] = row.cells;
  text(who.children[0], nameOf(o));
  text(who.children[1], [o.operatorName ? short(o.id) : "", o.region].filter(Boolean).join(" · ") || "\u00a0");
  const gpuName = o.gpuModel?.replace("NVIDIA ", "").replace("GeForce ", "") || o.gpuClass || "not known";
  if (gpu.dataset.of !== gpuName + o.gpuClass) {
    gpu.dataset.of = gpuName + o.gpuClass;
    gpu.replaceChildren(glyph(o.gpuClass), gpuName);
  }
  gpu.title = o.gpuClass ? `${o.gpuClass}, ${o.gpuSource ?? "told"}` : "neither told nor found out yet";
  const [level, word, why] = standing(o, overview.target);
  const words = o.samples ? `${ms(o.p50Ms)}, 90 % ${ms(o.p90Ms)}` : "not measured";
  const cell = reach.firstElementChild;
  text(cell.children[0], words);
  const bar = cell.children[1];
  const most = overview.scale;
  const at = v => `${Math.min(100, v / most * 100)}%`;
  classes(bar, `reach-bar${o.samples && o.p90Ms > overview.target ? " warn" : ""}`);
  bar.children[0].style.cssText = `left:${at(o.p50Ms ?? 0)};right:calc(100% - ${at(o.p90Ms ?? 0)})`;
  bar.children[1].style.cssText = `left:0;width:${at(o.p50Ms ?? 0)}`;
  bar.children[2].style.left = at(overview.target ?? 0);
  bar.children[2].hidden = !overview.target || overview.target > most;
  reach.title = o.samples ? `medians: upload ${ms(o.uploadMs)}, work ${ms(o.workMs)}, first byte ${ms(o.firstByteMs)}, body ${ms(o.bodyMs)}; 99 % within ${ms(o.p99Ms)}; round trip ${ms(o.roundTripMs)}; ${Math.round(o.samples)} samples` : "";
  text(cost, price(o.weiPerPixel));
  text(load, o.streamLimit ? `${o.streams} of ${o.streamLimit}` : `${o.streams}`);
  load.title = `${o.inFlight} segments in flight, ${o.late} of them late`;
  text(kept, o.success == null ? "–" : share(o.success));
  kept.title = "share of its recent segments that did not fail";
  const tag = state.firstElementChild;
  text(tag, word);
  classes(tag, `tag ${level}`);
  tag.title = why;
  const [drain, block] = orders.firstElementChild.children;
  drain.dataset.standing = o.standing;
  text(drain, o.standing === "active" ? "Drain" : "Let back");
  block.hidden = o.standing === "blocked";
  drain.disabled = block.disabled = !may("operate");
}

const ticks = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];

function drawMap() {
  const map = $("map"), width = map.clientWidth || 480, height = 300;
  const known = overview.orchestrators.filter(o => o.samples);
  map.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const left = 52, right = width - 12, top = 26, bottom = height - 38;
  const target = overview.target;
  const times = [...known.flatMap(o => [o.p50Ms, o.p90Ms]), target].filter(v => v > 0);
  const least = Math.max(5, Math.min(...times, 100) * .7), most = Math.max(...times, 1000) * 1.3;
  const x = v => left + (Math.log(Math.max(v, least)) - Math.log(least)) / (Math.log(most) - Math.log(least)) * (right - left);
  const asks = known.some(o => o.weiPerPixel > 0);
  const upTo = asks ? Math.max(...known.map(o => o.weiPerPixel ?? 0)) * 1.15 : Math.max(4, ...known.map(o => o.streams)) * 1.15;
  const y = v => bottom - v / upTo * (bottom - top);
  const parts = [];
  if (target && target < most) {
    parts.push(svg("rect", { class: "beyond", x: x(target), y: top, width: Math.max(0, right - x(target)), height: bottom - top }));
    parts.push(svg("line", { class: "target", x1: x(target), x2: x(target), y1: top, y2: bottom }));
  }
  const shownTicks = ticks.filter(t => t >= least && t <= most);
  for (const t of shownTicks.filter((_, i) => width > 380 || i % 2 === 0)) {
    parts.push(svg("line", { class: "grid", x1: x(t), x2: x(t), y1: bottom, y2: bottom + 4 }));
    parts.push(svg("text", { x: x(t), y: bottom + 17, "text-anchor": "middle" }, t < 1000 ? `${t} ms` : `${t / 1000} s`));
  }
  parts.push(svg("line", { class: "grid", x1: left, x2: right, y1: bottom, y2: bottom }));
  const step = niceStep(upTo / 4);
  for (let v = 0; v <= upTo; v += step) {
    if (v) parts.push(svg("line", { class: "grid", x1: left, x2: right, y1: y(v), y2: y(v) }));
    parts.push(svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, price(v)));
  }
  parts.push(svg("text", { x: right, y: height - 4, "text-anchor": "end" }, "half of the segments are back after →"));
  parts.push(svg("text", { x: 0, y: 12 }, asks ? "↑ wei per pixel" : "↑ streams"));
  if (target && target < most) {
    const isTight = right - x(target) < 96;
    parts.push(svg("text", { x: x(target) + (isTight ? -5 : 5), y: top - 4, "text-anchor": isTight ? "end" : "start" }, isTight ? "target" : "over the target"));
  }
  if (!known.length) parts.push(svg("text", { x: (left + right) / 2, y: (top + bottom) / 2, "text-anchor": "middle" }, "nobody has been measured yet"));
  const taken = [];
  const isNamed = o => known.length <= 12 || o.id === hovered || ["bad", "warn"].includes(standing(o, target)[0]) && known.length <= 60;
  for (const o of [...known].sort((a, b) => (a.id === hovered) - (b.id === hovered) || b.streams - a.streams)) {
    const at = [x(o.p50Ms), y(asks ? o.weiPerPixel ?? 0 : o.streams)];
    const size = Math.min(16, 5 + 1.6 * Math.sqrt(o.streams + o.inFlight));
    const group = svg("g", { class: `point ${standing(o, target)[0]}${isWorking(o) ? "" : " idle"}` },
      svg("title", {}, `${nameOf(o)}: ${ms(o.p50Ms)}, 90 % within ${ms(o.p90Ms)}, ${price(o.weiPerPixel)} wei per pixel, ${plural(o.streams, "stream")}`),
      svg("line", { class: "reach", x1: at[0], x2: x(o.p90Ms), y1: at[1], y2: at[1] }),
      svg("path", { class: "mark", d: shapeOf(o.gpuClass)(o.id === hovered ? size + 2 : size), transform: `translate(${at[0]} ${at[1]})` }));
    parts.push(group);
    if (!isNamed(o)) continue;
    const words = nameOf(o), wide = words.length * 6.6;
    // Above its point, so that the line to its 90 % goes through no name.
    const isLeft = at[0] + wide > right;
    const box = { x: isLeft ? at[0] - wide : at[0] - size, y: at[1] - size - 18 };
    while (box.y > top && taken.some(t => Math.abs(t.y - box.y) < 13 && t.x < box.x + wide && box.x < t.x + t.w)) box.y -= 13;
    taken.push({ ...box, w: wide });
    group.append(svg("text", { class: "name", x: isLeft ? at[0] + size : box.x, y: box.y + 12, "text-anchor": isLeft ? "end" : "start" }, words));
  }
  map.replaceChildren(...parts);
}

function niceStep(raw) {
  const size = 10 ** Math.floor(Math.log10(raw || 1));
  return [1, 2, 2.5, 5, 10].map(f => f * size).find(s => s >= raw) ?? size;
}
