// The backend in OpenClaw's own modules, with OpenClaw's own tools, in this process: all that needs no gateway.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { openclawDirectory } from "../support/installed.js";
import { inOwnNode, loaded, makeHome, removeAtExit } from "../support/modules.js";

const installed = openclawDirectory(process.argv[2]);
inOwnNode(installed, ["--test-force-exit"]); // OpenClaw's database would keep the process
const directory = fs.realpathSync(
  fs.mkdtempSync(path.join(process.env.CLAWBOX_TEST_DIR ?? "/var/tmp", "clawbox-openclaw-")),
);
const program = path.join(directory, "clawbox"); // taken away by a test
const workspace = path.join(directory, "home/workspace");
const inWorkspace = (name) => path.join(workspace, name);
let openclaw, tools;

before(
  async () => {
    makeHome(directory);
    fs.copyFileSync(process.env.CLAWBOX_BIN, program);
    fs.mkdirSync(inWorkspace("skills/demo"), { recursive: true });
    fs.mkdirSync(path.join(directory, "outside"));
    fs.writeFileSync(path.join(directory, "outside/secret"), "s3cret");
    fs.writeFileSync(inWorkspace("skills/demo/SKILL.md"), "---\nname: demo\ndescription: d\n---\nhello\n");
    openclaw = await loaded(installed, directory, program);
    tools = await openclaw.toolsOf("clawbox");
  },
  { timeout: 300_000 },
);

after(async () => {
  await openclaw?.endAll();
  removeAtExit(directory);
});

/** Records of file operations, from here on. */
async function recorded(act) {
  const count = async () => {
    const { stdout } = await openclaw.clawbox.run(["log", "--json", "--event", "file"]);
    return stdout.toString("utf8").trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  };
  const before_ = (await count()).length;
  await act();
  return (await count()).slice(before_);
}

test("write, read, edit, apply_patch and ls are OpenClaw's own, and what they leave is on the host", async () => {
  await tools.write({ path: "notes/a.txt", content: "one\ntwo\n" });
  assert.match(await tools.read({ path: "notes/a.txt" }), /one\ntwo/);
  await tools.edit({ path: "notes/a.txt", edits: [{ oldText: "two", newText: "2" }] });
  await tools.apply_patch({ input: "*** Begin Patch\n*** Add File: patched.txt\n+by patch\n*** End Patch\n" });
  await tools.apply_patch({
    input: "*** Begin Patch\n*** Update File: patched.txt\n@@\n-by patch\n+by two\n*** End Patch\n",
  });
  assert.match(await tools.ls({ path: "notes" }), /a\.txt/);
  assert.equal(fs.readFileSync(inWorkspace("notes/a.txt"), "utf8"), "one\n2\n");
  assert.equal(fs.readFileSync(inWorkspace("patched.txt"), "utf8"), "by two\n");
  assert.equal(fs.statSync(inWorkspace("notes/a.txt")).uid, process.getuid());
  assert.match(await tools.exec({ command: "cat notes/a.txt patched.txt" }), /one\n2\nby two/);
  await tools.apply_patch({ input: "*** Begin Patch\n*** Delete File: patched.txt\n*** End Patch\n" });
  assert.ok(!fs.existsSync(inWorkspace("patched.txt")));
});

test("an edit keeps the mode, and no temporary file stays", async () => {
  fs.writeFileSync(inWorkspace("run.sh"), "#!/bin/sh\necho old\n", { mode: 0o755 });
  await tools.edit({ path: "run.sh", edits: [{ oldText: "old", newText: "new" }] });
  assert.equal(fs.statSync(inWorkspace("run.sh")).mode & 0o777, 0o755);
  assert.deepEqual(
    fs.readdirSync(workspace).filter((name) => name.startsWith(".clawbox-")),
    [],
  );
});

test("each operation of the bridge is one record, with OpenClaw's session, and executes nothing", async () => {
  const { fsBridge } = tools.context;
  const records = await recorded(async () => {
    await fsBridge.writeFile({ filePath: "one", data: "x" });
    await fsBridge.readFile({ filePath: "one" });
    await fsBridge.remove({ filePath: "one" });
  });
  assert.deepEqual(
    records.map(({ operation, path: where, outcome }) => [operation, where, outcome]),
    ["write", "read", "rm"].map((operation) => [operation, "/workspace/one", "done"]),
  );
  assert.equal(records[0].labels["openclaw.session"], "agent:main:main");
});

