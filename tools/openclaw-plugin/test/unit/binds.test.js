import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { checkedBinds } from "../../src/binds.js";
import { temporaryDirectory } from "../support/temporary.js";

function places(context) {
  const directory = temporaryDirectory(context);
  for (const name of ["workspace/data", "outside", "home/.ssh"])
    fs.mkdirSync(path.join(directory, name), { recursive: true });
  const at = (name) => path.join(directory, name);
  const check = (bind, docker = {}) =>
    checkedBinds({ binds: [bind], ...docker }, { roots: [at("workspace")], environment: { HOME: at("home") } });
  return { at, check };
}

test("a source in the workspace is mounted, read-only where the bind says so", (context) => {
  const { at, check } = places(context);
  const { mounts, refusals } = check(`${at("workspace/data")}/:/data/:ro,z`);
  assert.deepEqual(refusals, []);
  assert.deepEqual(mounts, [
    { hostPath: at("workspace/data"), containerPath: "/data", readOnly: true, noLinks: true },
  ]);
});

test("a source outside of the workspaces needs the dangerous key", (context) => {
  const { at, check } = places(context);
  const bind = `${at("outside")}:/data`;
  assert.match(check(bind).refusals[0], /outside of the workspaces/);
  assert.deepEqual(check(bind, { dangerouslyAllowExternalBindSources: true }).refusals, []);
});

test("a link in the workspace to the outside does not get around that", (context) => {
  const { at, check } = places(context);
  fs.symlinkSync(at("outside"), at("workspace/link"));
  assert.match(check(`${at("workspace/link")}:/data`).refusals[0], /outside of the workspaces/);
  assert.match(check(`${at("workspace/link")}/not/yet:/data`).refusals[0], /outside of the workspaces/);
});

test("a link that leads nowhere yet is judged by where it leads", (context) => {
  const { at, check } = places(context);
  fs.symlinkSync(at("later"), at("workspace/dangling"));
  assert.match(check(`${at("workspace/dangling")}:/data`).refusals[0], /outside of the workspaces/);
});

test("what the link leads to is mounted, and not the link", (context) => {
  const { at, check } = places(context);
  fs.symlinkSync("data", at("workspace/link"));
  assert.equal(check(`${at("workspace/link")}:/data`).mounts[0].hostPath, at("workspace/data"));
});

test("what was judged is mounted, although the agent exchanges the link meanwhile", (context) => {
  const { at, check } = places(context);
  fs.symlinkSync(at("workspace/data"), at("workspace/link"));
  const { readlinkSync } = fs;
  context.mock.method(fs, "readlinkSync", (target) => {
    const text = readlinkSync(target);
    if (target !== at("workspace/link")) return text;
    fs.unlinkSync(target);
    fs.symlinkSync(at("outside"), target);
    return text;
  });
  const { mounts, refusals } = check(`${at("workspace/link")}:/data`);
  assert.deepEqual(refusals, []);
  assert.equal(mounts[0].hostPath, at("workspace/data"));
  assert.equal(mounts[0].noLinks, true);
});

test("system directories and credentials are never shown, nor what is around them", (context) => {
  const { at, check } = places(context);
  const external = { dangerouslyAllowExternalBindSources: true };
  for (const source of [
    "/",
    "/etc",
    "/etc/ssh",
    "/proc/self",
    "/var/run/docker.sock",
    "/var",
    "/run/user",
    at("home"),
    at("home/.ssh"),
    at("home/.aws/x"),
  ])
    assert.equal(check(`${source}:/data`, external).refusals.length, 1, source);
});

test("OpenClaw's own places need the other dangerous key", (context) => {
  const { at, check } = places(context);
  for (const target of ["/workspace", "/workspace/x", "/agent", "/other/../agent"]) {
    assert.match(check(`${at("workspace/data")}:${target}`).refusals[0], /has its target in/, target);
    assert.deepEqual(
      check(`${at("workspace/data")}:${target}`, { dangerouslyAllowReservedContainerTargets: true }).refusals,
      [],
    );
  }
});

for (const bind of ["data", "data:/data", "/data", "/a:b", ":/a", "/a:", "volume:/data:ro"])
  test(`${JSON.stringify(bind)} is no bind`, (context) => assert.equal(places(context).check(bind).refusals.length, 1));

for (const option of ["shared", "rslave", "nocopy", "volume-opt=x", "RO"])
  test(`the option ${option} is refused rather than ignored`, (context) => {
    const { at, check } = places(context);
    assert.match(check(`${at("workspace/data")}:/data:${option}`).refusals[0], /not available/);
  });
