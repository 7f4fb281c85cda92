// The page for viewers: one stream, filling the window.
import { LivePlayer, canPlayParts } from "./player.js";

const $ = id => document.getElementById(id), video = $("video"), note = words => { $("note").textContent = words; };
const name = decodeURIComponent(location.pathname.split("/").pop());
const url = new URL(`../ll/${encodeURIComponent(name)}.m3u8${location.search}`, location.href).href;
document.title = `${name} – live`;
$("name").textContent = name;
$("sound").addEventListener("click", () => { video.muted = !video.muted; $("sound").textContent = video.muted ? "Sound on" : "Sound off"; });
video.addEventListener("click", () => video.paused ? video.play() : video.pause());

if (canPlayParts()) {
  const player = new LivePlayer(video, {
    note,
    changed(names, chosen) {
      const choice = $("rendition"), wanted = ["automatic", ...names];
      if ([...choice.options].map(o => o.textContent).join() === wanted.join()) {
        if (player.isAutomatic) choice.title = `automatic: ${chosen}`;
        return;
      }
      choice.replaceChildren(...wanted.map((text, i) => new Option(text, i ? text : "")));
      choice.value = player.isAutomatic ? "" : chosen;
    },
  });
  Object.assign(globalThis, { player, video }); // for whoever looks at it in the browser's console
  $("rendition").addEventListener("change", event => player.choose(event.target.value || null));
  video.addEventListener("pause", () => { $("delay").textContent = "paused"; });
  setInterval(() => {
    const behind = player.behind;
    if (behind !== null && !video.paused) $("delay").textContent = `${behind.toFixed(1)} s behind live`;
  }, 500);
  player.play(url);
} else if (video.canPlayType("application/vnd.apple.mpegurl")) {
  $("rendition").hidden = true;
  video.src = url;
  video.play().catch(() => note("Tap to play."));
} else {
  note("This browser has neither Media Source Extensions nor HLS.");
}
