import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { mountTable, otherSources } from "../../src/mounts.js";
import { factoryParams, temporaryDirectory } from "../support/temporary.js";

function table(context, { access, own = "workspace", skills = [], resources, docker } = {}) {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace/data"), { recursive: true });
  fs.mkdirSync(path.join(directory, "private"), { recursive: true });
  const params = {
    ...factoryParams(directory, { workspaceAccess: access, docker }),
    workspaceDir: path.join(directory, own),
    readOnlyResourceMounts: resources,
  };
  const found = mountTable(params, () => skills);
  const shown = [found.workspace, ...found.others].map(
    (mount) => `${path.relative(directory, mount.hostPath)} ${mount.containerPath} ${mount.readOnly ? "ro" : "rw"}`,
  );
  return { shown, refusals: found.refusals, directory };
}

test("none: a private workspace, writable, and no /agent", (context) =>
  assert.deepEqual(table(context, { access: "none", own: "private" }).shown, ["private /workspace rw"]));

test("ro: a private workspace and the agent's, both read-only", (context) =>
  assert.deepEqual(table(context, { access: "ro", own: "private" }).shown, [
    "private /workspace ro",
    "workspace /agent ro",
  ]));

test("rw: the agent's own workspace, and no second one", (context) =>
  assert.deepEqual(table(context, { access: "rw" }).shown, ["workspace /workspace rw"]));

test("skills and attachments are read-only, and beat a bind at their place", (context) => {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace/data"), { recursive: true });
  const skills = [{ hostPath: path.join(directory, "workspace/skills"), containerPath: "/workspace/skills" }];
  const resources = [{ hostPath: "/x", containerPath: "/openclaw/attachments" }];
  const params = {
    ...factoryParams(directory, {
      docker: {
        dangerouslyAllowReservedContainerTargets: true,
        binds: [`${directory}/workspace/data:/workspace/skills`, `${directory}/workspace/data:/data`],
      },
    }),
    readOnlyResourceMounts: resources,
  };
  const { others } = mountTable(params, () => skills);
  const at = (place) => others.find((mount) => mount.containerPath === place);
  assert.deepEqual(at("/workspace/skills"), { ...skills[0], readOnly: true });
  assert.equal(at("/openclaw/attachments").readOnly, true);
  assert.equal(at("/data").readOnly, false);
});

test("a bind at the workdir takes the place of the workspace", (context) => {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace/data"), { recursive: true });
  const params = factoryParams(directory, {
    docker: { dangerouslyAllowReservedContainerTargets: true, binds: [`${directory}/workspace/data:/workspace:ro`] },
  });
  const { workspace } = mountTable(params, () => []);
  assert.equal(workspace.hostPath, path.join(directory, "workspace/data"));
  assert.equal(workspace.readOnly, true);
});

for (const workdir of ["/", "workspace", ".."])
  test(`the workdir ${workdir} is refused`, (context) =>
    assert.equal(table(context, { access: "rw", docker: { workdir } }).refusals.length, 1));

test("paths with characters that mean something in a profile are refused, not read as patterns", (context) => {
  const skills = [
    { hostPath: "/srv/a*", containerPath: "/b" },
    { hostPath: "/srv/a\nb", containerPath: "/c" },
    { hostPath: "/srv/a", containerPath: "/d?" },
  ];
  assert.equal(table(context, { access: "rw", skills }).refusals.length, 3);
});

test("a session that shows another source than the bind's is told, whichever step shows it", () => {
  const bind = (source, target) => ({ step: "bind", source, target });
  const workspace = { hostPath: "/ws", containerPath: "/workspace" };
  const data = { hostPath: "/ws/data", containerPath: "/workspace/data", noLinks: true };
  const others = (...mounts) => otherSources([workspace, data], { mounts });
  assert.deepEqual(others(bind("/elsewhere", "/workspace"), bind("/ws/data", "/workspace/data")), []);
  assert.deepEqual(others(bind("/ws", "/workspace")), []); // left out, since the workspace shows it already
  assert.deepEqual(others(bind("/ws", "/workspace"), { step: "tmpfs", target: "/workspace/data" }), []);
  assert.match(others(bind("/ws", "/workspace"), bind("/root/.ssh", "/workspace/data"))[0], /\.ssh and not \/ws\/data/);
  assert.equal(others(bind("/elsewhere", "/workspace")).length, 1);
  assert.equal(others().length, 1);
  assert.equal(otherSources([data], undefined).length, 1);
});
