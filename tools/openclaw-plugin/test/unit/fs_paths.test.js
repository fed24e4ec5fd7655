import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { FsPaths, tmpfsPlaces } from "../../src/fs_paths.js";
import { temporaryDirectory } from "../support/temporary.js";

const mounts = [
  { hostPath: "/home/me/ws", containerPath: "/workspace", readOnly: false },
  { hostPath: "/home/me/ws/skills", containerPath: "/workspace/skills", readOnly: true },
  { hostPath: "/srv/data", containerPath: "/data", readOnly: true },
];
const paths = (more = {}) => new FsPaths({ mounts, workdir: "/workspace", tmpfs: ["/tmp", "/workspace/cache"], ...more });

test("a path of inside, of the host, and a relative one mean the same file", () => {
  for (const spelling of ["/workspace/a/b", "/home/me/ws/a/b", "a/b", "./a/../a/b", "/workspace//a/b/"])
    assert.deepEqual({ ...paths().resolve(spelling), mount: undefined }, {
      containerPath: "/workspace/a/b",
      relativePath: "a/b",
      hostPath: "/home/me/ws/a/b",
      mount: undefined,
    });
});

test("a relative path begins where it is said to, inside or on the host", () => {
  assert.equal(paths().resolve("b", "/home/me/ws/a").containerPath, "/workspace/a/b");
  assert.equal(paths().resolve("b", "/workspace/a").containerPath, "/workspace/a/b");
  assert.equal(paths().resolve("../data/x", "/workspace").containerPath, "/data/x");
});

test("the innermost mount decides, and what is shown outside of the workspace is absolute", () => {
  assert.equal(paths().resolve("skills/x").mount, mounts[1]);
  assert.deepEqual(paths().resolve("/data/x").relativePath, "/data/x");
  assert.equal(paths().resolve("/srv/data/x").containerPath, "/data/x");
});

test("what lies in no mount is refused, however it is spelled", () => {
  for (const spelling of ["/etc/passwd", "../x", "/workspace/../etc/passwd", "/workspacex/a", "/home/me/other", "a/../../x"])
    assert.throws(() => paths().resolve(spelling), /Path escapes sandbox root .*Use a path under \/workspace\/ instead/);
  assert.throws(() => paths().resolve("a\0b"), /NUL/);
});

test("a tmpfs has no part of the host, also inside of a mount", () => {
  for (const spelling of ["/tmp/x", "/workspace/cache/x", "cache"])
    assert.throws(() => paths().resolve(spelling), /container-only/);
  assert.equal(paths().resolve("/workspace/cached").containerPath, "/workspace/cached");
  assert.deepEqual(tmpfsPlaces(["/tmp", "/run:size=1m,noexec"]), ["/tmp", "/run"]);
});

test("a workspace of the host that lies in /tmp is meant, and not the tmpfs of that name", () => {
  const inTmp = new FsPaths({
    mounts: [{ hostPath: "/tmp/ws", containerPath: "/workspace", readOnly: false }],
    workdir: "/workspace",
    tmpfs: ["/tmp"],
  });
  assert.equal(inTmp.resolve("/tmp/ws/a").containerPath, "/workspace/a");
  assert.equal(inTmp.resolve("a").containerPath, "/workspace/a");
  assert.throws(() => inTmp.resolve("/tmp/other"), /container-only/);
});

test("what removing a directory would take along", () => {
  const below = paths().below("/workspace");
  assert.deepEqual(below.readOnly, [mounts[1]]);
  assert.deepEqual(below.tmpfs, ["/workspace/cache"]);
  assert.deepEqual(paths().below("/workspace/a"), { readOnly: [], tmpfs: [] });
});

test("a workspace that is a link on the host is known by both names", (context) => {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "real"));
  fs.symlinkSync("real", path.join(directory, "link"));
  const linked = new FsPaths({
    mounts: [{ hostPath: path.join(directory, "link"), containerPath: "/workspace", readOnly: false }],
    workdir: "/workspace",
    tmpfs: [],
  });
  assert.equal(linked.resolve(path.join(directory, "real/a")).containerPath, "/workspace/a");
  assert.equal(linked.resolve(path.join(directory, "link/a")).containerPath, "/workspace/a");
});

test("where the host does not see what is inside, it is given no path", () => {
  assert.equal("hostPath" in paths({ hostRoots: false }).resolve("a"), false);
  assert.equal(paths({ hostRoots: false }).mappings[0].hostRoot, "/home/me/ws");
});

test("links that an agent made in a circle, or that grow, hold nobody up", (context) => {
  const directory = temporaryDirectory(context);
  const link = (text, name) => fs.symlinkSync(text, path.join(directory, name));
  link("none/../through", "through"); // each look begins anew, and no step of it fails with ELOOP
  link("one/x", "two");
  link("two/x", "one");
  link("a/".repeat(2000), "long");
  const here = new FsPaths({
    mounts: [{ hostPath: directory, containerPath: "/workspace", readOnly: false }],
    workdir: "/workspace",
    tmpfs: [],
  });
  const around = path.join("/proc/self/root", directory);
  for (const name of ["through", "one", "long"])
    assert.throws(() => here.resolve(`${around}/${name}/x`), { code: "ELOOP" }, name);
  assert.throws(() => here.resolve(`${around}/${"e/".repeat(3000)}`), /at most 4096/);
  assert.equal(here.resolve(`${around}/none/x`).containerPath, "/workspace/none/x");
});
