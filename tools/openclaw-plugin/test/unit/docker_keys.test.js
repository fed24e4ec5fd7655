import assert from "node:assert/strict";
import test from "node:test";
import { dockerWish } from "../../src/docker_keys.js";

const owner = { uid: 1000, gid: 1000 };
const wish = (docker) => dockerWish(docker, { owner, tmpfsIsDefault: false });

const HONOURED = [
  ["pidsLimit", { pidsLimit: 256 }, (found) => found.profile.limits.processes === 256],
  [
    "memory with a quarter of it for each tmpfs",
    { memory: "512m" },
    (found) => found.profile.limits.memory === "536870912B" && found.profile.limits.tmp === "134217728B",
  ],
  ["memory as a number of bytes", { memory: 1073741824 }, (found) => found.profile.limits.memory === "1073741824B"],
  ["memory 0 as no cap, as Docker does", { memory: "0" }, (found) => found.profile.limits.memory === undefined],
  [
    "memorySwap as the sum with memory",
    { memory: "1g", memorySwap: "1.5g" },
    (found) => found.profile.limits.swap === "536870912B",
  ],
  [
    "memorySwap -1 as all there is",
    { memory: "1g", memorySwap: -1 },
    (found) => found.profile.limits.swap === `${2 ** 50}B`,
  ],
  ["cpus", { cpus: 0.5 }, (found) => found.profile.limits.cpu === "50%"],
  ["network none", { network: "none" }, (found) => found.profile.network.mode === "none"],
  [
    "tmpfs with a size",
    { tmpfs: ["/tmp:size=64m,nosuid", "/scratch:rw,size=64m"] },
    (found) => found.profile.limits.tmp === "67108864B" && found.profile.files.tmpfs.join() === "/tmp,/scratch",
  ],
  [
    "the size of a tmpfs over a share of memory",
    { tmpfs: ["/tmp:size=1m"], memory: "1g" },
    (found) => found.profile.limits.tmp === "1048576B",
  ],
  ["an empty list of tmpfs", { tmpfs: [] }, (found) => found.profile.files.tmpfs.length === 0],
  ["the user who owns the workspace", { user: "1000:1000" }, (found) => found.profile.identity.as_root === undefined],
  ["that user without a group", { user: "1000" }, (found) => found.refusals.length === 0],
  ["root as looking like root", { user: "0:0" }, (found) => found.profile.identity.as_root === true],
  ["a list of capabilities to drop, since all are", { capDrop: ["NET_RAW"] }, (found) => found.refusals.length === 0],
  [
    "ulimits",
    { ulimits: { nofile: 4096, fsize: "1048576", core: 0, nproc: 100 } },
    (found) =>
      found.profile.limits.open_files === 4096 &&
      found.profile.limits.file_size === "1048576B" &&
      found.profile.limits.processes === 100,
  ],
  [
    "a soft limit of open files",
    { ulimits: { nofile: { soft: 1024, hard: 2048 } } },
    (found) => found.softOpenFiles === 1024 && found.profile.limits.open_files === 2048,
  ],
  [
    "the stricter of pidsLimit and nproc",
    { pidsLimit: 50, ulimits: { nproc: 100 } },
    (found) => found.profile.limits.processes === 50,
  ],
  ["empty lists as nothing", { dns: [], extraHosts: [], binds: [] }, (found) => found.refusals.length === 0],
];
for (const [what, docker, holds] of HONOURED)
  test(`honoured: ${what}`, () => {
    const found = wish(docker);
    assert.deepEqual(found.refusals, []);
    assert.ok(holds(found), JSON.stringify(found));
  });

const REFUSED = {
  image: "python:3.12",
  readOnlyRoot: false,
  network: "bridge",
  user: "node",
  capDrop: [],
  pidsLimit: 1,
  memory: "8m",
  memorySwap: "1g",
  ulimits: { rtprio: 5 },
  gpus: "all",
  seccompProfile: "/etc/seccomp.json",
  apparmorProfile: "openclaw",
  dns: ["192.0.2.1"],
  extraHosts: ["a:192.0.2.1"],
  tmpfs: ["/tmp:noexec"],
  env: { "A=B": "x" },
  aKeyOfTomorrow: true,
  toString: true,
};
for (const [key, value] of Object.entries(REFUSED))
  test(`refused by its name: ${key} = ${JSON.stringify(value)}`, () => {
    const { refusals } = wish({ [key]: value });
    assert.equal(refusals.length, 1);
    assert.match(refusals[0], new RegExp(`^sandbox\\.docker\\.${key}: `));
  });

const ODD = [
  { memory: "1x" },
  { memory: "1g", memorySwap: "512m" },
  { memory: "1g", memorySwap: "x" },
  { user: "1000:7" },
  { user: "0:7" },
  { ulimits: { nofile: -1 } },
  { ulimits: { stack: "1:2" } },
  { ulimits: { nproc: 2 } },
  { ulimits: { toString: 5 } },
  { tmpfs: ["tmp"] },
  { tmpfs: ["/a/../b"] },
  { tmpfs: ["/a*"] },
  { tmpfs: ["/a:size=1m", "/b:size=2m"] },
  { tmpfs: ["/a:size=0"] },
  { env: { OK: "a\0b" } },
  { network: "container:x" },
  { network: "host" },
];
for (const docker of ODD)
  test(`refused: ${JSON.stringify(docker)}`, () => assert.equal(wish(docker).refusals.length, 1));

test("what OpenClaw's own defaults say is left to the profile", () => {
  const found = dockerWish({ tmpfs: ["/tmp", "/var/tmp", "/run"] }, { owner, tmpfsIsDefault: true });
  assert.equal(found.profile.files.tmpfs, undefined);
});

test("all that cannot be honoured is told at once", () =>
  assert.equal(wish({ gpus: "all", network: "bridge", dns: ["192.0.2.1"] }).refusals.length, 3));
