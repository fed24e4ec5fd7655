import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { Clawbox, isOwnFailure, launcherEnvironment, programPath } from "../../src/clawbox.js";
import { State } from "../../src/state.js";
import { temporaryDirectory } from "../support/temporary.js";

const shell = new Clawbox(() => "/bin/sh", { PATH: "/usr/bin:/bin" });

test("of the gateway's environment a launcher gets what it needs, and no secret", () =>
  assert.deepEqual(
    Object.keys(
      launcherEnvironment({ HOME: "/h", XDG_RUNTIME_DIR: "/r", API_KEY: "k", LD_PRELOAD: "x", PATH: "/evil" }),
    ),
    ["PATH", "HOME", "XDG_RUNTIME_DIR"],
  ));

test("the configured program is taken; else the first that can be executed, from an absolute directory", (context) => {
  const directory = temporaryDirectory(context);
  assert.equal(programPath("/opt/x", ""), "/opt/x");
  assert.throws(() => programPath(undefined, `${directory}::relative`), /plugins\.entries\.clawbox\.config\.command/);
  fs.writeFileSync(path.join(directory, "clawbox"), "", { mode: 0o755 });
  assert.equal(programPath(undefined, `relative:/nowhere:${directory}`), path.join(directory, "clawbox"));
});

test("input and output pass byte by byte, with the status", async () => {
  const input = Buffer.from([0, 255, 10, 13, 128]);
  const { code, stdout, stderr } = await shell.run(["-c", "cat; echo problem >&2; exit 7"], { input });
  assert.deepEqual([code, stdout, stderr.toString()], [7, input, "problem\n"]);
});

test("a call that takes too long is ended", async () => {
  await assert.rejects(shell.run(["-c", "exec sleep 1000"], { timeoutMs: 50 }), /longer than 50 ms/);
});

test("a call is ended when it is aborted, and not begun after that", async () => {
  const abort = new AbortController();
  const run = shell.run(["-c", "exec sleep 1000"], { signal: abort.signal });
  abort.abort();
  await assert.rejects(run, { name: "AbortError" });
  await assert.rejects(shell.run(["-c", "true"], { signal: abort.signal }), { name: "AbortError" });
});

test("a program that is not there is named", async () =>
  assert.rejects(new Clawbox(() => "/no/such/clawbox", {}).run(["ls"]), /\/no\/such\/clawbox/));

test("who does not read the input does no harm", async () => {
  assert.equal((await shell.run(["-c", "exit 3"], { input: Buffer.alloc(1 << 20) })).code, 3);
});

test("clawbox's own failure is told by its words from a script's with the same status", () => {
  const result = (code, text) => ({ code, stderr: Buffer.from(text) });
  assert.ok(isOwnFailure(result(72, "clawbox: error: there is no session 'x'\n")));
  assert.ok(!isOwnFailure(result(72, "no such entry\n")));
  assert.ok(!isOwnFailure(result(1, "clawbox: error: said a script\n")));
});

test("a profile is replaced as a whole, and only its owner may read it", (context) => {
  const state = new State(path.join(temporaryDirectory(context), "state"));
  assert.equal(state.profile("a"), null);
  state.writeProfile("a", "one");
  state.writeProfile("a", "two");
  assert.equal(state.profile("a"), "two");
  assert.equal(fs.statSync(state.profilePath("a")).mode & 0o777, 0o600);
  state.forget("a");
  assert.deepEqual(fs.readdirSync(state.directory), []);
});

test("a mount that would show the plugin's own files is refused, through links too", (context) => {
  const directory = temporaryDirectory(context);
  const state = new State(path.join(directory, "openclaw/clawbox"));
  fs.mkdirSync(path.join(directory, "openclaw"));
  fs.symlinkSync("openclaw", path.join(directory, "link"));
  for (const shown of ["openclaw", "openclaw/clawbox", "link", ""])
    assert.throws(() => state.requireHidden([{ hostPath: path.join(directory, shown) }]), /would show/, shown);
  state.requireHidden([{ hostPath: path.join(directory, "openclaw/workspace") }]);
});
