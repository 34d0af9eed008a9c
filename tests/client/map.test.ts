import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import { narrowing, readBox, withoutGone, writeBox, writeView } from "../../app/web/client/lib/map/address";
import type { View } from "../../app/web/client/lib/map/address";
import { Picked } from "../../app/web/client/lib/map/picked";
import { BY_STATE, makeStyle, stateFilter } from "../../app/web/client/lib/map/style";

const ALL = ["unnamed", "draft", "proposed", "approved", "in_force", "retired"];
const BARE: View = { q: "", batch: "", scope: "", stream: "", states: ALL, marked: undefined, ground: false, picked: [] };

test("an address without filters says nothing of them and keeps the territory", () => {
  assert.equal(writeView("?in=abc", BARE, ALL), "?in=abc");
  assert.equal(writeView("?state=unnamed&street=x&q=y&ground=1&streets=a,b", BARE, ALL), "");
});

test("the address keeps filters, words, base map, the one thing that is marked and the streets that are selected", () => {
  const view: View = { q: " 迎宾 ", batch: "b", scope: "in", stream: "new_road", states: ["unnamed", "in_force"], marked: { kind: "street", uid: "u" }, ground: true, picked: ["a-1", "b-2"] };
  const written = new URLSearchParams(writeView("?in=abc&village=v", view, ALL));
  assert.deepEqual(Object.fromEntries(written), { in: "abc", q: "迎宾", batch: "b", scope: "in", stream: "new_road", state: "unnamed,in_force", ground: "1", street: "u", streets: "a1,b2" });
});

test("no state at all is kept in the address apart from every state", () => {
  assert.equal(writeView("", { ...BARE, states: [] }, ALL), "?state=none");
  assert.equal(writeView("?state=none", BARE, ALL), "");
});

test("what is gone leaves the address, with what was being edited of it", () => {
  assert.equal(withoutGone("?in=abc&street=u&edit=reshape&line=1,2&q=x", ["street"]), "in=abc&q=x");
  assert.equal(withoutGone("?street=u&edit=reshape", []), "street=u&edit=reshape");
});

test("tiles are narrowed by territory and batch, the list by states as well", () => {
  const view = { batch: "b", scope: "out", stream: "", states: ["unnamed"] };
  assert.equal(narrowing("abc", view, ALL, false), "?in=abc&batch=b");
  assert.equal(narrowing("", view, ALL, true), "?batch=b&state=unnamed&scope=out");
  assert.equal(narrowing("", { batch: "", scope: "", stream: "", states: ALL }, ALL, true), "");
  assert.equal(narrowing("", { batch: "", scope: "", stream: "", states: [] }, ALL, true), "?state=none");
});

test("a box is written and read again, and nothing else is a box", () => {
  assert.deepEqual(readBox(writeBox([116.3, 37.4, 116.31, 37.5])), [116.3, 37.4, 116.31, 37.5]);
  for (const broken of [undefined, "", "1,2,3", "1,2,3,x", "1,2,3,4,5", "1,2,3,Infinity"]) assert.equal(readBox(broken), undefined);
});

test("a selection tells who listens, and has room for so many only", () => {
  const picked = new Picked(3);
  const told: string[][] = [];
  picked.listen((changed) => { told.push(changed); });
  assert.equal(picked.add(["a", "b"]), true);
  assert.equal(picked.set("b", true), true);
  assert.equal(picked.add(["b", "c", "d"]), false);
  assert.equal(picked.set("e", true), false);
  assert.equal(picked.set("a", false), true);
  assert.deepEqual(picked.all, ["b", "c"]);
  picked.clear();
  assert.equal(picked.size, 0);
  assert.deepEqual(told, [["a", "b"], ["c"], ["a"], ["b", "c"]]);
});

test("two hundred selected streets fit into an address that every proxy takes", () => {
  const picked = new Picked(200);
  picked.add(Array.from({ length: 200 }, () => randomUUID()));
  assert.ok(picked.link(randomUUID()).length < 7000);
  assert.equal(new URL(picked.link("x"), "http://here").searchParams.get("only")?.split(",").length, 200);
});

test("the style is sound, asks nobody else, and draws each state in exactly one layer of each kind", () => {
  for (const language of ["zh", "en"]) {
    const style = makeStyle((layer) => `http://here/tiles/${layer}/{z}/{x}/{y}`, language);
    assert.deepEqual(validateStyleMin(style), []);
    assert.doesNotMatch(JSON.stringify(style).replaceAll("http://here", ""), /https?:/);
    assert.equal(style.glyphs, undefined);
    assert.equal(style.sprite, undefined);
    const ids = style.layers.map((layer) => layer.id);
    assert.equal(new Set(ids).size, ids.length);
    for (const [id] of BY_STATE) assert.ok(ids.includes(id), id);
  }
  for (const ending of ["", "-far"]) {
    const drawn = BY_STATE.filter(([id]) => new RegExp(`^streets-(solid|unnamed|draft|proposed)${ending}$`).test(id)).flatMap(([, states]) => [...states]);
    assert.deepEqual(drawn.sort(), [...ALL].sort());
  }
});

test("a filter shows of a layer's states those that are ticked", () => {
  assert.deepEqual(stateFilter(["approved", "in_force", "retired"], ["in_force", "unnamed"]), ["in", ["get", "state"], ["literal", ["in_force"]]]);
  const state = ["in", ["get", "state"], ["literal", ["unnamed"]]];
  assert.deepEqual(stateFilter(["unnamed"], ALL, "out", "village"), ["all", state, ["==", ["get", "in_scope"], false], ["==", ["coalesce", ["get", "stream"], "village"], "village"]]);
});
