import assert from "node:assert/strict";
import test from "node:test";
import { FsBridge } from "../../src/fs_bridge.js";

const wish = {
  mounts: [
    { hostPath: "/ws", containerPath: "/workspace", readOnly: false },
    { hostPath: "/ws/skills", containerPath: "/workspace/skills", readOnly: true },
    { hostPath: "/data", containerPath: "/data", readOnly: true },
  ],
  workdir: "/workspace",
  tmpfs: ["/tmp"],
  overlay: false,
};

/** Stands for the program: remembers the calls, and answers the same to each. */
function bridgeWith(answer = {}, more = {}) {
  const calls = [];
  const clawbox = {
    run: async (args, options) => {
      calls.push({ args, ...options });
      return { code: 0, stdout: Buffer.from(answer.out ?? ""), stderr: Buffer.from(answer.err ?? ""), ...answer };
    },
  };
  const sandbox = { wish: { ...wish, ...more.wish }, session: async () => "id-1" };
  const labels = () => ({ "openclaw.session": "agent:main:main" });
  return { calls, bridge: new FsBridge(sandbox, { clawbox, labels, ...more }) };
}
const failed = (errno) => ({ code: 1, err: `${JSON.stringify({ errno, error: `fs: ${errno}` })}\n` });

test("each operation is one call, beneath the mount that its path lies in", async () => {
  const { calls, bridge } = bridgeWith({ out: "[]" });
  const start = ["fs", "--json", "--beneath=/workspace"];
  const labels = ["--label", "openclaw.session=agent:main:main", "id-1"];
  await bridge.readFile({ filePath: "a", maxBytes: 5 });
  await bridge.writeFile({ filePath: "a", data: "text" });
  await bridge.mkdirp({ filePath: "d" });
  await bridge.remove({ filePath: "d", recursive: true, force: true });
  await bridge.rename({ from: "a", to: "b" });
  await bridge.readDirectory({ filePath: "." });
  assert.deepEqual(
    calls.map(({ args }) => args),
    [
      [...start, "--one-name", "--limit", "5B", ...labels, "read", "/workspace/a"],
      [...start, "--one-name", "--parents", ...labels, "write", "/workspace/a"],
      [...start, "--parents", ...labels, "mkdir", "/workspace/d"],
      [...start, "--recursive", "--force", ...labels, "rm", "/workspace/d"],
      [...start, "--parents", ...labels, "rename", "/workspace/a", "/workspace/b"],
      [...start, ...labels, "ls", "/workspace"],
    ],
  );
  assert.equal(calls[1].input.toString(), "text");
});

test("bytes are bytes, and text is in its encoding", async () => {
  const { calls, bridge } = bridgeWith();
  await bridge.writeFile({ filePath: "a", data: Buffer.from([0, 255]), mkdir: false });
  await bridge.writeFile({ filePath: "a", data: "ff00", encoding: "hex" });
  assert.deepEqual([...calls[0].input], [0, 255]);
  assert.deepEqual([...calls[1].input], [255, 0]);
  assert.ok(!calls[0].args.includes("--parents"));
});

test("nothing is asked for where a mount, or the configuration, gives no right to write", async () => {
  for (const { calls, bridge, filePath } of [
    { ...bridgeWith(), filePath: "skills/x" },
    { ...bridgeWith(), filePath: "/data/x" },
    { ...bridgeWith({}, { readOnly: true }), filePath: "x" },
  ]) {
    await assert.rejects(bridge.writeFile({ filePath, data: "" }), /read-only; cannot write files/);
    await assert.rejects(bridge.createFileExclusive({ filePath, data: "" }), /read-only; cannot create files/);
    await assert.rejects(bridge.mkdirp({ filePath }), /read-only/);
    await assert.rejects(bridge.remove({ filePath }), /read-only/);
    await assert.rejects(bridge.rename({ from: filePath, to: "y" }), /read-only/);
    assert.equal(calls.length, 0);
  }
});

test("a directory with a read-only mount, or a tmpfs, in it is neither removed nor moved", async () => {
  const { calls, bridge } = bridgeWith({}, { wish: { tmpfs: ["/workspace/c/t"] } });
  await assert.rejects(bridge.remove({ filePath: ".", recursive: true }), /container-only|read-only/);
  await assert.rejects(bridge.remove({ filePath: "c", recursive: true }), /container-only/);
  await assert.rejects(bridge.rename({ from: "c", to: "d" }), /container-only/);
  assert.equal(calls.length, 0);
});

test("what is not there has no stat; what is has its type", async () => {
  for (const errno of ["ENOENT", "ENOTDIR"])
    assert.equal(await bridgeWith(failed(errno)).bridge.stat({ filePath: "a" }), null);
  const out = JSON.stringify({ type: "link", size: 3, modified_ms: 5 });
  assert.deepEqual(await bridgeWith({ out }).bridge.stat({ filePath: "a" }), { type: "other", size: 3, mtimeMs: 5 });
});

test("a listing tells directories, and names that are no plain text", async () => {
  const out = JSON.stringify([
    { name: "d", type: "directory" },
    { name: { escaped: "a\\x0a" }, type: "file" },
  ]);
  assert.deepEqual(await bridgeWith({ out }).bridge.readDirectory({ filePath: "." }), [
    { name: "d", isDirectory: true },
    { name: "a\\x0a", isDirectory: false },
  ]);
});

test("an exclusive creation says that there is something, and other failures are failures", async () => {
  assert.equal(await bridgeWith().bridge.createFileExclusive({ filePath: "a", data: "" }), "created");
  assert.equal(await bridgeWith(failed("EEXIST")).bridge.createFileExclusive({ filePath: "a", data: "" }), "exists");
  await assert.rejects(bridgeWith(failed("EACCES")).bridge.createFileExclusive({ filePath: "a", data: "" }), {
    code: "EACCES",
  });
});

test("failures have their errno; an escape is called by its name; a file that is too large is a RangeError", async () => {
  await assert.rejects(bridgeWith(failed("ENOENT")).bridge.readFile({ filePath: "a" }), { code: "ENOENT" });
  await assert.rejects(bridgeWith(failed("EXDEV")).bridge.readFile({ filePath: "a" }), /boundary checks failed/);
  await assert.rejects(bridgeWith(failed("EFBIG")).bridge.readFile({ filePath: "a", maxBytes: 1 }), RangeError);
  await assert.rejects(bridgeWith().bridge.readFile({ filePath: "a", maxBytes: -1 }), RangeError);
});

test("what clawbox itself could not do is told in its words", async () => {
  const { bridge } = bridgeWith({ code: 75, err: "clawbox: error: the session is frozen\n" });
  await assert.rejects(bridge.readFile({ filePath: "a" }), /clawbox fs: the session is frozen/);
});

test("pins, which this bridge does not offer, are refused", async () => {
  await assert.rejects(bridgeWith().bridge.writeFile({ filePath: "a", data: "", pinnedPath: "/workspace/a" }), /pinned/);
});

test("in an overlay the host is given no paths", () => {
  const { bridge } = bridgeWith({}, { wish: { overlay: true } });
  assert.deepEqual(bridge.resolvePath({ filePath: "a" }), { relativePath: "a", containerPath: "/workspace/a" });
  assert.equal(bridge.pathMappings[0].containerRoot, "/workspace");
});

test("the place of a mount is there, so making it costs no call", async () => {
  const { calls, bridge } = bridgeWith();
  await bridge.mkdirp({ filePath: "/workspace" });
  await bridge.mkdirp({ filePath: "." });
  assert.equal(calls.length, 0);
});
