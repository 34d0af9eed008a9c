// An officer draws a street, moves its corners or says where it is cut; the server decides, and says why where it refuses.
import * as maplibre from "maplibre-gl/dist/maplibre-gl-csp";
import type { GeoJSONSource, Marker } from "maplibre-gl";
import type { Drawn } from "./draw";
import type { At, Corner } from "./corners";
import { legNearest, readLines, standingAt, writeLines } from "./corners";

type Mode = "draw" | "reshape" | "cut";
// As many corners as a device draws at once; with more in sight, one looks nearer.
const MOST = 150;
const KEPT = "minglu.drawn";
const STEP_PX: Record<string, [number, number]> = { ArrowUp: [0, -2], ArrowDown: [0, 2], ArrowLeft: [-2, 0], ArrowRight: [2, 0] };

export class Editing {
  private mode: Mode | undefined;
  private lines: Corner[][] = [];
  private past: Corner[][][] = [];
  private handles: { at: At; marker: Marker }[] = [];
  private chosen: At | undefined;
  private leaving = false;
  private readonly told: Record<string, string>;

  constructor(private readonly drawn: Drawn, private readonly root: HTMLElement, private readonly form: HTMLFormElement, private readonly tell: (words: string) => void) {
    this.told = JSON.parse(form.dataset["told"] ?? "{}") as Record<string, string>;
  }

  get active(): boolean { return this.mode !== undefined; }

