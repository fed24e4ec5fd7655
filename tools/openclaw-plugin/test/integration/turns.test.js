// The plugin in the real OpenClaw: a gateway on loopback, agents' turns, and what they leave behind.
import assert from "node:assert/strict";
import dns from "node:dns/promises";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { OpenClaw } from "../support/gateway.js";
import { openclawDirectory } from "../support/installed.js";

const installed = openclawDirectory(process.argv[2]);
const directory = fs.realpathSync(
  fs.mkdtempSync(path.join(process.env.CLAWBOX_TEST_DIR ?? "/var/tmp", "clawbox-openclaw-")),
);
const program = path.join(directory, "clawbox"); // taken away by a test
const openclaw = new OpenClaw(directory, program, installed);
const workspaceOf = (agent) => path.join(openclaw.home, agent);
const inWorkspace = (name) => path.join(workspaceOf("main"), name);
const exec = (command, options) => openclaw.exec(command, options);
const call = (name, args) => ({ name, arguments: args });

const agents = {
  main: {},
  private: { workspaceAccess: "none" },
  reader: { workspaceAccess: "ro" },
  talker: { workspaceAccess: "none", scope: "session" },
  first: { workspaceAccess: "none", scope: "shared" },
  second: { workspaceAccess: "none", scope: "shared" },
  online: { docker: { network: "bridge", gpus: "all" } },
  networked: {},
  curious: { docker: { binds: [`${directory}/outside:/data:ro`] } },
  sneaky: { docker: { binds: [`${workspaceOf("sneaky")}/link:/data:ro`] } },
  limited: {
    docker: {
      setupCommand: "echo once >>/workspace/setups",
      env: { CONFIGURED: "yes" },
      ulimits: { nofile: "100:200" },
      binds: [`${workspaceOf("limited")}/data:/mnt/data:ro`],
    },
  },
};

// Two servers of the test's own, at an address that the machine's name leads to; one of them is listed.
const servers = ["listed", "other"].map((name) => net.createServer((socket) => socket.end(`from ${name}\n`)));
const reached = { host: os.hostname(), ports: [] };

async function listedNetwork() {
  const { address } = await dns.lookup(reached.host, { family: 4 });
  for (const server of servers) {
    await new Promise((listening, failed) => server.listen(0, address, listening).on("error", failed));
    reached.ports.push(server.address().port);
  }
  const ports = [reached.ports[0]];
  return { allow: [{ host: reached.host, ports, reason: "the test" }, { address, ports }] };
}

before(
  async () => {
    fs.copyFileSync(process.env.CLAWBOX_BIN, program);
    for (const name of [
      "outside",
      ...Object.keys(agents).map((agent) => `home/${agent}`),
      "home/main/skills/demo",
      "home/limited/data",
    ])
      fs.mkdirSync(path.join(directory, name), { recursive: true });
    fs.writeFileSync(
      inWorkspace("skills/demo/SKILL.md"),
      "---\nname: demo\ndescription: a demonstration\n---\nhello\n",
    );
    fs.writeFileSync(path.join(directory, "outside/secret"), "s3cret");
    fs.symlinkSync(path.join(directory, "outside"), path.join(workspaceOf("sneaky"), "link"));
    await openclaw.startModel();
    openclaw.configure((config) => {
      config.agents.entries = Object.fromEntries(
        Object.entries(agents).map(([id, sandbox]) => [id, { workspace: workspaceOf(id), sandbox }]),
      );
    });
    openclaw.installPlugin({ command: program, agents: { networked: { network: await listedNetwork() } } });
    await openclaw.startGateway();
  },
  { timeout: 600_000 },
);

