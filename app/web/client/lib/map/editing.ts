// An officer draws a street, moves its corners or says where it is cut; the server decides, and says why where it refuses.
import * as maplibre from "maplibre-gl/dist/maplibre-gl-csp";
import type { GeoJSONSource, Marker } from "maplibre-gl";
import type { Drawn } from "./draw";
import type { Corner } from "./corners";
import { legNearest, readCorners, writeCorners } from "./corners";

type Mode = "draw" | "reshape" | "cut";
const MOST = 150;
const STEP_PX: Record<string, [number, number]> = { ArrowUp: [0, -2], ArrowDown: [0, 2], ArrowLeft: [-2, 0], ArrowRight: [2, 0] };

export class Editing {
  private mode: Mode | undefined;
  private corners: Corner[] = [];
  private markers: Marker[] = [];
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
    on("[data-map-back]", () => { this.corners.pop(); this.show(); });
    on("[data-map-middle]", () => { const { lng, lat } = this.drawn.map.getCenter(); this.add([lng, lat]); });
    this.form.addEventListener("submit", (event) => { this.send(event); });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && this.active) this.close(); });
    this.drawn.map.on("click", (event) => { if (this.active) this.add([event.lngLat.lng, event.lngLat.lat]); });
    const query = new URLSearchParams(window.location.search);
    const again = query.get("edit");
    if (again !== "draw" && again !== "reshape" && again !== "cut") return;
    refuse();
    this.open(again, readCorners(query.get("line")));
  }

  private open(mode: Mode, corners: Corner[] = []): void {
    const street = this.root.querySelector<HTMLElement>("[data-map-editable]");
    if (mode !== "draw" && !street) return;
    const there = mode === "reshape" ? readCorners(street?.dataset["corners"]) : [];
    if (mode === "reshape" && there.length < 2) { this.tell(this.told["branches"] ?? ""); return; }
    if (there.length > MOST) { this.tell(this.told["many"] ?? ""); return; }
    this.mode = mode;
    this.corners = corners.length ? corners : there;
    const path = mode === "draw" ? "/inventory/draw" : `/inventory/${street?.dataset["uid"] ?? ""}/${mode}`;
    const place = new URLSearchParams(window.location.search).get("in");
    this.form.setAttribute("action", `${path}${mode === "draw" && place ? `?in=${place}` : ""}`);
    this.field("version", street?.dataset["version"] ?? "");
    const words = this.form.querySelector("[data-map-told]");
    if (words) words.textContent = this.told[mode] ?? "";
    this.form.hidden = false;
    this.root.classList.add("is-editing");
    this.drawn.map.doubleClickZoom.disable();
    this.show();
  }

  private close(): void {
    this.mode = undefined;
    this.corners = [];
    this.form.hidden = true;
    this.root.classList.remove("is-editing");
    this.drawn.map.doubleClickZoom.enable();
    this.show();
    const query = new URLSearchParams(window.location.search);
    for (const name of ["edit", "line"]) query.delete(name);
    window.history.replaceState(window.history.state, "", `${window.location.pathname}?${query.toString()}${window.location.hash}`);
  }

  private add(corner: Corner): void {
    if (this.mode === "cut") this.corners = [corner];
    else if (this.mode === "reshape" && this.corners.length > 1) this.corners.splice(legNearest(this.corners, corner) + 1, 0, corner);
    else this.corners.push(corner);
    this.show();
  }

  // The address keeps where the map looks: a redirect inherits it.
  private send(event: Event): void {
    if (this.corners.length < (this.mode === "cut" ? 1 : 2)) { event.preventDefault(); event.stopPropagation(); this.tell(this.told["few"] ?? ""); return; }
    this.field(this.mode === "cut" ? "at" : "line", writeCorners(this.corners));
    this.form.setAttribute("action", (this.form.getAttribute("action") ?? "") + window.location.hash);
  }

  private field(name: string, value: string): void {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }

  private show(): void {
    for (const marker of this.markers) marker.remove();
    this.markers = this.corners.map((corner, n) => this.handle(corner, n));
    this.line();
  }

  private handle(corner: Corner, n: number): Marker {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "map-corner";
    element.setAttribute("aria-label", (this.told["corner"] ?? "").replace("{n}", String(n + 1)));
    const marker = new maplibre.Marker({ element, draggable: true }).setLngLat(corner).addTo(this.drawn.map);
    const move = (): void => { const { lng, lat } = marker.getLngLat(); this.corners[n] = [lng, lat]; this.line(); };
    marker.on("drag", move);
    element.addEventListener("click", (event) => { event.stopPropagation(); element.focus(); });
    element.addEventListener("keydown", (event) => {
      const step = STEP_PX[event.key];
      if (event.key === "Delete" || event.key === "Backspace") { this.corners.splice(n, 1); this.show(); this.markers[Math.max(0, n - 1)]?.getElement().focus(); }
      if (step) {
        const at = this.drawn.map.project(marker.getLngLat());
        marker.setLngLat(this.drawn.map.unproject([at.x + step[0], at.y + step[1]]));
        move();
      }
      if (step || event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); event.stopPropagation(); }
    });
    return marker;
  }

  private line(): void {
    const { map } = this.drawn;
    const data = { type: "Feature" as const, properties: {}, geometry: { type: "LineString" as const, coordinates: this.corners.length > 1 ? this.corners : [] } };
    const source = map.getSource<GeoJSONSource>("editing");
    if (source) { source.setData(data); return; }
    map.addSource("editing", { type: "geojson", data });
    map.addLayer({ id: "editing", type: "line", source: "editing", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#16202c", "line-width": 4 } });
  }
}

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
