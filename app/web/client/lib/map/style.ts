// What the map draws: no file and no font of another host. Without a "glyphs" address MapLibre draws every character
// itself with the reader's own fonts, Chinese and Latin alike.
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";

// Colour and dash of each state; the legend draws the same in the stylesheet.
const COLOURS: ExpressionSpecification = [
  "match", ["get", "state"],
  "unnamed", "#d55e00", "draft", "#cc79a7", "proposed", "#e69f00", "approved", "#56b4e9", "in_force", "#0072b2", "no_street", "#9aa5b1", "#7b8794",
];
// What left nothing of a line stands out from what was only moved or cut.
export const MENDED: ExpressionSpecification = ["match", ["get", "deed"], ["collapsed", "repeated", "empty"], "#b3261e", "overlapped", "#e69f00", "#00479d"];
const WIDTH: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 9, 1, 13, 2.5, 17, 6];
const DASHES: Record<string, number[]> = { unnamed: [2.5, 1.5], draft: [1.4, 1], proposed: [0.6, 1.2], no_street: [0.3, 2] };
const FONT = ["Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];
const SOLID = ["approved", "in_force", "retired"];
const NO_STREET = ["no_street"];
export const STREETS = ["streets-solid", "streets-unnamed", "streets-draft", "streets-proposed", "streets-none"];
export const SIGNS = "signs";
export const FACILITIES = "facilities";
export const VILLAGES = "places-village";

// A street of the villages' programme says nothing of its stream in a tile.
export function stateFilter(of: readonly string[], shown: readonly string[], scope = "", stream = ""): FilterSpecification {
  const state: ExpressionSpecification = ["in", ["get", "state"], ["literal", of.filter((one) => shown.includes(one))]];
  const more: ExpressionSpecification[] = [];
  if (scope) more.push(["==", ["get", "in_scope"], scope === "in"]);
  if (stream) more.push(["==", ["coalesce", ["get", "stream"], "village"], stream]);
  return more.length > 0 ? ["all", state, ...more] : state;
}

// A mark for each kind of facility, its sign in the reader's own font; the legend draws the same in the stylesheet.
const FACILITY: ExpressionSpecification = ["match", ["get", "kind"], "committee", "#16202c", "shop", "#7a4a00", "clinic", "#7b2d6b", "school", "#3d5a14", "#4a5563"];
const GLYPHS: Record<string, ExpressionSpecification> = {
  zh: ["match", ["get", "kind"], "committee", "委", "shop", "店", "clinic", "医", "school", "校", ""],
  en: ["match", ["get", "kind"], "committee", "C", "shop", "S", "clinic", "+", "school", "E", ""],
};

function streets(id: string, states: string[], dash?: number[]): LayerSpecification[] {
  const drawn = (source: string): LayerSpecification => ({
    id: source === "streets" ? id : `${id}-far`, type: "line", source: "streets", "source-layer": source, filter: stateFilter(states, states),
    layout: { "line-cap": dash ? "butt" : "round", "line-join": "round" },
    paint: { "line-color": COLOURS, "line-width": WIDTH, "line-opacity": ["case", ["get", "in_scope"], 1, 0.45], ...(dash ? { "line-dasharray": dash } : {}) },
  });
  return [drawn("street_lines"), drawn("streets")];
}

// Every layer of streets with the states that it draws, so that a filter can be set on each.
export const BY_STATE: readonly (readonly [string, readonly string[]])[] = [
  ["cells", ["unnamed", "draft", "proposed", ...SOLID]],
  ["streets-name", ["unnamed", "draft", "proposed", ...SOLID]],
  ...["", "-far"].flatMap((far): [string, string[]][] => [[`streets-solid${far}`, SOLID], [`streets-unnamed${far}`, ["unnamed"]], [`streets-draft${far}`, ["draft"]], [`streets-proposed${far}`, ["proposed"]], [`streets-none${far}`, NO_STREET]]),
];

function name(id: string, kinds: string[], size: number, zooms: [number, number], colour = "#16202c"): LayerSpecification {
  return {
    id, type: "symbol", source: "divisions", "source-layer": "places", minzoom: zooms[0], maxzoom: zooms[1],
    filter: ["in", ["get", "kind"], ["literal", kinds]],
    layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": size, "text-padding": 6 },
    paint: { "text-color": colour, "text-halo-color": "#ffffff", "text-halo-width": 1.6 },
  };
}

function grounds(): LayerSpecification[] {
  return [
    { id: "ground", type: "background", paint: { "background-color": "#f7f8f4" } },
    {
      id: "outlines", type: "line", source: "divisions", "source-layer": "divisions",
      filter: ["in", ["get", "kind"], ["literal", ["city", "county", "zone", "town"]]],
      paint: { "line-color": "#8a94a3", "line-dasharray": [6, 2, 1, 2], "line-width": ["match", ["get", "kind"], "town", 1, 1.8] },
    },
    {
      id: "outlines-village", type: "line", source: "divisions", "source-layer": "divisions", minzoom: 13,
      filter: ["in", ["get", "kind"], ["literal", ["village", "residents"]]],
      paint: { "line-color": "#b5bdc8", "line-dasharray": [2, 2], "line-width": 1 },
    },
  ];
}

function points(): LayerSpecification[] {
  return [
    {
      id: FACILITIES, type: "circle", source: "facilities", "source-layer": "facilities", minzoom: 13,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, 3.5, 15, 9, 18, 11], "circle-color": FACILITY,
        "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.5,
      },
    },
    {
      id: SIGNS, type: "circle", source: "signs", "source-layer": "signs", minzoom: 14,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 14, 3, 17, 7], "circle-stroke-color": "#009e73", "circle-stroke-width": 2.5,
        "circle-color": ["match", ["get", "state"], "standing", "#009e73", "ordered", "#8fd3bf", "#ffffff"],
      },
    },
  ];
}

