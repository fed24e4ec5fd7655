import assert from "node:assert/strict";
import test from "node:test";
import { cpuText, dockerBytes, ulimitRange } from "../../src/units.js";

const SIZES = [
  ["1g", 1024 ** 3],
  ["1G", 1024 ** 3],
  ["1gb", 1024 ** 3],
  ["1GiB", 1024 ** 3],
  ["512m", 512 * 1024 ** 2],
  ["64 MiB", 64 * 1024 ** 2],
  ["1.5k", 1536],
  ["10", 10],
  ["10b", 10],
  ["0", 0],
  [1048576, 1048576],
  [0, 0],
  [1.9, 1],
  [" 2t ", 2 * 1024 ** 4],
];
for (const [text, bytes] of SIZES)
  test(`the size ${JSON.stringify(text)} is ${bytes} bytes, as Docker reads it`, () =>
    assert.equal(dockerBytes(text), bytes));

for (const text of ["", "g", "-1g", "1x", "1gg", "1 g b", "0x10", "1e3", "NaN", -5, Infinity, NaN, "9999999p", "1,5g"])
  test(`${JSON.stringify(text)} is no size`, () => assert.equal(dockerBytes(text), null));

for (const [cpus, text] of [
  [1, "100%"],
  [1.5, "150%"],
  [0.001, "1%"],
  [2.499, "250%"],
])
  test(`${cpus} processors are ${text} of one`, () => assert.equal(cpuText(cpus), text));

const RANGES = [
  [1024, 1024, 1024],
  ["1024", 1024, 1024],
  ["1024:2048", 1024, 2048],
  [{ soft: 1, hard: 2 }, 1, 2],
  [{ hard: 7 }, 7, 7],
  [{ soft: 7 }, 7, 7],
  ["-1", -1, -1],
  ["5:-1", 5, -1],
  [0, 0, 0],
];
for (const [value, soft, hard] of RANGES)
  test(`the ulimit ${JSON.stringify(value)} goes from ${soft} to ${hard}`, () =>
    assert.deepEqual(ulimitRange(value), { soft, hard }));

for (const value of ["", "a", "1:2:3", "2:1", "-1:5", {}, { soft: 3, hard: 2 }, 1.5, "-2"])
  test(`${JSON.stringify(value)} is no ulimit`, () => assert.equal(ulimitRange(value), null));
