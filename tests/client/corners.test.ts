import assert from "node:assert/strict";
import { test } from "node:test";
import { legNearest, readCorners, writeCorners } from "../../app/web/client/lib/map/corners";

test("what was written is read again, and what is no line is none", () => {
  const corners: [number, number][] = [[116.1, 37.2], [116.2, 37.3]];
  assert.deepEqual(readCorners(writeCorners(corners)), corners);
  for (const words of [undefined, null, "", "there", "1,2 3", "1,2,3"]) assert.deepEqual(readCorners(words), []);
});

test("a new corner goes into the leg it lies nearest to", () => {
  const bend: [number, number][] = [[0, 0], [10, 0], [10, 10]];
  assert.equal(legNearest(bend, [4, 1]), 0);
  assert.equal(legNearest(bend, [11, 6]), 1);
  assert.equal(legNearest([[1, 1], [1, 1]], [0, 0]), 0);
});
