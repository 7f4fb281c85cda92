// Reads the playlists of low-latency HLS as this gateway writes them (draft-pantos-hls-rfc8216bis). No network, no player.

const attributes = text => Object.fromEntries([...text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)].map(([, key, value]) => [key, value.replace(/^"|"$/g, "")]));

// The variants of a multivariant playlist, the best first: {name, url, codecs, bandwidth, height}.
export function readVariants(text, base) {
  const variants = [];
  let next = null;
  for (const line of text.split("\n")) {
    if (line.startsWith("#EXT-X-STREAM-INF:")) next = attributes(line.slice(18));
    else if (next && line && !line.startsWith("#")) {
      const url = new URL(line, base);
      variants.push({
        name: decodeURIComponent(url.pathname.split("/").pop().replace(/\.m3u8$/, "")), url: url.href, codecs: next.CODECS ?? "",
        bandwidth: Number(next.BANDWIDTH) || 0, height: Number((next.RESOLUTION ?? "").split("x")[1]) || 0,
      });
      next = null;
    }
  }
  return variants.sort((a, b) => b.height - a.height || b.bandwidth - a.bandwidth);
}

// A media playlist as pieces in order: parts where they are listed, whole segments where they are not.
// {pieces: [{msn, part, url, seconds, isIndependent, isGap, map, at}], next: {msn, part}, hold, hint, isEnded}; at: wall clock in ms.
export function readPieces(text, base) {
  const pieces = [], absolute = uri => new URL(uri, base).href;
  let msn = 0, at = null, map = null, parts = [], seconds = 0, isGap = false, hold = 0, target = 2, hint = null, isEnded = false;
  const piece = (part, url, seconds, isIndependent, isGap) => {
    const made = { msn, part, url, seconds, isIndependent, isGap, map, at };
    if (at !== null) at += seconds * 1000;
    return made;
  };
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":"), tag = colon < 0 ? line : line.slice(0, colon), value = line.slice(colon + 1);
    switch (tag) {
      case "#EXT-X-MEDIA-SEQUENCE": msn = Number(value); break;
      case "#EXT-X-TARGETDURATION": target = Number(value); break;
      case "#EXT-X-SERVER-CONTROL": hold = Number(attributes(value)["PART-HOLD-BACK"]) || 0; break;
      case "#EXT-X-MAP": map = absolute(attributes(value).URI); break;
      case "#EXT-X-PROGRAM-DATE-TIME": at = Date.parse(value); break;
      case "#EXT-X-GAP": isGap = true; break;
      case "#EXTINF": seconds = parseFloat(value); break;
      case "#EXT-X-ENDLIST": isEnded = true; break;
      case "#EXT-X-PRELOAD-HINT": hint = absolute(attributes(value).URI); break;
      case "#EXT-X-PART": {
        const a = attributes(value);
        parts.push(piece(parts.length, absolute(a.URI), Number(a.DURATION), a.INDEPENDENT === "YES", a.GAP === "YES"));
        break;
      }
      default:
        if (!line || line.startsWith("#")) break;
        pieces.push(...(parts.length ? parts : [piece(null, absolute(line), seconds, true, isGap)]));
        msn += 1;
        parts = [];
        isGap = false;
    }
  }
  pieces.push(...parts);
  return { pieces, next: { msn, part: parts.length }, hold: hold || target * 3, hint, isEnded };
}

// The place to begin: a piece that decodes by itself, so far from the end that the player can stay `hold` seconds behind it.
export function firstPiece(pieces, hold) {
  let behind = 0;
  for (let place = pieces.length - 1; place >= 0; place--) {
    behind += pieces[place].seconds;
    if (behind >= hold && pieces[place].isIndependent && !pieces[place].isGap) return place;
  }
  return pieces.findIndex(piece => piece.isIndependent && !piece.isGap);
}

export const isAfter = (piece, last) => !last || piece.msn > last.msn || (piece.msn === last.msn && last.part !== null && piece.part !== null && piece.part > last.part);
