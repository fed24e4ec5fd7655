import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { Commands, extraPath, insideVariables } from "../../src/exec.js";
import { State } from "../../src/state.js";
import { temporaryDirectory } from "../support/temporary.js";

const gateway = { path: "/usr/bin:/bin", stateDir: "/home/a/.openclaw" };
const PATHS = [
  [undefined, ""],
  ["/usr/bin:/bin", ""],
  ["/opt/tool/bin:/usr/bin:/bin", "/opt/tool/bin"],
  ["/opt/only", "/opt/only"],
  ["/home/a/.openclaw/tmp/agent-cli:/usr/bin:/bin", ""],
  ["/x:/home/a/.openclaw/b:/y:/usr/bin:/bin", "/x:/y"],
  ["::/usr/bin:/bin", ""],
];
for (const [requested, extra] of PATHS)
  test(`of PATH ${requested} the sandbox gets "${extra}"`, () => assert.equal(extraPath(requested, gateway), extra));

test("the gateway's PATH never becomes a variable inside", () => {
  assert.deepEqual(insideVariables({ PATH: "/usr/bin:/bin", A: "1" }, gateway), { A: "1" });
  assert.deepEqual(insideVariables({ PATH: "/t:/usr/bin:/bin", A: "1" }, gateway), {
    A: "1",
    OPENCLAW_PREPEND_PATH: "/t",
  });
});

function commands(context, { softOpenFiles = null } = {}) {
  const state = new State(path.join(temporaryDirectory(context), "state"));
  const sandbox = { session: async () => "id-1", living: () => "id-1", wish: { workdir: "/workspace", softOpenFiles } };
  const clawbox = {
    program: () => "/opt/clawbox",
    environment: { PATH: "/bin" },
    runs: [],
    run: async (args) => (clawbox.runs.push(args), { code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }),
  };
  return {
    clawbox,
    state,
    own: new Commands(sandbox, { clawbox, state, gateway, labels: () => ({ "openclaw.session": "s" }) }),
  };
}
const hostile = { LD_PRELOAD: "/workspace/evil.so", "A B": "x y", NEWLINE: "a\nb=c", EMPTY: "" };

test("variables go by a private file, not by the command line or the launcher's environment", async (context) => {
  const { own } = commands(context);
  const spec = await own.spec({ command: "true", env: { ...hostile, SECRET: "s3cret" }, usePty: false });
  assert.deepEqual(spec.env, { PATH: "/bin" });
  assert.ok(!spec.argv.join(" ").includes("s3cret") && !spec.argv.join(" ").includes("evil"));
  const { file, id } = spec.finalizeToken;
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.equal(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
  const found = fs.readFileSync(file, "utf8").split("\0");
  for (const line of [
    "LD_PRELOAD=/workspace/evil.so",
    "A B=x y",
    "NEWLINE=a\nb=c",
    "EMPTY=",
    "SECRET=s3cret",
    `CLAWBOX_EXEC_ID=${id}`,
  ])
    assert.ok(found.includes(line), line);
});

for (const env of [{ "": "x" }, { "A=B": "x" }, { "A\0B": "x" }, { A: "x\0y" }])
  test(`variables that cannot be passed are refused: ${JSON.stringify(env)}`, async (context) => {
    const { own, state } = commands(context);
    await assert.rejects(own.spec({ command: "true", env, usePty: false }), /environment variable/);
    assert.ok(!fs.existsSync(state.directory) || fs.readdirSync(state.directory).length === 0);
  });

test("standard input is closed but for a terminal, as with Docker", async (context) => {
  const { own } = commands(context);
  const plain = await own.spec({ command: "true", env: {}, usePty: false });
  const terminal = await own.spec({ command: "true", env: {}, usePty: true });
  assert.deepEqual([plain.stdinMode, terminal.stdinMode], ["pipe-closed", "pipe-open"]);
  assert.ok(
    !plain.argv.includes("--interactive") && terminal.argv.includes("--interactive") && terminal.argv.includes("--tty"),
  );
});

test("a command that looks like options stays a command", async (context) => {
  const { own } = commands(context);
  const { argv } = await own.spec({ command: "--help; rm -rf /", workdir: "-d", env: {}, usePty: false });
  assert.deepEqual(argv.slice(argv.indexOf("--")), ["--", "/bin/sh", "-lc", "--help; rm -rf /"]);
  assert.ok(argv.includes("--workdir=-d"));
});

test("a soft limit of open files is set by the shell", async (context) => {
  const { own } = commands(context, { softOpenFiles: 99 });
  assert.equal((await own.spec({ command: "true", env: {}, usePty: false })).argv.at(-1), "ulimit -S -n 99; true");
});

test("the file of a command that was never started is removed, and nothing is searched for", async (context) => {
  const { own, clawbox } = commands(context);
  const { finalizeToken: token } = await own.spec({ command: "true", env: {}, usePty: false });
  await own.finalize({ exitCode: null, timedOut: false, token });
  assert.ok(!fs.existsSync(token.file));
  assert.deepEqual(clawbox.runs, []);
});

test("what a command that was ended from outside left behind is killed, by its mark", async (context) => {
  const { own, clawbox } = commands(context);
  const { finalizeToken: token } = await own.spec({ command: "true", env: {}, usePty: false });
  fs.unlinkSync(token.file); // as the launcher does
  await own.finalize({ exitCode: 0, timedOut: false, token });
  assert.deepEqual(clawbox.runs, []);
  for (const end of [
    { exitCode: null, timedOut: true },
    { exitCode: 143, timedOut: false },
  ]) {
    await own.finalize({ ...end, token });
    assert.deepEqual(clawbox.runs.pop().slice(-2), [`CLAWBOX_EXEC_ID=${token.id}`, "KILL"]);
  }
});

test("a mark that was handed out is used once; one that a model made up never", async (context) => {
  const { own } = commands(context);
  const { env } = own.cleanup({});
  assert.equal((await own.spec({ command: "true", env, usePty: false })).finalizeToken.id, env.CLAWBOX_EXEC_ID);
  assert.notEqual((await own.spec({ command: "true", env, usePty: false })).finalizeToken.id, env.CLAWBOX_EXEC_ID);
});
