// Plays low-latency HLS within about a second of live, by Media Source Extensions: Chromium's own HLS player reads whole segments only, and
// stays three of them behind. Where there are no such extensions (iPhone before iOS 17.1) the browser's own player is used.
import { readVariants, readPieces, firstPiece, isAfter } from "./playlist.js";

const longestHold = 3;      // seconds: further behind than that it is not low latency any more
const keptBehind = 10;      // seconds of what was shown that stay in memory
const mostAhead = 4;        // seconds beyond the aim at which it jumps instead of hurrying
const calmBeforeUp = 30;    // seconds without a stall before a better rendition is tried
const lookAgain = 4000;     // milliseconds between two looks at which renditions there are
const retries = [500, 1000, 2000, 4000];

export const canPlayParts = () => Boolean(globalThis.ManagedMediaSource ?? globalThis.MediaSource);

export class LivePlayer {
  // note(words): what a viewer should know, "" when all is well. changed(names, chosen): which renditions there are.
  constructor(video, { note = () => {}, changed = () => {} } = {}) {
    Object.assign(this, { video, note, changed, run: 0, stalls: 0, isAutomatic: true });
    video.addEventListener("waiting", () => this.stalled());
    video.addEventListener("playing", () => this.note(""));
    setInterval(() => this.steer(), 200);
  }

  // - url: of the multivariant playlist. rendition: its name; without one the best that does not stall.
  play(url, rendition = null) {
    this.stop();
    this.wanted = rendition;
    this.isAutomatic = !rendition;
    this.go(url, this.run);
  }

  stop() {
    this.run += 1;
    this.abort?.abort();
    this.buffer = null;
    if (this.source) URL.revokeObjectURL(this.source);
    this.source = null;
    this.video.removeAttribute("src");
    this.video.load();
  }

  // Another rendition from the next segment on; null for the best that does not stall.
  choose(rendition) {
    this.wanted = rendition;
    this.isAutomatic = !rendition;
    if (!rendition) this.wanted = this.variants?.[0]?.name ?? null;
  }

  // Seconds from what is shown to the newest that has arrived, and the time since it did.
  get behind() {
    const end = this.end;
    return end === null ? null : end - this.video.currentTime + (performance.now() - this.arrived) / 1000;
  }

  // Milliseconds of wall clock, as the gateway's, at which what is shown at `time` came in; null when it is not known.
  cameIn(time = this.video.currentTime) {
    const mark = this.marks?.findLast(mark => mark.start <= time + 0.001);
    return mark?.at == null ? null : mark.at + (time - mark.start) * 1000;
  }

  get end() {
    const ranges = this.buffer && this.video.buffered;
    return ranges && ranges.length ? ranges.end(ranges.length - 1) : null;
  }

  async go(url, run, attempt = 0) {
    while (run === this.run) {
      try {
        await this.session(url, run, () => attempt = 0);
        this.note("The stream has ended. It plays again as soon as it is back.");
      } catch (error) {
        if (run !== this.run) return;
        this.note(error.status === 404 ? "Nothing is live here yet." : `The stream is not there (${error.message}). Trying again…`);
      }
      await new Promise(resolve => setTimeout(resolve, retries[Math.min(attempt++, retries.length - 1)]));
    }
  }

  // From the multivariant playlist to the stream's end.
  async session(url, run, began) {
    this.abort?.abort();
    this.abort = new AbortController();
    this.variants = await this.playable(url);
    if (!this.variants.length) throw new Error("this browser can decode none of its renditions");
    let variant = this.variants.find(v => v.name === this.wanted) ?? this.variants[0];
    this.wanted = variant.name;
    this.changed(this.variants.map(v => v.name), variant.name);
    let list = await this.list(variant.url), last = null;
    this.aim = this.hold = list.hold;
    this.marks = [];
    this.looked = performance.now() - lookAgain / 2;
    this.map = null;
    await this.open(variant);
    let pieces = list.pieces.slice(Math.max(0, firstPiece(list.pieces, this.hold)));
    while (run === this.run) {
      // Another rendition begins where a segment does; all of them are cut alike.
      const other = last && this.variants.find(v => v.name === this.wanted && v.name !== variant.name);
      if (pieces.some(piece => !piece.part)) this.look(url, run);
      const cut = other ? pieces.findIndex(piece => !piece.part) : -1;
      await this.take(cut < 0 ? pieces : pieces.slice(0, cut));
      last = cut < 0 ? pieces.at(-1) ?? last : { msn: pieces[cut].msn - 1, part: null };
      if (run !== this.run) return;
      this.begin(began);
      let place = `${variant.url}${variant.url.includes("?") ? "&" : "?"}_HLS_msn=${list.next.msn}&_HLS_part=${list.next.part}`;
      if (cut >= 0) {
        if (type(other) !== type(variant)) this.buffer.changeType(type(other));
        variant = other;
        place = variant.url;
        this.map = null;
        this.changed(this.variants.map(v => v.name), variant.name);
      } else if (list.isEnded) {
        return this.drained(run);
      } else if (list.hint) {
        this.early = { url: list.hint, bytes: this.bytes(list.hint) };
        this.early.bytes.catch(() => {});
      }
      list = await this.list(place);
      pieces = list.pieces.filter(piece => isAfter(piece, last));
    }
  }

  async playable(url) {
    const all = await this.text(url);
    return readVariants(all.text, all.url).filter(v => !v.codecs || mediaSource().isTypeSupported(type(v)));
  }

