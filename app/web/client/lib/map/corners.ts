// Lines as lists of corners, lon and lat: written, read and changed. Pure, so that it can be tested.
export type Corner = [number, number];

export function readCorners(words: string | null | undefined): Corner[] {
  const corners = (words ?? "").split(" ").filter(Boolean).map((word) => word.split(",").map(Number));
  const sound = corners.filter((pair): pair is Corner => pair.length === 2 && pair.every(Number.isFinite));
  return sound.length === corners.length ? sound : [];
}

export function writeCorners(corners: readonly Corner[]): string {
  return corners.map(([lon, lat]) => `${lon.toFixed(7)},${lat.toFixed(7)}`).join(" ");
}

// Into which leg a new corner goes: the one it lies nearest to, on the plane of the screen.
export function legNearest(corners: readonly Corner[], to: Corner): number {
  let best = 0;
  let least = Infinity;
  for (let leg = 0; leg + 1 < corners.length; leg += 1) {
    const [from, next] = [corners[leg], corners[leg + 1]];
    if (!from || !next) continue;
    const away = distance(from, next, to);
    if (away < least) [best, least] = [leg, away];
  }
  return best;
}

function distance(from: Corner, next: Corner, to: Corner): number {
  const [dx, dy] = [next[0] - from[0], next[1] - from[1]];
  const long = dx * dx + dy * dy;
  const share = long === 0 ? 0 : Math.min(1, Math.max(0, ((to[0] - from[0]) * dx + (to[1] - from[1]) * dy) / long));
  return Math.hypot(from[0] + share * dx - to[0], from[1] + share * dy - to[1]);
}
