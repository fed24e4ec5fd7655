import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { Sandbox, removeSandbox } from "../../src/sandbox.js";
import { State } from "../../src/state.js";
import { temporaryDirectory } from "../support/temporary.js";

const buffer = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

/** Stands for the program: sessions in memory, whose supervisor is this test itself. */
class FakeClawbox {
  known = [];
  calls = [];
  setupStatus = 0;
  plan = { mounts: [] };
  #made = 0;

  async sessions() {
    this.calls.push("ls");
    return [...this.known].reverse();
  }

  async run(args) {
    this.calls.push(args[0]);
    const labels = Object.fromEntries(
      args.flatMap((word, index) => (args[index - 1] === "--label" ? [word.split(/=(.*)/).slice(0, 2)] : [])),
    );
    const session = {
      id: `id-${++this.#made}`,
      state: "running",
      labels,
      idle_ms: 0,
      commands: [],
      supervisor: process.pid,
      plan: this.plan,
    };
    this.known.push(session);
    return { code: 0, stdout: buffer({ id: session.id, created: true }), stderr: buffer("") };
  }

  async call(args) {
    this.calls.push(args[0]);
    if (args[0] === "exec" && this.setupStatus !== 0) throw new Error(`status ${this.setupStatus}`);
    return { code: 0, stdout: buffer(this.known.find((session) => session.id === args[1]) ?? {}), stderr: buffer("") };
  }

  async remove(id) {
    this.calls.push(`rm ${id}`);
    this.known = this.known.filter((session) => session.id !== id);
  }
}

function world(context) {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "workspace"));
  const clawbox = new FakeClawbox();
  const warnings = [];
  const state = new State(path.join(directory, "state"));
  const tools = { clawbox, state, logger: { warn: (text) => warnings.push(text) }, setupTimeoutMs: 1000 };
  const sandbox = (change = {}, more = {}) =>
    new Sandbox(
      "rid",
      {
        text: "version = 1\n",
        hash: "h1",
        mountsHash: "m1",
        workdir: "/workspace",
        setupCommand: null,
        mounts: [{ hostPath: path.join(directory, "workspace"), containerPath: "/workspace" }],
        ...change,
      },
      {
        workspaceDir: path.join(directory, "workspace"),
        environment: {},
        labels: {},
        scopeHint: "--all",
        requireCurrentConfig: false,
        tools,
        ...more,
      },
    );
  return { clawbox, state, tools, warnings, sandbox };
}

test("the first turn makes a session, and the next ones ask nobody", async (context) => {
  const { clawbox, sandbox } = world(context);
  const one = sandbox();
  await one.prepare();
  const asked = clawbox.calls.length;
  await one.prepare();
  assert.equal(await one.session(), "id-1");
  assert.equal(clawbox.calls.length, asked);
  assert.equal(clawbox.calls.filter((verb) => verb === "create").length, 1);
});

test("of many callers at once one makes the session", async (context) => {
  const { clawbox, sandbox } = world(context);
  const one = sandbox();
  assert.deepEqual(new Set(await Promise.all([one.session(), one.session(), one.session()])), new Set(["id-1"]));
  assert.equal(clawbox.known.length, 1);
});

test("a gateway that starts again finds the session of before", async (context) => {
  const { clawbox, sandbox } = world(context);
  await sandbox().session();
  assert.equal(await sandbox().session(), "id-1");
  assert.equal(clawbox.known.length, 1);
});

test("a session that has failed is removed and made anew", async (context) => {
  const { clawbox, sandbox } = world(context);
  await sandbox().session();
  clawbox.known[0].state = "failed";
  assert.equal(await sandbox().session(), "id-2");
  assert.ok(clawbox.calls.includes("rm id-1"));
});

test("another configuration: what is in use stays, with a warning, until the next turn", async (context) => {
  const { clawbox, sandbox, warnings } = world(context);
  await sandbox().session();
  const changed = sandbox({ hash: "h2" });
  await changed.prepare();
  assert.equal(await changed.session(), "id-1");
  assert.match(warnings[0], /openclaw sandbox recreate --all/);
  clawbox.known[0].idle_ms = 10 * 60_000;
  assert.equal(await changed.session(), "id-1"); // not in the middle of a turn
  await changed.prepare();
  assert.equal(await changed.session(), "id-2");
});

test("other mounts, or a caller who needs the current configuration: in use is an error", async (context) => {
  const { sandbox } = world(context);
  await sandbox().session();
  await assert.rejects(sandbox({ hash: "h2", mountsHash: "m2" }).session(), /mounts .* have changed/);
  await assert.rejects(
    sandbox({ hash: "h2" }, { requireCurrentConfig: true }).session(),
    /configuration .* has changed/,
  );
});

test("a set-up runs once for each session, and one that fails leaves none", async (context) => {
  const { clawbox, sandbox, state } = world(context);
  const setup = { setupCommand: "install things" };
  clawbox.setupStatus = 3;
  await assert.rejects(sandbox(setup).session(), /setupCommand failed/);
  assert.deepEqual(clawbox.known, []);
  const left = fs.readdirSync(state.directory).filter((name) => name.endsWith(".env"));
  assert.deepEqual(left, [], "variables that nobody took");
  clawbox.setupStatus = 0;
  await sandbox(setup).session();
  await sandbox(setup).session();
  assert.equal(clawbox.calls.filter((verb) => verb === "exec").length, 2);
});

test("a set-up that another process never finishes is not waited for without end", async (context) => {
  const { clawbox, sandbox, state, tools } = world(context);
  tools.setupTimeoutMs = 1;
  await sandbox().session();
  state.writeNote("rid", {});
  await assert.rejects(sandbox({ setupCommand: "x" }).session(), /never finished/);
  assert.deepEqual(clawbox.known, []);
});

test("removing takes sessions, profile and notes, and is content with nothing", async (context) => {
  const { clawbox, sandbox, state, tools } = world(context);
  await sandbox().session();
  await removeSandbox("rid", tools);
  await removeSandbox("rid", tools);
  assert.deepEqual(clawbox.known, []);
  assert.deepEqual(fs.readdirSync(state.directory), []);
});

test("a session that mounted another place than a bind's is destroyed before anything runs in it", async (context) => {
  const { clawbox, sandbox } = world(context);
  const mounts = [
    { hostPath: "/ws", containerPath: "/workspace" },
    { hostPath: "/ws/data", containerPath: "/data", noLinks: true },
  ];
  const showing = (source) => ({ mounts: [{ step: "bind", source, target: "/data" }] });
  clawbox.plan = showing("/root/.ssh");
  const wrong = sandbox({ mounts, setupCommand: "install things" });
  await assert.rejects(wrong.session(), /did not mount what .* allows: \/data is \/root\/\.ssh and not \/ws\/data/);
  assert.deepEqual(clawbox.known, []);
  assert.ok(!clawbox.calls.includes("exec"));
  clawbox.plan = showing("/ws/data");
  assert.equal(await sandbox({ mounts }).session(), "id-2");
});