  // Renditions come and go: their list is read again now and then, while others are played.
  async look(url, run) {
    if (performance.now() - this.looked < lookAgain) return;
    this.looked = performance.now();
    try {
      const found = await this.playable(url);
      if (run !== this.run || !found.length || found.map(v => v.url).join() === this.variants.map(v => v.url).join()) return;
      this.variants = found;
      this.changed(found.map(v => v.name), this.wanted);
    } catch { /* the stream may be over, which its playlist says */ }
  }

  // Loads pieces together and appends them in order. One that is gone is a gap.
  async take(pieces) {
    const loads = pieces.map(piece => piece.isGap ? null : piece.url === this.early?.url ? this.early.bytes : this.bytes(piece.url));
    loads.forEach(load => load?.catch(() => {}));
    for (const [place, piece] of pieces.entries()) {
      if (piece.isGap) continue;
      let data;
      try { data = await loads[place]; } catch (error) { if (error.status) continue; throw error; }
      if (piece.map && piece.map !== this.map) await this.append(await this.bytes(this.map = piece.map));
      const start = this.end ?? 0;
      await this.append(data);
      this.arrived = performance.now();
      this.marks.push({ start, at: piece.at });
      if (this.marks.length > 200) this.marks.shift();
    }
  }

  async open(variant) {
    const media = new (mediaSource())();
    if (this.source) URL.revokeObjectURL(this.source);
    this.source = URL.createObjectURL(media);
    this.video.disableRemotePlayback = true;
    this.isPlaced = false;
    this.buffer = null;
    this.video.src = this.source;
    await new Promise(resolve => media.addEventListener("sourceopen", resolve, { once: true }));
    this.buffer = media.addSourceBuffer(type(variant));
    // What comes is put behind what was there: discontinuities, and gaps nobody filled, are closed up.
    this.buffer.mode = "sequence";
  }

  // Begins to show, `aim` seconds behind the end, once there is something.
  begin(began) {
    if (this.isPlaced || this.end === null) return;
    this.isPlaced = true;
    this.video.currentTime = Math.max(this.video.buffered.start(0), this.end - this.aim);
    this.video.play().catch(() => this.note("Click to play."));
    began();
  }

  async append(data) {
    const buffer = this.buffer;
    if (!buffer) throw new Error("stopped");
    const done = act => new Promise((resolve, reject) => {
      buffer.addEventListener("updateend", resolve, { once: true });
      buffer.addEventListener("error", () => reject(new Error("the browser cannot decode it")), { once: true });
      act();
    });
    const now = this.video.currentTime, ranges = this.video.buffered;
    if (ranges.length && now - ranges.start(0) > 2 * keptBehind) await done(() => buffer.remove(0, now - keptBehind));
    await done(() => buffer.appendBuffer(data));
  }

  // Waits until all is shown that can be.
  async drained(run) {
    let before = -1;
    while (run === this.run && this.video.currentTime !== before && !this.video.paused) {
      before = this.video.currentTime;
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  }

  stalled() {
    if (!this.isPlaced || this.video.seeking) return;
    this.stalls += 1;
    this.aim = Math.min(longestHold, this.aim + 0.15);
    const now = performance.now();
    if (this.isAutomatic && this.variants && now - this.stalledAt < 10000) {
      const place = this.variants.findIndex(v => v.name === this.wanted);
      this.wanted = this.variants[Math.min(place + 1, this.variants.length - 1)].name;
    }
    this.stalledAt = now;
  }

  // Keeps the distance: a little faster, a little slower, and a jump where that would take too long.
  steer() {
    const { video } = this, behind = this.behind;
    if (behind === null || !this.isPlaced || video.paused) return;
    const more = behind - this.aim, ranges = video.buffered;
    if (more > mostAhead) video.currentTime = this.end - this.aim;
    for (let i = 0; i < ranges.length; i++) // it stands before a hole
      if (ranges.start(i) > video.currentTime && (i === 0 || ranges.end(i - 1) - video.currentTime < 0.1) && ranges.end(i) - ranges.start(i) > 0.1) {
        video.currentTime = ranges.start(i);
        break;
      }
    video.playbackRate = more > 0.3 ? 1.1 : more > 0.12 ? 1.04 : more < -0.12 ? 0.96 : 1;
    const calm = (performance.now() - (this.stalledAt ?? 0)) / 1000;
    if (calm > calmBeforeUp) {
      this.stalledAt = performance.now() - 10000;
      this.aim = Math.max(this.hold, this.aim - 0.1);
      const place = this.isAutomatic && this.variants ? this.variants.findIndex(v => v.name === this.wanted) : 0;
      if (place > 0) this.wanted = this.variants[place - 1].name;
    }
  }

  async answer(url) {
    const answer = await fetch(url, { signal: this.abort.signal });
    if (!answer.ok) throw Object.assign(new Error(`${answer.status}`), { status: answer.status });
    return answer;
  }
  // With where it came from after a redirect: what it names is relative to that.
  async text(url) {
    const answer = await this.answer(url);
    return { text: await answer.text(), url: answer.url };
  }
  async list(url) {
    const { text, url: base } = await this.text(url);
    return readPieces(text, base);
  }
  async bytes(url) { return (await this.answer(url)).arrayBuffer(); }
}

const mediaSource = () => globalThis.ManagedMediaSource ?? globalThis.MediaSource;
const type = variant => `video/mp4; codecs="${variant.codecs}"`;