after(async () => {
  for (const server of servers) server.close();
  await openclaw.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

test("the gateway has loaded the plugin", () =>
  assert.match(openclaw.log, /http server listening \(\d+ plugins:.*\bclawbox\b/));

test("exec runs in the session, in the workspace, with the command's own status", async () => {
  const answers = await openclaw.turn(
    ["pwd; echo $CLAWBOX; touch made", "exit 3", "kill -9 $$", "exit 72"].map((command) => call("exec", { command })),
  );
  assert.equal(answers[0].trim(), "/workspace\n1");
  assert.match(answers[1], /code 3\b/);
  assert.match(answers[2], /code 137\b/);
  assert.match(answers[3], /code 72\b/);
  assert.ok(fs.existsSync(inWorkspace("made")));
  assert.equal(openclaw.sessions().length, 1);
});

test("a megabyte of output arrives, and standard input is at its end", async () => {
  const [many, input] = await openclaw.turn([
    call("exec", { command: "head -c 1048576 /dev/zero | tr '\\0' x" }),
    call("exec", { command: "cat; echo closed" }),
  ]);
  assert.ok(many.includes("x".repeat(10_000)), many.slice(0, 500));
  // OpenClaw keeps the last 200,000 characters.
  assert.ok(many.startsWith("[earlier output was discarded"), many.slice(0, 100));
  assert.equal(input.trim(), "closed");
});

test("what is in /tmp, and what was left running, is there in the next call", async () => {
  const answers = await openclaw.turn([
    call("exec", { command: "echo kept >/tmp/file; nohup sleep 987 >/dev/null 2>&1 & echo" }),
    call("exec", { command: "cat /tmp/file; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 987'" }),
  ]);
  assert.match(answers[1], /^kept\n[1-9]/);
});

test("a background command can be polled, and killed with all of it", async () => {
  const [started] = await openclaw.turn([
    call("exec", { command: "setsid sleep 876 >/dev/null 2>&1 & sleep 876", background: true }),
  ]);
  const sessionId = /session ([\w-]+)/.exec(started)[1];
  await until(() => runs("sleep 876"));
  const [listed] = await openclaw.turn([
    call("process", { action: "list" }),
    call("process", { action: "kill", sessionId }),
  ]);
  assert.ok(listed.includes(sessionId), listed);
  await until(() => !runs("sleep 876"));
});

test("a command that is over its time is ended, with what had left its group", async () => {
  const said = exec("setsid sleep 765 >/dev/null 2>&1 & sleep 765", { timeoutSeconds: 1 });
  await until(() => runs("sleep 765"));
  assert.match(await said, /timed out after 1 seconds/);
  await until(() => !runs("sleep 765"));
});

test("a request that is given up ends its command", async () => {
  const abort = new AbortController();
  const given = exec("sleep 654", { signal: abort.signal });
  await until(() => runs("sleep 654"));
  abort.abort();
  await assert.rejects(given, { name: "AbortError" });
  await until(() => !runs("sleep 654"));
});

test("variables of hostile names and values arrive as they are, and steer nothing outside", async () => {
  const env = {
    LD_PRELOAD: "/workspace/evil.so",
    BASH_ENV: "/workspace/evil",
    PATH: "/workspace/bin",
    NEWLINE: "a\nb=c",
    DASHED: "--env",
  };
  fs.mkdirSync(inWorkspace("bin"), { recursive: true });
  fs.writeFileSync(inWorkspace("bin/tool"), "#!/bin/sh\necho own tool\n", { mode: 0o755 });
  const said = await exec(
    'tool; printf "%s|" "$LD_PRELOAD" "$NEWLINE" "$DASHED" "$GATEWAY_SECRET"; echo; echo "$PATH"',
    { env },
  );
  assert.match(said, /own tool\n\/workspace\/evil\.so\|a\nb=c\|--env\|\|\n\/workspace\/bin:/);
  assert.ok(!said.includes(openclaw.bin));
  assert.deepEqual(
    fs.readdirSync(path.join(openclaw.home, ".openclaw/clawbox")).filter((name) => name.endsWith(".env")),
    [],
  );
});

test("a workdir is taken inside of the workspace, and nowhere else", async () => {
  fs.mkdirSync(inWorkspace("deep/er"), { recursive: true });
  assert.equal((await exec("pwd", { workdir: "/workspace/deep/er" })).trim(), "/workspace/deep/er");
  for (const workdir of ["..", "/workspace/../etc", "/etc", directory]) {
    const said = await exec("echo was run", { workdir });
    assert.ok(!said.includes("was run") || said.includes("/workspace"), `${workdir}: ${said}`);
  }
});

test("files are written, read, edited, patched and listed in the workspace", async () => {
  const patch = "*** Begin Patch\n*** Add File: patched.txt\n+by patch\n*** End Patch\n";
  const answers = await openclaw.turn([
    call("write", { path: "notes/a.txt", content: "one\ntwo\n" }),
    call("read", { path: "notes/a.txt" }),
    call("edit", { path: "notes/a.txt", edits: [{ oldText: "two", newText: "2" }] }),
    call("apply_patch", { input: patch }),
    call("exec", { command: "cat notes/a.txt patched.txt" }),
    call("ls", { path: "notes" }),
  ]);
  assert.match(answers[1], /one\ntwo/);
  assert.equal(answers[4].trim(), "one\n2\nby patch");
  assert.match(answers[5], /a\.txt/);
  assert.equal(fs.readFileSync(inWorkspace("patched.txt"), "utf8"), "by patch\n");
  assert.equal(fs.statSync(inWorkspace("notes/a.txt")).uid, process.getuid());
});

test("file tools do not follow a link out of the workspace", async () => {
  fs.symlinkSync(path.join(directory, "outside"), inWorkspace("escape"));
  const answers = await openclaw.turn([
    call("read", { path: "escape/secret" }),
    call("write", { path: "escape/made", content: "x" }),
    call("read", { path: "../outside/secret" }),
  ]);
  assert.ok(!answers.join().includes("s3cret"), answers.join("\n"));
  assert.deepEqual(fs.readdirSync(path.join(directory, "outside")), ["secret"]);
});

test("skills are read-only where the workspace is writable", async () => {
  assert.match(
    await exec("cat skills/demo/SKILL.md; echo x >skills/demo/SKILL.md; echo x >skills/new"),
    /hello[^]*Read-only[^]*Read-only/,
  );
});

test("none: a private workspace, and nothing of the agent's", async () => {
  fs.writeFileSync(path.join(workspaceOf("private"), "mine"), "x");
  assert.match(
    await exec("ls; test -e /agent || echo no agent; echo y >there; cat there", { agent: "private" }),
    /no agent\ny/,
  );
  assert.deepEqual(
    fs.readdirSync(workspaceOf("private")).filter((name) => name === "there"),
    [],
  );
});

test("ro: the agent's workspace to read, and no place to write", async () => {
  fs.writeFileSync(path.join(workspaceOf("reader"), "mine"), "to read\n");
  assert.match(
    await exec("cat /agent/mine; echo x >/agent/new; echo x >/workspace/new", { agent: "reader" }),
    /to read[^]*Read-only[^]*Read-only/,
  );
});

test("agents do not see each other, and sessions do not where they are the scope", async () => {
  const look = "echo own >/tmp/own-$(cat /tmp/name 2>/dev/null); ls /tmp; cat /proc/[0-9]*/cmdline | tr '\\0' ' '";
  await exec("echo talker >/tmp/name; nohup sleep 543 >/dev/null 2>&1 & echo", { agent: "talker", session: "one" });
  for (const where of [{ agent: "talker", session: "two" }, { agent: "private" }, {}])
    assert.ok(!/sleep 543|talker/.test(await exec(look, where)), JSON.stringify(where));
  assert.match(await exec(look, { agent: "talker", session: "one" }), /sleep 543/);
});

test("agents of the shared scope share one session", async () => {
  await exec("echo shared >/tmp/file", { agent: "first" });
  assert.equal((await exec("cat /tmp/file", { agent: "second" })).trim(), "shared");
});

test("what cannot be honoured is refused by name, before the model is asked", async () => {
  for (const [agent, why] of [
    ["online", /docker\.network: .*\n.*docker\.gpus: /],
    ["curious", /docker\.binds: .*outside of the workspaces/],
    ["sneaky", /docker\.binds: .*outside of the workspaces/],
  ]) {
    const { requests } = openclaw.model;
    await assert.rejects(exec("echo was run", { agent }));
    assert.equal(openclaw.model.requests, requests, agent);
    assert.match(openclaw.log, why);
  }
});

test("an agent reaches the server that is listed for it, by name, and nothing else; others reach nothing", async () => {
  const said = (host, port) => `bash -c 'exec 3<>/dev/tcp/${host}/${port} && cat <&3' 2>&1; true`;
  const [listed, other] = reached.ports;
  const where = { agent: "networked" };
  assert.equal((await exec(said(reached.host, listed), where)).trim(), "from listed");
  for (const [host, port] of [
    [reached.host, other],
    ["127.0.0.1", listed],
    ["198.51.100.7", 443],
    ["not-listed.test", listed],
  ])
    assert.doesNotMatch(await exec(said(host, port), where), /^from/m, `${host}:${port}`);
  assert.doesNotMatch(await exec(said(reached.host, listed)), /^from/m);
  const { name } = openclaw.sessions().find((one) => one.labels["openclaw.scope"].startsWith("agent:networked:"));
  const shown = openclaw.cli("clawbox", "log", name, "--", "--json", "--event", "net.connect").stdout;
  const connected = shown.split("\n").filter((line) => line.includes('"connected"'));
  assert.equal(connected.length, 1);
  assert.match(connected[0], /"reason":"the test"/);
});

test("set-up, variables, limits and binds of the configuration", async () => {
  const where = { agent: "limited" };
  assert.match(
    await exec("echo $CONFIGURED; ulimit -S -n; ulimit -H -n; cat setups; touch /mnt/data/x", where),
    /^yes\n100\n200\nonce\n[^]*Read-only/,
  );
  await exec("true", where);
  assert.equal(fs.readFileSync(path.join(workspaceOf("limited"), "setups"), "utf8"), "once\n");
});

test("each command is on record, with OpenClaw's session and run", async () => {
  await exec("echo to be found");
  const { name } = openclaw.sessions().find((session) => session.labels["openclaw.scope"].startsWith("agent:main:"));
  const shown = openclaw.cli("clawbox", "log", name, "--", "--json", "--event", "command").stdout;
  const trail = shown
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const labels = trail.find((record) => JSON.stringify(record).includes("to be found")).labels ?? {};
  assert.equal(labels["openclaw.session"], "agent:main:main");
  assert.ok(labels["openclaw.run"] && labels["openclaw.exec"]);
});

test("a session that crashed is made anew, within a turn and between two", async () => {
  const [before_] = openclaw.sessions().filter((session) => session.labels["openclaw.scope"].startsWith("agent:main:"));
  process.kill(before_.supervisor, "SIGKILL");
  await until(() => !fs.existsSync(`/proc/${before_.supervisor}`));
  assert.equal((await exec("echo healed")).trim(), "healed");
});

test("list, explain and recreate of OpenClaw's own", async () => {
  assert.match(openclaw.cli("sandbox", "explain", "--agent", "main").stdout, /clawbox/);
  const { containers } = JSON.parse(openclaw.cli("sandbox", "list", "--json").stdout);
  const main = containers.find((row) => row.sessionKey.startsWith("agent:main:"));
  assert.deepEqual([main.running, main.imageMatch, main.configLabelKind], [true, true, "Profile"]);
  assert.equal(openclaw.cli("sandbox", "recreate", "--agent", "main", "--force").status, 0);
  assert.ok(!openclaw.sessions().some((session) => session.labels["openclaw.scope"] === main.sessionKey));
  assert.equal((await exec("cat /tmp/file 2>/dev/null || echo anew")).trim(), "anew");
});

test("a gateway that starts again finds its sessions, and prunes the old ones", async () => {
  await exec("echo kept >/tmp/kept");
  await openclaw.stopGateway();
  assert.ok(openclaw.sessions().length > 1);
  makeOld("agent:talker:");
  await openclaw.startGateway();
  assert.equal((await exec("cat /tmp/kept")).trim(), "kept");
  await until(
    () => !openclaw.sessions().some((session) => session.labels["openclaw.scope"].startsWith("agent:talker:")),
  );
});

test("without the program nothing runs, and nothing runs on the host", async () => {
  fs.renameSync(program, `${program}.away`);
  try {
    const { requests } = openclaw.model;
    await assert.rejects(exec("touch /workspace/was-run", { agent: "talker", session: "new" }));
    assert.equal(openclaw.model.requests, requests);
    await exec(`touch ${inWorkspace("was-run")}`).catch(() => {});
    assert.ok(!fs.existsSync(inWorkspace("was-run")));
  } finally {
    fs.renameSync(`${program}.away`, program);
  }
});

/** Is there a process of that command line, anywhere? */
function runs(commandLine) {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() === commandLine;
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

async function until(holds) {
  for (const end = Date.now() + 60_000; !holds();) {
    if (Date.now() > end) throw new Error(`waited in vain: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ages the rows of OpenClaw's registry, in its own database. */
function makeOld(scope) {
  const script = `const { DatabaseSync } = require("node:sqlite"); const database = new DatabaseSync(process.argv[1]);
    database.prepare("UPDATE sandbox_registry_entries SET last_used_at_ms = 1 WHERE session_key LIKE ?")
      .run(process.argv[2] + "%");`;
  openclaw.node(script, path.join(openclaw.home, ".openclaw/state/openclaw.sqlite"), scope);
}
