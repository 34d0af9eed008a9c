// A street's lines as lists of corners, lon and lat: written, read and changed. Pure, so that it can be tested.
export type Corner = [number, number];
export interface At { line: number; corner: number }

// "lon,lat lon,lat;lon,lat lon,lat": lines parted by semicolons. None at all where a single corner is unsound.
export function readLines(words: string | null | undefined): Corner[][] {
  const lines = (words ?? "").split(";").map((line) => line.split(" ").filter(Boolean).map((word) => word.split(",").map(Number)));
  const sound = (pair: number[]): pair is Corner => pair.length === 2 && pair.every(Number.isFinite);
  return lines.flat().every(sound) ? (lines as Corner[][]).filter((line) => line.length > 0) : [];
}

export function writeLines(lines: readonly (readonly Corner[])[]): string {
  return lines.map((line) => line.map(([lon, lat]) => `${lon.toFixed(7)},${lat.toFixed(7)}`).join(" ")).join(";");
}

// Which corners stand at one place: where branches meet, they are moved together and none is taken away.
export function standingAt(lines: readonly (readonly Corner[])[], place: Corner): At[] {
  return lines.flatMap((line, n) => line.flatMap((corner, m) => (corner[0] === place[0] && corner[1] === place[1] ? [{ line: n, corner: m }] : [])));
}

// Into which leg of which line a new corner goes: the one it lies nearest to, on the plane of the screen.
export function legNearest(lines: readonly (readonly Corner[])[], to: Corner): At {
  let best: At = { line: 0, corner: 0 };
  let least = Infinity;
  lines.forEach((line, n) => {
    for (let leg = 0; leg + 1 < line.length; leg += 1) {
      const [from, next] = [line[leg], line[leg + 1]];
      if (!from || !next) continue;
      const away = distance(from, next, to);
      if (away < least) [best, least] = [{ line: n, corner: leg }, away];
    }
  });
  return best;
}

function distance(from: Corner, next: Corner, to: Corner): number {
  const [dx, dy] = [next[0] - from[0], next[1] - from[1]];
  const long = dx * dx + dy * dy;
  const share = long === 0 ? 0 : Math.min(1, Math.max(0, ((to[0] - from[0]) * dx + (to[1] - from[1]) * dy) / long));
  return Math.hypot(from[0] + share * dx - to[0], from[1] + share * dy - to[1]);
}