test("the bridge and OpenClaw's own over the same session agree", async () => {
  const shell = (await openclaw.contextOf("clawbox-shell")).fsBridge;
  const own = tools.context.fsBridge;
  assert.notEqual(shell.constructor.name, own.constructor.name);
  fs.symlinkSync("notes", inWorkspace("link"));
  fs.symlinkSync(path.join(directory, "outside"), inWorkspace("escape"));
  fs.symlinkSync("/etc/hostname", inWorkspace("far"));
  fs.writeFileSync(inWorkspace("double"), "x");
  fs.linkSync(inWorkspace("double"), inWorkspace("double2"));
  const outcome = async (bridge, [name, wish]) => {
    try {
      const result = await bridge[name]({ ...wish });
      return Buffer.isBuffer(result) ? result.toString("utf8") : Array.isArray(result) ? result.length : result?.type;
    } catch {
      return "refused";
    }
  };
  for (const wish of [
    ["readFile", { filePath: "notes/a.txt" }],
    ["readFile", { filePath: inWorkspace("notes/a.txt") }],
    ["readFile", { filePath: "/workspace/link/a.txt" }],
    ["readFile", { filePath: "a.txt", cwd: inWorkspace("notes") }],
    ["readFile", { filePath: "none" }],
    ["readFile", { filePath: "notes/a.txt", maxBytes: 2 }],
    ["readFile", { filePath: "escape/secret" }],
    ["readFile", { filePath: "far" }],
    ["readFile", { filePath: "../outside/secret" }],
    ["readFile", { filePath: "/etc/passwd" }],
    ["readFile", { filePath: "/tmp/x" }],
    ["readFile", { filePath: "double" }],
    ["readDirectory", { filePath: "." }],
    ["stat", { filePath: "notes/a.txt" }],
    ["stat", { filePath: "none" }],
    ["stat", { filePath: "escape/secret" }],
    ["writeFile", { filePath: "skills/demo/SKILL.md", data: "x" }],
    ["writeFile", { filePath: "escape/made", data: "x" }],
    ["writeFile", { filePath: "double", data: "x" }],
    ["mkdirp", { filePath: "escape/d" }],
    ["remove", { filePath: "skills", recursive: true }],
  ])
    assert.equal(await outcome(own, wish), await outcome(shell, wish), JSON.stringify(wish));
  for (const name of ["resolvePath"])
    for (const filePath of ["notes/a.txt", "/workspace/x", inWorkspace("y"), ".", "skills/demo"])
      assert.deepEqual(own[name]({ filePath }), shell[name]({ filePath }), filePath);
  assert.deepEqual(fs.readdirSync(path.join(directory, "outside")), ["secret"]);
});

test("escapes through the model's arguments lead nowhere", async () => {
  const said = async (call) => String(await call.catch((error) => error.message));
  for (const file of ["escape/secret", "../outside/secret", path.join(directory, "outside/secret"), "/proc/1/environ"])
    assert.ok(!(await said(tools.read({ path: file }))).includes("s3cret"), file);
  await said(tools.write({ path: "escape/made", content: "x" }));
  await said(tools.apply_patch({ input: "*** Begin Patch\n*** Add File: escape/made\n+x\n*** End Patch\n" }));
  await said(tools.ls({ path: "escape" }));
  assert.deepEqual(fs.readdirSync(path.join(directory, "outside")), ["secret"]);
  const env = { LD_PRELOAD: "/workspace/evil.so", PATH: "/workspace/bin", BASH_ENV: "/workspace/evil" };
  assert.match(await tools.exec({ command: 'echo "$LD_PRELOAD|$PATH"', env }), /evil\.so\|\/workspace\/bin:/);
});