function halo(): LayerSpecification {
  const said = (what: string): ExpressionSpecification => ["boolean", ["feature-state", what], false];
  return {
    id: "streets-halo", type: "line", source: "streets", "source-layer": "streets", layout: { "line-cap": "round" },
    paint: {
      "line-width": ["interpolate", ["linear"], ["zoom"], 9, 6, 17, 18],
      "line-color": ["case", said("marked"), "#ffbf47", said("picked"), "#ffd88a", "#b9c7d8"],
      "line-opacity": ["case", ["any", said("marked"), said("picked"), said("hover")], 1, 0],
    },
  };
}

function labels(language: string): LayerSpecification[] {
  const both: ExpressionSpecification = ["case", ["==", ["get", "latin"], ""], ["get", "name"], ["concat", ["get", "name"], "  ", ["get", "latin"]]];
  return [
    {
      id: "streets-name", type: "symbol", source: "streets", "source-layer": "streets", minzoom: 14.5,
      layout: {
        "symbol-placement": "line", "text-field": language === "en" ? both : ["get", "name"], "text-font": FONT, "text-offset": [0, 0.9],
        "text-size": ["interpolate", ["linear"], ["zoom"], 14, 12, 18, 16], "symbol-spacing": 320,
      },
      paint: { "text-color": "#16202c", "text-halo-color": "#ffffff", "text-halo-width": 1.8 },
    },
    {
      id: "facilities-glyph", type: "symbol", source: "facilities", "source-layer": "facilities", minzoom: 14.5,
      layout: {
        "text-field": GLYPHS[language] ?? GLYPHS["zh"] ?? "", "text-font": FONT, "text-size": ["interpolate", ["linear"], ["zoom"], 14.5, 11, 18, 14],
        "text-allow-overlap": true, "text-padding": 0,
      },
      paint: { "text-color": "#ffffff" },
    },
    {
      id: "facilities-name", type: "symbol", source: "facilities", "source-layer": "facilities", minzoom: 16,
      layout: {
        "text-field": ["get", "name"], "text-font": FONT, "text-size": 13, "text-anchor": "top", "text-offset": [0, 1], "text-padding": 2, "text-max-width": 9,
      },
      paint: { "text-color": FACILITY, "text-halo-color": "#ffffff", "text-halo-width": 1.8 },
    },
    name(VILLAGES, ["village", "residents"], 13, [12, 24], "#3b4654"),
    name("places-town", ["town"], 14, [9, 15]),
    name("places-county", ["county", "zone"], 16, [5, 11.5]),
  ];
}

export function makeStyle(tiles: (layer: string) => string, language: string): StyleSpecification {
  const source = (layer: string, minzoom: number, maxzoom: number): StyleSpecification["sources"][string] =>
    ({ type: "vector", tiles: [tiles(layer)], minzoom, maxzoom, ...(layer === "divisions" ? {} : { promoteId: "uid" }) });
  return {
    version: 8,
    sources: { divisions: source("divisions", 5, 14), streets: source("streets", 5, 16), facilities: source("facilities", 13, 16), signs: source("signs", 13, 16) },
    layers: [
      ...grounds(),
      {
        id: "cells", type: "circle", source: "streets", "source-layer": "street_cells",
        paint: { "circle-color": COLOURS, "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "streets"]], 1, 2, 30, 6], "circle-opacity": ["case", ["get", "in_scope"], 0.9, 0.4] },
      },
      halo(), ...streets("streets-solid", SOLID), ...streets("streets-unnamed", ["unnamed"], DASHES["unnamed"]),
      ...streets("streets-draft", ["draft"], DASHES["draft"]), ...streets("streets-proposed", ["proposed"], DASHES["proposed"]), ...streets("streets-none", NO_STREET, DASHES["no_street"]), ...points(), ...labels(language),
    ],
  };
}
