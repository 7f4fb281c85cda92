// What was decided, in words, the newest on top.
import { $, h, clock, text, classes } from "./format.js";

const kept = 300, drawn = 120;
let state, show = "all", entries = [], isDue = false;

export function startDecisions(shared) {
  state = shared;
  for (const button of document.querySelectorAll("#decisions [data-show]")) button.addEventListener("click", () => {
    show = button.dataset.show;
    for (const other of document.querySelectorAll("#decisions [data-show]")) other.setAttribute("aria-pressed", other === button);
    draw();
  });
}

export function hear(type, value) {
  if (type === "miss" || type === "hedge" || type === "left-out") return;   // the decision says it already
  const isHedged = value.attempts?.some(a => a.role === "hedge" || a.role === "retry");
  const entry = {
    at: value.at, stream: value.stream, sequence: value.sequence, orchestrator: value.orchestrator,
    words: type === "decision" ? value.words : [value.words, value.by ? `(${value.by})` : ""].filter(Boolean).join(" "),
    kind: type === "decision" ? value.isMissed ? "bad" : isHedged ? "warn" : "" : type === "ejection" ? "bad" : "note",
    isTrouble: type === "decision" ? value.isMissed || isHedged : type === "ejection" || type === "recovery",
  };
  entries.unshift(entry);
  if (entries.length > kept) entries.length = kept;
  // At most once a frame, however many come.
  if (!isDue) { isDue = true; requestAnimationFrame(() => { isDue = false; draw(); }); }
}

export function draw() {
  const some = entries.filter(e => show === "all" || (show === "stream" ? e.stream === state.chosen : e.isTrouble)).slice(0, drawn);
  const list = $("decisions-list");
  const isRead = list.scrollTop > 4, before = list.scrollHeight;
  while (list.children.length < some.length) list.append(h("li", {}, h("time"), h("b"), h("p")));
  while (list.children.length > some.length) list.lastElementChild.remove();
  some.forEach((entry, place) => {
    const item = list.children[place];
    classes(item, entry.kind);
    text(item.children[0], clock(entry.at));
    text(item.children[1], entry.stream ? entry.stream + (entry.sequence != null ? ` #${entry.sequence}` : "") : entry.orchestrator ? state.nameOf(entry.orchestrator) : "gateway");
    text(item.children[2], state.named(entry.words));
  });
  // Who has scrolled down to read keeps his place.
  if (isRead) list.scrollTop += list.scrollHeight - before;
  const empty = $("decisions-empty");
  list.hidden = !some.length;
  empty.hidden = some.length > 0;
  text(empty, show === "trouble" ? "No miss, hedge, retry or ejection since this page was opened." : show === "stream" ? "Nothing was decided for this stream yet." : "Nothing was decided yet.");
  const bad = entries.filter(e => e.kind === "bad").length;
  text($("decisions-count"), entries.length ? `${bad ? `${bad} in trouble of the last ${entries.length}` : `the last ${entries.length}`}` : "");
}