test("ro: files of both workspaces are read, and nothing is written", async () => {
  const reader = await openclaw.contextOf("clawbox", { workspaceAccess: "ro", scope: "session" }, "agent:main:ro");
  const { fsBridge } = reader;
  assert.match((await fsBridge.readFile({ filePath: "/agent/notes/a.txt" })).toString(), /one/);
  for (const wish of [{ filePath: "x" }, { filePath: "/agent/x" }])
    await assert.rejects(fsBridge.writeFile({ ...wish, data: "" }), /read-only/);
  const direct = await reader.backend.runShellCommand({ script: "echo x >/agent/x", allowFailure: true });
  assert.notEqual(direct.code, 0);
});

test("none: the agent's workspace is not there", async () => {
  const wish = { workspaceAccess: "none", scope: "session" };
  const { fsBridge, workspaceDir } = await openclaw.contextOf("clawbox", wish, "agent:main:none");
  assert.notEqual(workspaceDir, workspace);
  await fsBridge.writeFile({ filePath: "private", data: "x" });
  assert.ok(fs.existsSync(path.join(workspaceDir, "private")));
  await assert.rejects(fsBridge.readFile({ filePath: "/agent/notes/a.txt" }), /escapes/);
  // Where the test's own directory is in /var/tmp, that is a tmpfs inside.
  await assert.rejects(fsBridge.readFile({ filePath: inWorkspace("notes/a.txt") }), /escapes|container-only/);
});

test("session scopes do not see each other's files, and the shared one is shared", async () => {
  const scoped = (scope, key) => openclaw.contextOf("clawbox", { scope, workspaceAccess: "none" }, `agent:main:${key}`);
  const [one, two] = [await scoped("session", "s1"), await scoped("session", "s2")];
  assert.notEqual(one.runtimeId, two.runtimeId);
  await one.fsBridge.writeFile({ filePath: "mine", data: "x" });
  assert.equal(await two.fsBridge.stat({ filePath: "mine" }), null);
  assert.equal((await scoped("shared", "s1")).runtimeId, (await scoped("shared", "s2")).runtimeId);
});

test("a giant file passes, and an abort ends its call", async () => {
  const { fsBridge } = tools.context;
  const data = Buffer.alloc(8 << 20, "x");
  await fsBridge.writeFile({ filePath: "giant", data });
  assert.ok((await fsBridge.readFile({ filePath: "giant" })).equals(data));
  await assert.rejects(fsBridge.writeFile({ filePath: "giant", data: "y", signal: AbortSignal.abort() }));
  assert.equal(fs.statSync(inWorkspace("giant")).size, 8 << 20);
});

test("overlay: what is written is seen inside, and the host's files stay until they are applied", async () => {
  const profile = path.join(directory, "overlay.toml"); // where the kernel can hold no cap on the disk, it is watched
  fs.writeFileSync(profile, 'version = 1\nextends = "openclaw"\n[limits]\nenforce = "best-effort"\n', { mode: 0o600 });
  const own = await loaded(installed, directory, program, { overlay: true, profile });
  const { context, ...overlaid } = await own.toolsOf("clawbox", { scope: "session" }, "agent:main:overlaid");
  await overlaid.write({ path: "notes/overlaid.txt", content: "apart\n" });
  assert.match(await overlaid.read({ path: "notes/overlaid.txt" }), /apart/);
  assert.match(await overlaid.exec({ command: "cat notes/overlaid.txt" }), /apart/);
  assert.ok(!fs.existsSync(inWorkspace("notes/overlaid.txt")));
  assert.equal(context.fsBridge.resolvePath({ filePath: "x" }).hostPath, undefined);
  const { stdout } = await own.clawbox.run(["diff", context.runtimeId]);
  assert.match(stdout.toString("utf8"), /notes\/overlaid\.txt/);
});

test("without the program a context is refused, and a bridge that is at hand does nothing on the host", async () => {
  fs.renameSync(program, `${program}.away`);
  try {
    await assert.rejects(openclaw.contextOf("clawbox", { scope: "session" }, "agent:main:new"), /clawbox/);
    await assert.rejects(tools.context.fsBridge.writeFile({ filePath: "was-run", data: "x" }));
    await tools.exec({ command: `touch ${inWorkspace("was-run")}` }).catch(() => {});
    assert.ok(!fs.existsSync(inWorkspace("was-run")));
  } finally {
    fs.renameSync(`${program}.away`, program);
  }
});
