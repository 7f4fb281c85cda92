// The gateway's side: questions to the admin API, and its events as they come.

export class Refused extends Error {
  constructor(status, fault) {
    super(fault?.what ? fault.what + (fault.right ? ` (right is: ${fault.right})` : "") : `the gateway answered ${status}`);
    this.status = status;
    this.code = fault?.code;
  }
}

let onUnauthorized = () => {};
export const whenUnauthorized = act => { onUnauthorized = act; };

// → { value, tag }; throws Refused with what the gateway said, or TypeError when it is not there.
export async function ask(path, { method = "GET", body, tag, token } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (tag) headers["If-Match"] = tag;
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path.startsWith("/") ? path : `/api/v1/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  const type = answer.headers.get("Content-Type") ?? "";
  const value = type.startsWith("application/json") ? await answer.json() : null;
  if (answer.status === 401) onUnauthorized();
  if (!answer.ok) throw new Refused(answer.status, value?.error ?? (type.startsWith("text/plain") ? { what: (await answer.text()).trim().slice(0, 300) } : undefined));
  return { value, tag: answer.headers.get("ETag") };
}

// Calls `heard(type, value)` for each event, and `linked(isLinked, since)` when the link comes and goes.
// A link on which no overview came for some seconds is gone, whatever the socket says, and is opened anew.
export function listen(heard, linked) {
  const types = ["overview", "stream-started", "stream-ended", "decision", "miss", "hedge", "ejection", "recovery", "change", "left-out"];
  const patience = 4000, renewal = 15000;
  // Who opens a link anew is told again what is kept.
  const known = new Set();
  let source, last = 0, opened = 0, isOn = null, again;
  const state = on => { if (isOn !== on) { isOn = on; linked(on, last); } };
  const open = () => {
    clearTimeout(again);
    source?.close();
    opened = Date.now();
    source = new EventSource("/api/v1/events?overview=on");
    for (const type of types) source.addEventListener(type, event => {
      if (type === "overview") { last = Date.now(); state(true); }
      else if (event.lastEventId && type !== "left-out") {
        if (known.has(event.lastEventId)) return;
        known.add(event.lastEventId);
        if (known.size > 2000) known.delete(known.values().next().value);
      }
      heard(type, JSON.parse(event.data));
    });
    source.onerror = () => {
      // An answer that was no stream ends it for good; a broken link is tried again by the browser.
      if (source.readyState === EventSource.CLOSED) {
        state(false);
        ask("me").catch(() => {});
        again = setTimeout(open, 2000);
      }
    };
  };
  open();
  setInterval(() => {
    const now = Date.now();
    if (now - last > patience) state(false);
    if (now - Math.max(last, opened) > renewal) open();
  }, 500);
  // A sleeping page wakes with a dead socket.
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - last > patience) open(); });
  return { open };
}
