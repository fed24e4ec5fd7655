import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { createWish, IMAGE, variablesIn } from "../../src/docker/create.js";
import { parsed } from "../../src/docker/options.js";
import { filled } from "../../src/docker/template.js";
import { temporaryDirectory } from "../support/temporary.js";

const SHIM = path.resolve(import.meta.dirname, "../../bin/clawbox-docker");

/** The options that OpenClaw gives to `docker create`, on a workspace of the test's own. */
function usualWords(context, more = []) {
  const directory = temporaryDirectory(context);
  fs.mkdirSync(path.join(directory, "ws"));
  fs.writeFileSync(path.join(directory, "env"), "LANG=C.UTF-8\nA=b=c\n");
  const words = [
    ...["--name", "openclaw-sbx-x", "--init", "--label", "openclaw.sandbox=1", "--label", "openclaw.configHash=abc"],
    ...["--read-only", "--tmpfs", "/tmp", "--tmpfs", "/run", "--network", "none", "--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges", "--pids-limit", "100", "--memory", "512m", "--memory-swap", "1g"],
    ...["--cpus", "1.5", "--ulimit", "nofile=100:200", "--workdir", "/workspace"],
    ...["-v", `${directory}/ws:/workspace:z`, "--env-file", path.join(directory, "env"), ...more],
    ...[IMAGE, "sleep", "infinity"],
  ];
  return { directory, words };
}

test("what OpenClaw says to docker becomes a profile of the same keys", (context) => {
  const { directory, words } = usualWords(context);
  const wish = createWish(words, "openclaw");
  assert.deepEqual(wish.labels, { "openclaw.sandbox": "1", "openclaw.configHash": "abc" });
  assert.deepEqual(wish.env, { LANG: "C.UTF-8", A: "b=c" });
  assert.deepEqual(wish.tmpfs, { "/tmp": "", "/run": "" });
  assert.deepEqual(wish.mounts, [
    { hostPath: `${directory}/ws`, containerPath: "/workspace", readOnly: false, noLinks: true },
  ]);
  for (const line of ["processes = 100", 'memory = "536870912B"', 'swap = "536870912B"', 'cpu = "150%"', 'mode = "none"'])
    assert.ok(wish.text.includes(line), `${line}\n${wish.text}`);
  assert.equal(wish.softOpenFiles, 100);
});

test("each option that cannot be honoured is refused by its name", (context) => {
  for (const [more, why] of [
    [["--privileged"], /--privileged is not available/],
    [["-p", "80:80"], /-p is not available/],
    [["--gpus", "all"], /--gpus is not available/],
    [["--dns", "1.1.1.1"], /--dns is not available/],
    [["--add-host", "a:1.1.1.1"], /--add-host is not available/],
    [["--cap-add", "NET_ADMIN"], /--cap-add is not available/],
    [["--security-opt", "seccomp=/x.json"], /--security-opt seccomp=\/x\.json/],
    [["--user", "4242:4242"], /docker\.user/],
    [["-v", "/:/host"], /all of a system/],
    [["-v", "relative:/x"], /no absolute paths/],
    [["-v", "/var/tmp:/x/*"], /cannot name/],
    [["--ulimit", "rttime=1"], /rttime/],
    [["--name", "again"], /--name is there twice/],
  ])
    assert.throws(() => createWish(usualWords(context, more).words, "openclaw"), why, more.join(" "));
});

test("without --read-only, --cap-drop or --network none more is asked for than there is", (context) => {
  const { words } = usualWords(context);
  const without = (word, count) => words.toSpliced(words.indexOf(word), count);
  assert.throws(() => createWish(without("--read-only", 1), "openclaw"), /readOnlyRoot/);
  assert.throws(() => createWish(without("--network", 2), "openclaw"), /network: "bridge"/);
  assert.throws(() => createWish(without("--cap-drop", 2), "openclaw"), /capDrop/);
  assert.throws(() => createWish([...words.slice(0, -3), "other", "sleep", "infinity"], "openclaw"), /no image other/);
  assert.throws(() => createWish([...words.slice(0, -2), "sh"], "openclaw"), /only sleep infinity/);
});

test("options are read as docker reads them", () => {
  const known = { interactive: "flag", tty: "flag", workdir: "one" };
  const short = { i: "interactive", t: "tty", w: "workdir" };
  assert.deepEqual(parsed("exec", ["-it", "-w", "/x", "name", "-c"], known, short), {
    options: { interactive: true, tty: true, workdir: "/x" },
    words: ["name", "-c"],
  });
  assert.deepEqual(parsed("exec", ["--workdir=/x", "name"], known, short).options, { workdir: "/x" });
  assert.throws(() => parsed("exec", ["--workdir"], known, short), /needs a value/);
});

test("templates are filled as OpenClaw writes them, and any other is refused", () => {
  const facts = { Id: "i", State: { Running: true }, Config: { Labels: { "a.b": "c" } }, Mounts: [{ RW: true }] };
  assert.equal(filled("{{.State.Running}}", facts), "true");
  assert.equal(filled('{{ index .Config.Labels "a.b" }}', facts), "c");
  assert.equal(filled('{{ index .Config.Labels "constructor" }}', facts), "");
  assert.equal(filled('{"Id":{{json .ID}},"Mounts":{{json .Mounts}}}', facts), '{"Id":"i","Mounts":[{"RW":true}]}');
  assert.throws(() => filled("{{range .Config.Env}}", facts), /not available/);
  assert.throws(() => filled("{{.Secret}}", facts), /does not know/);
});

