// What is offered, who has done how well, and what was used today. Asked for while it is looked at: nothing of it changes by the second.
import { $, h, text, keyed, share, ether, price, plural, span } from "./format.js";
import { ask } from "./feed.js";

const pause = 20000, shown = 12;
let state, isSeen = false, asked = 0;

export function startMarket(shared) {
  state = shared;
  new IntersectionObserver(entries => {
    isSeen = entries.at(-1).isIntersecting;
    if (isSeen && Date.now() - asked > pause) look();
  }).observe($("market"));
}

// Once a second, with each overview.
export function tickMarket() { if (isSeen && !document.hidden && Date.now() - asked > pause) look(); }

async function look() {
  asked = Date.now();
  const midnight = Math.floor(asked / 86400000) * 86400;
  await Promise.all([
    fill("offers", "/marketplace/services", offers),
    fill("board", "/marketplace/leaderboard", board),
    fill("usage", `/marketplace/usage?group=orchestrator&from=${midnight}`, usage),
  ]);
}

// Where there is nothing to show, why: a ledger is kept only where the settings name a file for it.
async function fill(name, path, show) {
  let rows = [], why = "";
  try { ({ rows, why } = show((await ask(path)).value)); } catch (error) { why = error.status ? error.message : ""; if (!why) return; }
  keyed($(`market-${name}`).tBodies[0], rows.slice(0, shown), row => row.key, make, update);
  $(`market-${name}`).hidden = !rows.length;
  const note = $(`market-${name}-note`);
  note.hidden = !why;
  text(note, why);
}

const make = row => h("tr", {}, ...row.cells.map((_, place) => place ? h("td.num") : h("td", {}, h("b"), h("small"))));

function update(line, row) {
  row.cells.forEach((cell, place) => {
    const td = line.cells[place];
    if (place) return text(td, cell);
    text(td.children[0], cell[0]);
    text(td.children[1], cell[1] || "\u00a0");
  });
  line.title = row.title ?? "";
}

function offers({ capabilities, services }) {
  const rows = capabilities.map(c => ({
    key: `${c.pipeline} ${c.model ?? ""}`,
    cells: [[c.model ? `${c.pipeline}/${c.model}` : c.pipeline, [c.gpuClasses.join(", "), c.regions.join(", ")].filter(Boolean).join(" · ")],
      `${c.reachable} of ${c.offers}`, c.cheapestWeiPerUnit == null ? "–" : `${price(c.cheapestWeiPerUnit)} wei / ${c.unit}`],
    title: `${plural(c.offers, "offer")}, ${c.reachable} reachable`,
  }));
  text($("market-count"), services.length ? `${plural(services.length, "service")} sold here` : "");
  return { rows, why: rows.length ? more(rows.length) : "Nobody offers anything." };
}

function board({ rows: all, gateway }) {
  const rows = all.map(r => ({
    key: `${r.orchestrator} ${r.pipeline} ${r.model ?? ""}`,
    cells: [[`${r.rank}. ${state.nameOf(r.orchestrator)}`, r.remarks.length ? r.remarks.join("; ") : r.model ? `${r.pipeline}/${r.model}` : r.pipeline],
      r.score.toFixed(2), r.finishP95 == null ? "–" : `${Math.round(r.finishP95 * 100)} %`, share(r.attempts ? r.failed / r.attempts : 0)],
    title: Object.entries(r.measures).map(([name, value]) => `${name} ${value}`).join(", "),
  }));
  return { rows, why: rows.length ? more(rows.length) : `Nobody has done anything yet (${plural(gateway.segments, "segment")}).` };
}

function usage({ lines }) {
  const by = new Map();
  for (const line of lines) {
    const sum = by.get(line.orchestrator) ?? { wei: 0, seconds: 0, bookings: 0, extra: 0 };
    sum.wei += line.feeWeiAbout;
    sum.seconds += line.mediaSeconds;
    sum.bookings += line.bookings;
    if (line.kind !== "primary") sum.extra += line.bookings;
    by.set(line.orchestrator, sum);
  }
  const rows = [...by].sort((a, b) => b[1].wei - a[1].wei).map(([id, sum]) => ({
    key: id ?? "", cells: [[state.nameOf(id ?? ""), sum.extra ? `${share(sum.extra / sum.bookings)} beside the first attempt` : ""], span(sum.seconds), ether(sum.wei)],
    title: plural(sum.bookings, "booking"),
  }));
  return { rows, why: rows.length ? more(rows.length) : "Nothing was booked today." };
}

const more = n => n > shown ? `and ${n - shown} more` : "";