  start(): void {
    this.root.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-map-start]");
      if (button) this.open(button.dataset["mapStart"] as Mode);
    });
    const on = (what: string, does: () => void): void => { this.form.querySelector(what)?.addEventListener("click", does); };
    on("[data-map-cancel]", () => { this.close(); });
    on("[data-map-back]", () => { this.back(); });
    on("[data-map-drop]", () => { if (this.drop()) this.form.querySelector<HTMLElement>("[data-map-back]")?.focus(); });
    on("[data-map-middle]", () => { const { lng, lat } = this.drawn.map.getCenter(); this.add([lng, lat]); });
    this.form.addEventListener("submit", (event) => { this.send(event); });
    document.addEventListener("keydown", (event) => { this.key(event); });
    this.drawn.map.on("click", (event) => { if (this.active) this.add([event.lngLat.lng, event.lngLat.lat]); });
    this.drawn.map.on("moveend", () => { if (this.active && this.count > MOST) this.show(); });
    const query = new URLSearchParams(window.location.search);
    const again = query.get("edit");
    if (again === "join" || again === "no-street") { refuse(); forget(); }
    if (again !== "draw" && again !== "reshape" && again !== "cut") return;
    refuse();
    this.open(again, readLines(query.get("line") ?? window.sessionStorage.getItem(KEPT)));
  }

  // Ctrl+Z takes the last change back; Escape leaves, and a second one is needed where something would be lost.
  private key(event: KeyboardEvent): void {
    if (!this.active || event.target instanceof HTMLInputElement && event.target.type === "search") return;
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) { event.preventDefault(); this.back(); return; }
    if (event.key !== "Escape") return;
    if (this.past.length === 0 || this.leaving) { this.close(); return; }
    this.leaving = true;
    this.tell(this.told["leave"] ?? "");
  }

  private back(): void {
    this.lines = this.past.pop() ?? this.lines;
    this.leaving = false;
    this.chosen = undefined;
    this.show();
  }

  private get count(): number { return this.lines.reduce((sum, line) => sum + line.length, 0); }

  private open(mode: Mode, lines: Corner[][] = []): void {
    const street = this.root.querySelector<HTMLElement>("[data-map-editable]");
    if (mode !== "draw" && !street) return;
    const there = mode === "reshape" ? readLines(street?.dataset["corners"]) : [[]];
    this.mode = mode;
    this.lines = lines.length ? lines : there;
    this.past = [];
    this.chosen = undefined;
    const path = mode === "draw" ? "/inventory/draw" : `/inventory/${street?.dataset["uid"] ?? ""}/${mode}`;
    const place = new URLSearchParams(window.location.search).get("in");
    this.form.setAttribute("action", `${path}${mode === "draw" && place ? `?in=${place}` : ""}`);
    this.field("version", street?.dataset["version"] ?? "");
    this.form.hidden = false;
    this.root.classList.add("is-editing");
    this.drawn.map.doubleClickZoom.disable();
    this.show();
  }

  private close(): void {
    this.mode = undefined;
    this.leaving = false;
    this.lines = [];
    this.form.hidden = true;
    this.root.classList.remove("is-editing");
    this.drawn.map.doubleClickZoom.enable();
    this.show();
    forget();
  }

  // As it was before the next change, for taking that back.
  private remember(): void { this.leaving = false; this.past.push(this.lines.map((line) => [...line])); }

  private add(corner: Corner): void {
    this.remember();
    this.chosen = undefined;
    if (this.mode === "reshape") {
      const { line, corner: leg } = legNearest(this.lines, corner);
      this.lines[line]?.splice(leg + 1, 0, corner);
    } else if (this.mode === "cut") this.lines = [[corner]];
    else this.lines = [[...(this.lines[0] ?? []), corner]];
    this.show();
  }

  // The corner that a tap or the keyboard reached last: what is taken away where somebody says so.
  private choose(at: At | undefined): void {
    this.chosen = at;
    for (const handle of this.handles) handle.marker.getElement().setAttribute("aria-pressed", String(same(handle.at, at)));
    const button = this.form.querySelector<HTMLButtonElement>("[data-map-drop]");
    if (button) button.disabled = !at;
  }

  // Takes the chosen corner away. False where none is chosen, or branches meet in it.
  private drop(): boolean {
    const at = this.chosen;
    const place = at && this.lines[at.line]?.[at.corner];
    if (!at || !place) return false;
    if (standingAt(this.lines, place).length > 1) { this.tell(this.told["junction"] ?? ""); return false; }
    this.remember();
    this.lines[at.line]?.splice(at.corner, 1);
    this.chosen = undefined;
    this.show();
    return true;
  }

  // The address keeps where the map looks: a redirect inherits it. What was drawn waits here in case it is refused.
  private send(event: Event): void {
    const lines = this.lines.filter((line) => line.length > 1);
    if (this.mode === "cut" ? this.count < 1 : lines.length < 1) { event.preventDefault(); event.stopPropagation(); this.tell(this.told["few"] ?? ""); return; }
    const words = writeLines(this.mode === "cut" ? this.lines : lines);
    this.field(this.mode === "cut" ? "at" : "line", words);
    window.sessionStorage.setItem(KEPT, words);
    this.form.setAttribute("action", (this.form.getAttribute("action") ?? "") + window.location.hash);
  }

  private field(name: string, value: string): void {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }

  private show(): void {
    const chosen = this.chosen;
    for (const { marker } of this.handles) marker.remove();
    const seen = this.drawn.map.getBounds();
    const places = this.lines.flatMap((line, n) => line.map((corner, m) => ({ corner, at: { line: n, corner: m } })));
    const near = places.length > MOST ? places.filter(({ corner }) => seen.contains(corner)) : places;
    const alone = near.filter(({ corner, at }) => { const [first] = standingAt(this.lines, corner); return first?.line === at.line && first.corner === at.corner; });
    this.handles = alone.length > MOST ? [] : alone.map(({ at }, n) => ({ at, marker: this.handle(at, n) }));
    this.choose(this.handles.find(({ at }) => same(at, chosen))?.at);
    const words = this.form.querySelector("[data-map-told]");
    if (words) words.textContent = (alone.length > MOST ? this.told["many"] : this.told[this.mode ?? "draw"]) ?? "";
    this.line();
  }

  private handle(at: At, n: number): Marker {
    const place: Corner = this.lines[at.line]?.[at.corner] ?? [0, 0];
    const held = standingAt(this.lines, place);
    const element = document.createElement("button");
    element.type = "button";
    element.className = "map-corner";
    element.setAttribute("aria-label", (this.told["corner"] ?? "").replace("{n}", String(n + 1)));
    const marker = new maplibre.Marker({ element, draggable: true }).setLngLat(place).addTo(this.drawn.map);
    const move = (): void => {
      const { lng, lat } = marker.getLngLat();
      for (const one of held) { const line = this.lines[one.line]; if (line) line[one.corner] = [lng, lat]; }
      this.line();
    };
    marker.on("dragstart", () => { this.remember(); this.choose(at); });
    marker.on("drag", move);
    element.addEventListener("click", (event) => { event.stopPropagation(); element.focus(); this.choose(at); });
    element.addEventListener("focus", () => { this.choose(at); });
    element.addEventListener("keydown", (event) => {
      const step = STEP_PX[event.key];
      const gone = event.key === "Delete" || event.key === "Backspace";
      if (gone && this.drop()) this.handles[Math.max(0, n - 1)]?.marker.getElement().focus();
      if (step) {
        this.remember();
        const there = this.drawn.map.project(marker.getLngLat());
        marker.setLngLat(this.drawn.map.unproject([there.x + step[0], there.y + step[1]]));
        move();
      }
      if (step || gone) { event.preventDefault(); event.stopPropagation(); }
    });
    return marker;
  }

  private line(): void {
    const { map } = this.drawn;
    const data = { type: "Feature" as const, properties: {}, geometry: { type: "MultiLineString" as const, coordinates: this.lines.filter((line) => line.length > 1) } };
    const source = map.getSource<GeoJSONSource>("editing");
    if (source) { source.setData(data); return; }
    map.addSource("editing", { type: "geojson", data });
    map.addLayer({ id: "editing", type: "line", source: "editing", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#16202c", "line-width": 4 } });
  }
}

// What was being edited leaves the address.
function forget(): void {
  const query = new URLSearchParams(window.location.search);
  for (const name of ["edit", "line", "reason"]) query.delete(name);
  window.history.replaceState(window.history.state, "", `${window.location.pathname}?${query.toString()}${window.location.hash}`);
}

function same(one: At, other: At | undefined): boolean { return one.line === other?.line && one.corner === other.corner; }

// Back on the map after a refusal: the sentence that came with it stays until it is closed, and bears no mark of success.
function refuse(): void {
  const toast = document.querySelector<HTMLElement>("#toasts .toast-line");
  if (!toast) return;
  const words = toast.cloneNode(true) as HTMLElement;
  words.classList.add("toast-error");
  words.setAttribute("role", "alert");
  words.querySelector(":scope > .icon")?.remove();
  toast.replaceWith(words);
}
