import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { makePlaces, removePlaces } from "../../src/places.js";
import { temporaryDirectory } from "../support/temporary.js";

function mounts(context) {
  const directory = temporaryDirectory(context);
  for (const name of ["workspace", "skills"]) fs.mkdirSync(path.join(directory, name));
  fs.writeFileSync(path.join(directory, "file"), "x");
  const at = (name) => path.join(directory, name);
  const workspace = { hostPath: at("workspace"), containerPath: "/workspace" };
  return { at, workspace, skills: { hostPath: at("skills"), containerPath: "/workspace/.openclaw/skills" } };
}

test("what a mount needs inside the workspace is made, and only that is removed", (context) => {
  const { at, workspace, skills } = mounts(context);
  const file = { hostPath: at("file"), containerPath: "/workspace/settings" };
  const made = makePlaces([skills, workspace, file]);
  assert.ok(fs.statSync(at("workspace/.openclaw/skills")).isDirectory());
  assert.ok(fs.statSync(at("workspace/settings")).isFile());
  removePlaces(made);
  assert.deepEqual(fs.readdirSync(at("workspace")), []);
});

test("what was there before stays, and what has become somebody's too", (context) => {
  const { at, workspace, skills } = mounts(context);
  fs.mkdirSync(at("workspace/.openclaw"));
  const made = makePlaces([workspace, skills]);
  assert.equal(made.length, 1);
  fs.writeFileSync(at("workspace/.openclaw/skills/mine"), "x");
  removePlaces(made);
  assert.ok(fs.existsSync(at("workspace/.openclaw/skills/mine")));
});

test("a mount that nothing is around needs no place", (context) => {
  const { at, workspace } = mounts(context);
  assert.deepEqual(makePlaces([workspace, { hostPath: at("skills"), containerPath: "/agent" }]), []);
});

test("a link that the agent put on the way is not followed", (context) => {
  const { at, workspace, skills } = mounts(context);
  fs.symlinkSync(at("skills"), at("workspace/.openclaw"));
  assert.throws(() => makePlaces([workspace, skills]), { code: /ENOTDIR|ELOOP/ });
  assert.deepEqual(fs.readdirSync(at("skills")), []);
});

test("nor is one that stands there when the places are removed", (context) => {
  const { at, workspace, skills } = mounts(context);
  const made = makePlaces([workspace, skills]);
  fs.renameSync(at("workspace/.openclaw"), at("moved"));
  fs.symlinkSync(at("moved"), at("workspace/.openclaw"));
  removePlaces(made);
  assert.ok(fs.existsSync(at("moved/skills")));
});

/** As root makes places, whoever runs this test; what is given away is told by where its descriptor leads. */
function asRoot(context) {
  const given = [];
  const { fstatSync } = fs;
  const own = process.getuid();
  context.mock.method(process, "getuid", () => 0);
  context.mock.method(fs, "lchownSync", () => assert.fail("a name may mean something else by now"));
  context.mock.method(fs, "fchownSync", (made, uid, gid) => {
    given.push([fs.readlinkSync(`/proc/self/fd/${made}`), uid, gid]);
  });
  // Of whoever runs this, and of root where that made it.
  context.mock.method(fs, "fstatSync", (opened) => {
    const facts = fstatSync(opened);
    const isWorkspace = fs.readlinkSync(`/proc/self/fd/${opened}`).endsWith("/workspace");
    if (facts.uid === own) facts.uid = isWorkspace ? 4242 : 0;
    return facts;
  });
  return given;
}

test("what root makes is given to the owner of what is around it, by descriptor", (context) => {
  const { at, workspace, skills } = mounts(context);
  const file = { hostPath: at("file"), containerPath: "/workspace/settings" };
  const given = asRoot(context);
  makePlaces([{ ...skills, containerPath: "/workspace/skills" }, workspace, file]);
  const { gid } = fs.statSync(at("workspace"));
  assert.deepEqual(given, [
    [at("workspace/skills"), 4242, gid],
    [at("workspace/settings"), 4242, gid],
  ]);
});

for (const [what, exchange] of [
  ["a directory with something in it", (place, other) => (fs.rmdirSync(place), fs.renameSync(other, place))],
  ["a link", (place, other) => (fs.rmdirSync(place), fs.symlinkSync(other, place))],
])
  test(`${what}, which somebody put in the place of a new one, is not given away`, (context) => {
    const { at, workspace, skills } = mounts(context);
    fs.mkdirSync(at("other/of-root"), { recursive: true });
    const given = asRoot(context);
    const { mkdirSync } = fs;
    context.mock.method(fs, "mkdirSync", (target, mode) => {
      mkdirSync(target, mode);
      exchange(target, at("other"));
    });
    assert.throws(() => makePlaces([{ ...skills, containerPath: "/workspace/skills" }, workspace]));
    assert.deepEqual(given, []);
  });
