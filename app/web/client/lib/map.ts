import * as maplibre from "maplibre-gl/dist/maplibre-gl-csp";
import type { ExpressionSpecification, LayerSpecification, Map, MapGeoJSONFeature } from "maplibre-gl";

// Colour and dash of each state; the legend draws the same in the stylesheet.
const COLOURS: ExpressionSpecification = [
  "match", ["get", "state"],
  "unnamed", "#d55e00", "proposed", "#e69f00", "approved", "#56b4e9", "in_force", "#0072b2", "#7b8794",
];
const WIDTH: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 9, 1, 13, 2.5, 17, 6];
const DASHES: Record<string, number[]> = { unnamed: [2.5, 1.5], proposed: [0.6, 1.2] };

function streets(id: string, states: string[], dash?: number[]): LayerSpecification {
  return {
    id, type: "line", source: "minglu", "source-layer": "streets",
    filter: ["in", ["get", "state"], ["literal", states]],
    layout: { "line-cap": dash ? "butt" : "round", "line-join": "round" },
    paint: {
      "line-color": COLOURS, "line-width": WIDTH, "line-opacity": ["case", ["get", "in_scope"], 1, 0.45],
      ...(dash ? { "line-dasharray": dash } : {}),
    },
  };
}

function layers(): LayerSpecification[] {
  return [
    { id: "ground", type: "background", paint: { "background-color": "#f7f8f4" } },
    {
      id: "chosen", type: "line", source: "minglu", "source-layer": "streets", filter: ["==", ["get", "uid"], ""],
      paint: { "line-color": "#ffbf47", "line-width": ["interpolate", ["linear"], ["zoom"], 9, 6, 17, 16] },
    },
    streets("streets-solid", ["approved", "in_force", "retired"]),
    streets("streets-unnamed", ["unnamed"], DASHES["unnamed"]),
    streets("streets-proposed", ["proposed"], DASHES["proposed"]),
    {
      id: "facilities", type: "circle", source: "minglu", "source-layer": "facilities", minzoom: 13,
      paint: { "circle-radius": 5, "circle-color": "#ffffff", "circle-stroke-color": "#16202c", "circle-stroke-width": 2 },
    },
  ];
}

function edge(place: HTMLElement, name: string): number {
  return Number(place.dataset[name] ?? "0");
}

// The style is made here, so that no file of another host can be named in it. No glyphs: labels are HTML.
function start(place: HTMLElement): Map {
  maplibre.setWorkerUrl(place.dataset["worker"] ?? "");
  const tiles = new URL(place.dataset["tiles"] ?? "", window.location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}");
  const [west, south, east, north] = [edge(place, "west"), edge(place, "south"), edge(place, "east"), edge(place, "north")];
  return new maplibre.Map({
    container: place,
    style: { version: 8, sources: { minglu: { type: "vector", tiles: [tiles], minzoom: 8, maxzoom: 16, promoteId: "uid" } }, layers: layers() },
    bounds: [[west, south], [east, north]],
    fitBoundsOptions: { padding: 24, maxZoom: 16 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    locale: { "NavigationControl.ZoomIn": place.dataset["zoomIn"] ?? "", "NavigationControl.ZoomOut": place.dataset["zoomOut"] ?? "" },
  });
}

function stateWord(place: HTMLElement, state: string): string {
  return place.getAttribute(`data-state-${state.replaceAll("_", "-")}`) ?? state;
}

function tell(map: Map, place: HTMLElement, feature: MapGeoJSONFeature): void {
  const { uid, state, surveyed_name: name } = feature.properties as { uid: string; state: string; surveyed_name: string };
  map.setFilter("chosen", ["==", ["get", "uid"], uid]);
  const said = document.querySelector("[data-picked-street]");
  if (!said) return;
  const link = document.createElement("a");
  link.href = `/inventory/${encodeURIComponent(uid)}`;
  link.textContent = name || place.dataset["unnamed"] || uid;
  said.replaceChildren(link, document.createElement("br"), stateWord(place, state));
  document.dispatchEvent(new CustomEvent("map:street", { detail: { uid } }));
}

export function openMap(place: HTMLElement): Map | undefined {
  try {
    const map = start(place);
    map.touchZoomRotate.disableRotation();
    map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-left");
    map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-left");
    const lines = ["streets-solid", "streets-unnamed", "streets-proposed"];
    map.on("click", (event) => {
      const around: [[number, number], [number, number]] = [[event.point.x - 6, event.point.y - 6], [event.point.x + 6, event.point.y + 6]];
      const [found] = map.queryRenderedFeatures(around, { layers: lines });
      if (found) tell(map, place, found);
    });
    for (const layer of lines) {
      map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
      map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
    }
    return map;
  } catch {
    place.classList.add("has-failed"); // no WebGL: the table says the same
    return undefined;
  }
}
