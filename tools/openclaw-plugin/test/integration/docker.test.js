// OpenClaw's own docker backend, with clawbox-docker in place of docker: its modules and tools, in this process.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { openclawDirectory } from "../support/installed.js";
import { inOwnNode, loaded, makeHome, removeAtExit } from "../support/modules.js";

const installed = openclawDirectory(process.argv[2]);
inOwnNode(installed, ["--test-force-exit"]); // OpenClaw's database would keep the process
// OpenClaw puts its environment files in no place that others could rename; /var/tmp is not everywhere sticky.
const directory = fs.realpathSync(fs.mkdtempSync("/tmp/clawbox-openclaw-"));
const inWorkspace = (name) => path.join(directory, "home/workspace", name);
const docker = { network: "none", env: { GREETING: "hello there" } };
let openclaw, tools;

/** As the README says: a `docker` that comes first on the PATH, here with nothing behind it that could stand in. */
function putFirstOnPath() {
  const bin = path.join(directory, "bin");
  fs.mkdirSync(bin);
  fs.symlinkSync(path.resolve(import.meta.dirname, "../../bin/clawbox-docker"), path.join(bin, "docker"));
  process.env.PATH = `${bin}:${path.dirname(process.execPath)}:/usr/bin:/bin`;
  process.env.CLAWBOX_COMMAND = process.env.CLAWBOX_BIN;
}

before(
  async () => {
    makeHome(directory);
    putFirstOnPath();
    fs.mkdirSync(inWorkspace(""), { recursive: true });
    fs.mkdirSync(path.join(directory, "outside"));
    fs.writeFileSync(path.join(directory, "outside/secret"), "s3cret");
    openclaw = await loaded(installed, directory, process.env.CLAWBOX_BIN);
    tools = await openclaw.toolsOf("docker", { docker });
  },
  { timeout: 300_000 },
);

after(async () => {
  await openclaw?.endAll();
  removeAtExit(directory);
});

test("the backend is OpenClaw's own, and what it made is a session of clawbox", async () => {
  const { backend } = tools.context;
  assert.equal(backend.id, "docker");
  const { stdout } = await openclaw.clawbox.run(["ls", "--json"]);
  const sessions = JSON.parse(stdout.toString("utf8"));
  assert.equal(sessions.length, 1);
  assert.equal(sessions[0].state, "running");
});

test("a command runs in the workspace, with the variables of the configuration and its own status", async () => {
  assert.match(await tools.exec({ command: 'echo "$GREETING"; pwd; echo by exec >made.txt' }), /hello there\n\/workspace/);
  assert.equal(fs.readFileSync(inWorkspace("made.txt"), "utf8"), "by exec\n");
  assert.equal(fs.statSync(inWorkspace("made.txt")).uid, process.getuid());
  assert.match(await tools.exec({ command: "exit 7" }), /\b7\b/);
});

test("OpenClaw's own bridge writes, reads and edits through it", async () => {
  await tools.write({ path: "notes/a.txt", content: "one\ntwo\n" });
  await tools.edit({ path: "notes/a.txt", edits: [{ oldText: "two", newText: "2" }] });
  assert.match(await tools.read({ path: "notes/a.txt" }), /one\n2/);
  assert.equal(fs.readFileSync(inWorkspace("notes/a.txt"), "utf8"), "one\n2\n");
});

test("inside there is no network, no host file, and no way out of the workspace by a link", async () => {
  fs.symlinkSync(path.join(directory, "outside/secret"), inWorkspace("link"));
  const tried = `cat ${directory}/outside/secret link; ls /sys/class/net`;
  const said = await tools.exec({ command: tried });
  assert.ok(!said.includes("s3cret"), said);
  assert.doesNotMatch(said, /eth|enp|wlan/);
  await assert.rejects(tools.read({ path: "link" }));
});

test("a later turn finds the same session, with what it left there", async () => {
  const again = await openclaw.contextOf("docker", { docker });
  assert.equal(again.backend.runtimeId, tools.context.backend.runtimeId);
  await tools.exec({ command: "echo kept >/tmp/kept" });
  assert.match(await (await openclaw.toolsOf("docker", { docker })).exec({ command: "cat /tmp/kept" }), /kept/);
});

test("what clawbox cannot be as a docker is refused by its name, and nothing is made", async () => {
  await assert.rejects(
    openclaw.contextOf("docker", { docker: { ...docker, network: "bridge" } }, "agent:other:main"),
    /network/,
  );
  const { stdout } = await openclaw.clawbox.run(["ls", "--json"]);
  assert.equal(JSON.parse(stdout.toString("utf8")).length, 1);
});
