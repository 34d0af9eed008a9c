import assert from "node:assert/strict";
import { test } from "node:test";
import type { Corner } from "../../app/web/client/lib/map/corners";
import { legNearest, readLines, standingAt, writeLines } from "../../app/web/client/lib/map/corners";

const FORK: Corner[][] = [[[0, 0], [10, 0]], [[10, 0], [10, 10]], [[10, 0], [20, 0]]];

test("what was written is read again, and what is no line is none", () => {
  for (const lines of [[[[116.1, 37.2], [116.2, 37.3]]], FORK] as Corner[][][]) assert.deepEqual(readLines(writeLines(lines)), lines);
  for (const words of [undefined, null, "", "there", "1,2 3", "1,2,3", "1,2 3,4;5"]) assert.deepEqual(readLines(words), []);
});

test("a new corner goes into the leg it lies nearest to, of whichever branch", () => {
  const bend: Corner[][] = [[[0, 0], [10, 0], [10, 10]]];
  assert.deepEqual(legNearest(bend, [4, 1]), { line: 0, corner: 0 });
  assert.deepEqual(legNearest(bend, [11, 6]), { line: 0, corner: 1 });
  assert.deepEqual(legNearest(FORK, [16, 1]), { line: 2, corner: 0 });
  assert.deepEqual(legNearest([[[1, 1], [1, 1]]], [0, 0]), { line: 0, corner: 0 });
});

test("the corners of branches that meet stand at one place", () => {
  assert.deepEqual(standingAt(FORK, [10, 0]), [{ line: 0, corner: 1 }, { line: 1, corner: 0 }, { line: 2, corner: 0 }]);
  assert.deepEqual(standingAt(FORK, [20, 0]), [{ line: 2, corner: 1 }]);
});
