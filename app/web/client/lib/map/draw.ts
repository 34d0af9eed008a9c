// The drawn map: opens it, tells what is under the pointer, marks and selects. Knows nothing of the list beside it.
import * as maplibre from "maplibre-gl/dist/maplibre-gl-csp";
import type { Map, MapLayerMouseEvent, MapMouseEvent, Marker, PointLike } from "maplibre-gl";
import type { Box, Kind, Marked, View } from "./address";
import { BY_STATE, FACILITIES, MENDED, SIGNS, STREETS, VILLAGES, makeStyle, stateFilter } from "./style";

export interface Texts { zoomIn: string; zoomOut: string; title: string; tooMany: string; failed: string; groundFailed: string }
export interface Told {
  moved: () => void;
  chosen: (marked: Marked | undefined, many: boolean) => void;
  hovered: (uid: string | undefined) => void;
}
const LAYERS = ["divisions", "streets", "facilities", "signs"] as const;

export class Drawn {
  private marker: Marker | undefined;
  private marked = "";
  private hovered = "";

  private constructor(readonly map: Map, private readonly place: HTMLElement) {}

  // Undefined where the device cannot draw: the list and the figures say the same.
  static open(place: HTMLElement, language: string, texts: Texts, query: string): Drawn | undefined {
    try {
      maplibre.setWorkerUrl(place.dataset["worker"] ?? "");
      const edge = (name: string): number => Number(place.dataset[name] ?? "0");
      const map = new maplibre.Map({
        container: place, style: makeStyle((layer) => address(place, layer, query), language), hash: "at",
        bounds: [[edge("west"), edge("south")], [edge("east"), edge("north")]], fitBoundsOptions: { padding: 32, maxZoom: 17 },
        attributionControl: false, dragRotate: false, pitchWithRotate: false, boxZoom: false, minZoom: 6, maxZoom: 20, localIdeographFontFamily: false,
        locale: { "NavigationControl.ZoomIn": texts.zoomIn, "NavigationControl.ZoomOut": texts.zoomOut, "Map.Title": texts.title },
      });
      map.touchZoomRotate.disableRotation();
      map.keyboard.disableRotation();
      map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-left");
      map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-left");
      return new Drawn(map, place);
    } catch {
      place.classList.add("has-failed");
      return undefined;
    }
  }

  listen(told: Told): void {
    this.map.on("moveend", told.moved);
    this.map.on("click", (event) => {
      const { ctrlKey, metaKey, shiftKey } = event.originalEvent;
      told.chosen(this.under(event), ctrlKey || metaKey || shiftKey);
    });
    this.map.on("mousemove", (event) => {
      const found = this.under(event);
      this.map.getCanvas().style.cursor = found ? "pointer" : "";
      told.hovered(found?.kind === "street" ? found.uid : undefined);
    });
  }

  get box(): Box {
    const bounds = this.map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  boxOf(from: [number, number], to: [number, number]): Box {
    const [a, b] = [this.map.unproject(from), this.map.unproject(to)];
    return [Math.min(a.lng, b.lng), Math.min(a.lat, b.lat), Math.max(a.lng, b.lng), Math.max(a.lat, b.lat)];
  }

  go(box: Box): void {
    this.map.fitBounds([[box[0], box[1]], [box[2], box[3]]], { padding: 60, maxZoom: Math.max(17, this.map.getZoom()), duration: 700 });
  }

  mark(marked: Marked | undefined, box?: Box): void {
    this.say(this.marked, { marked: false });
    this.marked = marked?.kind === "street" ? marked.uid : "";
    this.say(this.marked, { marked: true });
    this.marker?.remove();
    this.marker = undefined;
    if (!marked || !box) return;
    this.marker = new maplibre.Marker({ color: "#00479d" });
    this.marker.setLngLat([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]).addTo(this.map);
  }

  hover(uid: string | undefined): void {
    if (this.hovered === (uid ?? "")) return;
    this.say(this.hovered, { hover: false });
    this.hovered = uid ?? "";
    this.say(this.hovered, { hover: true });
  }

  pick(uid: string, on: boolean): void { this.say(uid, { picked: on }); }

  show({ states, scope, stream }: Pick<View, "states" | "scope" | "stream">): void {
    for (const [layer, of] of BY_STATE) this.map.setFilter(layer, stateFilter(of, states, scope, stream));
  }

  // Other filters are the server's: the tiles have another address.
  narrow(query: string): void {
    for (const layer of LAYERS) {
      const source = this.map.getSource(layer);
      if (source instanceof maplibre.VectorTileSource) source.setTiles([address(this.place, layer, query)]);
    }
  }

  // The base map comes through our own server; it lies under everything of ours.
  ground(on: boolean, failed: () => void): void {
    for (const [at, layer] of ["vec", "cva"].entries()) {
      const id = `tianditu-${layer}`;
      if (!this.map.getSource(id)) {
        if (!on) continue;
        this.map.addSource(id, { type: "raster", tiles: [new URL("/ground/", window.location.href).href + `${layer}/{z}/{x}/{y}`], tileSize: 256, minzoom: 1, maxzoom: 18 });
        this.map.addLayer({ id, type: "raster", source: id, paint: { "raster-opacity": at === 0 ? 0.75 : 1 } }, "outlines");
        this.map.on("error", (event) => { if ((event as { sourceId?: string }).sourceId === id) failed(); });
      }
      this.map.setLayoutProperty(id, "visibility", on ? "visible" : "none");
    }
  }

  // Where lines of a file were mended; what was done stands beside the pointer.
  mended(url: string): void {
    this.map.addSource("mended", { type: "geojson", data: new URL(url, window.location.href).href });
    this.map.addLayer({
      id: "mended", type: "circle", source: "mended",
      paint: { "circle-radius": 7, "circle-color": "#ffffff", "circle-opacity": 0.85, "circle-stroke-width": 3, "circle-stroke-color": MENDED },
    });
    const note = new maplibre.Popup({ closeButton: false, offset: 12 });
    const tell = (event: MapLayerMouseEvent): void => {
      const said: unknown = event.features?.[0]?.properties["said"];
      if (typeof said === "string") note.setLngLat(event.lngLat).setText(said).addTo(this.map);
    };
    this.map.on("mousemove", "mended", tell);
    this.map.on("click", "mended", tell);
    this.map.on("mouseleave", "mended", () => { note.remove(); });
  }

  private say(uid: string, state: Record<string, boolean>): void {
    if (uid) this.map.setFeatureState({ source: "streets", sourceLayer: "streets", id: uid }, state);
  }

  private under(event: MapMouseEvent): Marked | undefined {
    const { x, y } = event.point;
    const around: [PointLike, PointLike] = [[x - 6, y - 6], [x + 6, y + 6]];
    const asked: [Kind, string[]][] = [["sign", [SIGNS]], ["facility", [FACILITIES]], ["street", STREETS], ["village", [VILLAGES]]];
    for (const [kind, layers] of asked) {
      const there = layers.filter((layer) => this.map.getLayer(layer));
      const uid: unknown = this.map.queryRenderedFeatures(around, { layers: there })[0]?.properties["uid"];
      if (typeof uid === "string") return { kind, uid };
    }
    return undefined;
  }
}

function address(place: HTMLElement, layer: string, query: string): string {
  return new URL(place.dataset["tiles"] ?? "/tiles/", window.location.href).href + `${layer}/{z}/{x}/{y}${query}`;
}
