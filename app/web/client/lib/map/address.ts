// What the map's address says and keeps: filters, the one thing that is marked, the streets that are selected. Pure, so that it can be tested.
export const KINDS = ["street", "sign", "facility", "village"] as const;
export type Kind = typeof KINDS[number];
export interface Marked { kind: Kind; uid: string }
export interface View { q: string; batch: string; scope: string; stream: string; states: string[]; marked: Marked | undefined; ground: boolean; picked: readonly string[] }

// What the address asks for and the server does not find is not asked for again, and nothing is edited of it.
export function withoutGone(search: string, gone: readonly string[]): string {
  const params = new URLSearchParams(search);
  for (const name of gone.length > 0 ? [...gone, "edit", "line", "reason"] : []) params.delete(name);
  return params.toString();
}

// Every state is no word at all; none of them is a choice too, and has one.
function writeStates(states: readonly string[], all: readonly string[]): string {
  return states.length === all.length ? "" : states.join(",") || "none";
}

// States that are all ticked say nothing: the address stays short, and a new state is shown by itself.
export function writeView(search: string, view: View, all: readonly string[]): string {
  const params = new URLSearchParams(search);
  const set = (name: string, value: string): void => { if (value) params.set(name, value); else params.delete(name); };
  set("q", view.q.trim());
  for (const name of ["batch", "scope", "stream"] as const) set(name, view[name]);
  set("state", writeStates(view.states, all));
  set("ground", view.ground ? "1" : "");
  set("streets", view.picked.map((uid) => uid.replaceAll("-", "")).join(","));
  for (const kind of KINDS) set(kind, view.marked?.kind === kind ? view.marked.uid : "");
  const written = params.toString().replaceAll("%2C", ",");
  return written ? `?${written}` : "";
}

// The query of our own addresses (tiles, list): what narrows, and nothing else. Tiles say state, scope and stream of each street.
export function narrowing(place: string, view: Pick<View, "batch" | "scope" | "stream" | "states">, all: readonly string[], withStates: boolean): string {
  const params = new URLSearchParams();
  if (place) params.set("in", place);
  if (view.batch) params.set("batch", view.batch);
  const states = writeStates(view.states, all);
  if (withStates) for (const [name, value] of [["state", states], ["scope", view.scope], ["stream", view.stream]] as const) if (value) params.set(name, value);
  const written = params.toString();
  return written ? `?${written}` : "";
}

export type Box = [number, number, number, number];

export function readBox(words: string | undefined): Box | undefined {
  const parts = (words ?? "").split(",").map(Number);
  const [west, south, east, north] = parts;
  if (parts.length !== 4 || west === undefined || south === undefined || east === undefined || north === undefined) return undefined;
  return parts.every(Number.isFinite) ? [west, south, east, north] : undefined;
}

export function writeBox(box: Box): string {
  return box.map((edge) => edge.toFixed(6)).join(",");
}
