// How figures and names are written, and how the page is made.

export const short = id => id ? id.replace(/^https?:\/\//, "") : "";
export const ms = v => v == null ? "–" : v < 999.5 ? `${Math.round(v)} ms` : `${(v / 1000).toFixed(v < 9995 ? 2 : 1)} s`;
export const share = v => v == null ? "–" : v === 0 ? "0 %" : v < 0.0995 ? `${(v * 100).toFixed(v < 0.00995 ? 2 : 1)} %` : `${Math.round(v * 100)} %`;
export const count = v => v == null ? "–" : Math.round(v).toString().replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
export const price = v => v == null ? "–" : v >= 100 || v === Math.round(v) ? count(v) : v.toPrecision(3);
export const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;
export const clock = at => new Date(at).toTimeString().slice(0, 8);

// Wei as parts of an ether, which is what bills are in.
export function ether(wei) {
  if (wei == null) return "–";
  for (const [size, unit] of [[1e18, "ETH"], [1e15, "mETH"], [1e12, "µETH"], [1e9, "gwei"], [1e6, "Mwei"]])
    if (wei >= size) return `${(wei / size).toPrecision(3)} ${unit}`;
  return wei === 0 ? "nothing" : `${count(wei)} wei`;
}

export function bits(v) {
  if (v == null) return "";
  return v >= 1e6 ? `${(v / 1e6).toFixed(1)} Mbit/s` : `${Math.round(v / 1e3)} kbit/s`;
}

export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h ${Math.round(seconds % 3600 / 60)} min` : `${Math.round(seconds / 86400)} d`;
}

export const $ = id => document.getElementById(id);

// An element with its properties and children; text is always text.
export function h(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  set(element, properties);
  element.append(...children.filter(c => c != null && c !== false));
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) if (value != null) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function set(element, properties) {
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && key !== "list" && key !== "style") element[key] = value;
    else if (value != null && value !== false) element.setAttribute(key, value);
  }
}

export function text(element, value) { if (element.textContent !== value) element.textContent = value; }
export function classes(element, value) { if (element.className !== value) element.className = value; }

// Keeps one element for each item, in their order, and touches only what has changed: nothing jumps, and a button keeps its focus.
export function keyed(parent, items, key, make, update) {
  const old = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let child = old.get(name);
    if (!child) { child = make(item); child.dataset.key = name; }
    old.delete(name);
    if (child === place) place = place.nextElementSibling; else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

let hide;
export function toast(words, isBad = false) {
  const element = $("toast");
  element.textContent = words;
  element.className = `toast on${isBad ? " bad" : ""}`;
  clearTimeout(hide);
  hide = setTimeout(() => element.className = "toast", isBad ? 8000 : 4000);
}

// Asks once more before it does what cannot be undone.
export function sure(button, question, act) {
  let timer;
  const calm = button.textContent;
  const back = () => { button.textContent = calm; button.classList.remove("sure"); clearTimeout(timer); timer = null; };
  button.addEventListener("click", event => {
    event.stopPropagation();
    if (timer) { back(); return act(); }
    button.textContent = question;
    button.classList.add("sure");
    timer = setTimeout(back, 4000);
  });
}