test("a file of variables is docker's, and takes nothing from the environment", (context) => {
  const { directory } = usualWords(context);
  const file = path.join(directory, "variables");
  fs.writeFileSync(file, "# comment\n\nA=1\nB= x=y \n");
  assert.deepEqual(variablesIn(file), { A: "1", B: " x=y " });
  fs.writeFileSync(file, "HOME\n");
  assert.throws(() => variablesIn(file), /HOME has no value/);
});

/** A program that remembers its words, and knows one session that runs once it was created. */
function fakeClawbox(directory) {
  const file = path.join(directory, "clawbox");
  fs.writeFileSync(
    file,
    `#!/bin/sh
cd ${directory}
printf '%s\\n' "$*" >>calls
case "$*" in *refused) exit 75 ;; esac
case $1 in
  create) touch created ;;
  rm) rm -f created ;;
  inspect) echo '{"plan":{"mounts":[{"step":"bind","target":"/workspace","source":"${directory}/ws"}]}}' ;;
  ls) [ -e created ] && echo '[{"id":"s1","state":"running","created_ms":1}]' || echo '[]' ;;
  exec) while [ "$1" != --env-file ]; do shift; done; tr '\\0' '\\n' <"$2"; rm "$2"; exit 7 ;;
esac
`,
    { mode: 0o755 },
  );
  return file;
}

test("a container lives through the calls of OpenClaw", (context) => {
  const { directory, words } = usualWords(context);
  const environment = { PATH: process.env.PATH, HOME: directory, CLAWBOX_COMMAND: fakeClawbox(directory) };
  const shim = (...args) => spawnSync(process.execPath, [SHIM, ...args], { env: environment, encoding: "utf8" });
  const running = () => shim("inspect", "-f", "{{.State.Running}}", "openclaw-sbx-x").stdout.trim();
  assert.match(shim("inspect", "-f", "{{.State.Running}}", "openclaw-sbx-x").stderr, /No such container/);
  assert.equal(shim("image", "inspect", IMAGE).status, 0);
  assert.match(shim("image", "inspect", "other").stderr, /No such image/);
  const made = shim("create", ...words);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /^[0-9a-f]{64}\n$/);
  assert.equal(running(), "false");
  assert.equal(shim("exec", "-i", "openclaw-sbx-x", "true").status, 1);
  assert.equal(shim("start", "openclaw-sbx-x").status, 0);
  assert.equal(running(), "true");
  fs.writeFileSync(path.join(directory, "more"), "A=over\nMORE=1\n");
  const id = made.stdout.trim();
  const ran = shim("exec", "-i", "-w", "/workspace/d", "--env-file", path.join(directory, "more"), id, "/bin/sh", "-lc", "x");
  assert.equal(ran.status, 7);
  assert.equal(ran.stdout, "LANG=C.UTF-8\nA=over\nMORE=1\n");
  assert.equal(shim("exec", id, "refused").status, 75); // before it opened the file of variables
  const kept = fs.readdirSync(path.join(directory, ".local/state/clawbox-docker"));
  assert.deepEqual(kept.sort(), ["openclaw-sbx-x.json", "openclaw-sbx-x.toml"]);
  assert.equal(shim("pause", id).status, 0);
  assert.equal(shim("unpause", id).status, 0);
  assert.equal(shim("rm", "openclaw-sbx-x").status, 1);
  assert.equal(shim("rm", "-f", "openclaw-sbx-x").status, 0);
  assert.match(shim("rm", "-f", "openclaw-sbx-x").stderr, /No such container/);
  const calls = fs.readFileSync(path.join(directory, "calls"), "utf8");
  assert.match(calls, /^create --quiet --name openclaw-sbx-x .*--label openclaw\.configHash=abc$/m);
  assert.match(calls, /^exec --interactive .*--workdir=\/workspace\/d s1 -- \/bin\/sh -c ulimit .* \/bin\/sh -lc x$/m);
  assert.match(calls, /^freeze s1\n[^]*^thaw s1\n/m);
});

test("a verb or an option that is not OpenClaw's is refused", () => {
  for (const words of [["run", "x"], ["ps"], ["build", "."], ["exec", "--privileged", "x", "true"], ["inspect", "x"], []]) {
    const { status, stderr } = spawnSync(process.execPath, [SHIM, ...words], { encoding: "utf8" });
    assert.equal(status, 125, words.join(" "));
    assert.match(stderr, /not available with clawbox/);
  }
});

test("of the gateway's own container it says where things lie, and executes nothing there", () => {
  const shim = (...words) => spawnSync(process.execPath, [SHIM, ...words], { encoding: "utf8" });
  const format = '{"Id":{{json .ID}},"Mounts":{{json .Mounts}},"Tmpfs":{{json .HostConfig.Tmpfs}}}';
  const { Id, Mounts } = JSON.parse(shim("inspect", "--type", "container", "--format", format, os.hostname()).stdout);
  assert.match(Id, /^[0-9a-f]{64}$/);
  assert.deepEqual(Mounts, [{ Type: "bind", Source: "/", Destination: "/", RW: true }]);
  const [, namespace] = JSON.parse(shim("exec", Id, "node", "-e", 'readlinkSync("/proc/self/ns/mnt")').stdout);
  assert.equal(namespace, fs.readlinkSync("/proc/self/ns/mnt"));
  const refused = shim("exec", Id, "echo", "was run");
  assert.equal(refused.status, 125);
  assert.equal(refused.stdout, "");
});
