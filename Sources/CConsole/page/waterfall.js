// The way of a stream's last segments: who had each, how long every phase took, and what was done beside it.
import { $, h, ms, short } from "./format.js";

const rows = 8;
const phases = [["uploadMs", "p1", "upload"], ["workMs", "p2", "work"], ["firstByteMs", "p3", "first byte"], ["bodyMs", "p4", "body"]];

export function startWaterfall() {
  $("waterfall-legend").append(
    ...phases.map(([, tint, words]) => h("span", {}, h("i." + tint), words)),
    h("span", {}, "┆ target"), h("span", {}, "┃ deadline"), h("span", {}, "second line: a hedge, a retry, or a copy to learn from"));
}

// `decisions` oldest first, `names` from id to what a person calls it.
export function showWaterfall(decisions, names) {
  const box = $("waterfall");
  const last = decisions.slice(-rows).reverse();
  if (!last.length) {
    box.replaceChildren(h("p.empty", {}, "Nothing was sent to an orchestrator yet: a stream without renditions never does, and the first segment takes as long as it lasts."));
    return;
  }
  const end = d => Math.max(d.finishMs ?? 0, ...d.attempts.filter(a => a.role !== "canary").map(a => a.sentMs + (a.totalMs ?? phases.reduce((sum, [key]) => sum + (a[key] ?? 0), 0))));
  const { targetMs, deadlineMs } = last[0];
  // All of the deadline when something comes near it; else the target and what there is, so that short phases can be seen.
  const longest = Math.max(...last.map(end));
  const most = longest > targetMs ? Math.max(deadlineMs, longest) * 1.12 : targetMs * 1.35;
  const at = v => `${Math.min(100, v / most * 100)}%`;
  const axis = h("div.axis");
  const step = niceStep(most / 5);
  for (let v = step; v < most * .97; v += step) {
    const mark = h("span", { textContent: v }), line = h("u");
    mark.style.left = line.style.left = at(v);
    axis.append(line, mark);
  }
  for (const [value, kind] of [[targetMs, "target"], [deadlineMs, "deadline"]]) {
    if (value > most) continue;
    const line = h("u." + kind), words = h("em", { textContent: `${kind} ${ms(value)}` });
    line.style.left = at(value);
    words.style.left = `calc(${at(value)} + 4px)`;
    if (value / most > .75) { words.style.left = "auto"; words.style.right = `calc(100% - ${at(value)} + 4px)`; }
    axis.append(line, words);
  }
  box.replaceChildren(axis, ...last.map(decision => {
    const row = h("div.row" + (decision.isMissed ? ".bad" : ""), { title: [decision.words, decision.trace && `trace ${decision.trace}`].filter(Boolean).join("\n") }, h("span", { textContent: `#${decision.sequence}` }));
    const attempts = decision.attempts.slice(0, 2);
    attempts.forEach((attempt, place) => {
      const isFailed = attempt.result.startsWith("failed");
      const lane = h(`div.lane${isFailed ? ".failed" : attempt.result === "won" ? "" : ".spare"}`);
      lane.style.top = attempts.length > 1 ? `${4 + place * 12}px` : "10px";
      let from = attempt.sentMs;
      let isAny = false;
      for (const [key, tint] of phases) {
        if (attempt[key] == null) continue;
        const bar = h("b." + tint, { title: `${key.replace("Ms", "")} ${ms(attempt[key])}` });
        bar.style.left = at(from);
        bar.style.width = `calc(${at(from + attempt[key])} - ${at(from)})`;
        from += attempt[key];
        lane.append(bar);
        isAny = true;
      }
      if (!isAny) {
        const until = decision.finishMs ?? decision.deadlineMs, bar = h("b.p1");
        bar.style.left = at(from);
        bar.style.width = `calc(${at(Math.max(until, from))} - ${at(from)})`;
        from = Math.max(until, from);
        lane.append(bar);
      }
      const role = { primary: "", hedge: "hedge to ", retry: "retry at ", canary: "copy to " }[attempt.role] ?? "";
      const outcome = isFailed ? ` ${attempt.result}` : attempt.result === "stopped" ? " stopped" : attempt.totalMs ? ` ${ms(attempt.totalMs)}` : "";
      const who = h("span.who", { textContent: role + (names.get(attempt.orchestrator) ?? short(attempt.orchestrator)) + outcome });
      if (from / most > .6) who.style.right = `calc(100% - ${at(attempt.sentMs)} + 4px)`;
      else who.style.left = at(from);
      if (from / most > .6 && attempt.sentMs / most < .3) { who.style.right = "4px"; }
      lane.append(who);
      row.append(lane);
    });
    return row;
  }));
}

function niceStep(raw) {
  const size = 10 ** Math.floor(Math.log10(raw || 1));
  return [1, 2, 5, 10].map(f => f * size).find(s => s >= raw) ?? size;
}
