// What the OpenClaw plugin's sandboxes cost, through OpenClaw's own modules and tools: `tools/dev bench openclaw`.
//
// In each round everybody does everything once, in a new order, so that what else the machine does falls on all alike:
//   clawbox         the plugin as it is: own bridge for files
//   core's bridge   the same session, files by OpenClaw's own bridge, which runs shells inside
//   bwrap           a bubblewrap for each command, as a backend of a few lines, with OpenClaw's own bridge
//   itself          exec only: the command without any sandbox
// Options: --rounds N (default 20), --json. CLAWBOX_BIN and the directory of OpenClaw are given by tools/dev.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { openclawDirectory } from "../../tools/openclaw-plugin/test/support/installed.js";
import { inOwnNode, loaded, makeHome } from "../../tools/openclaw-plugin/test/support/modules.js";

const [wanted, ...words] = process.argv.slice(2);
const installed = openclawDirectory(wanted);
inOwnNode(installed);
const rounds = Number(words[words.indexOf("--rounds") + 1]) || 20;
const OPERATIONS = ["factory", "exec", "write", "read", "edit", "ls"];
const CONTENT = "some text\n".repeat(400);

const directory = fs.realpathSync(fs.mkdtempSync("/var/tmp/clawbox-bench-"));
makeHome(directory);
const openclaw = await loaded(installed, directory, process.env.CLAWBOX_BIN);
openclaw.register("bwrap", { factory: bwrapBackend });
const contestants = { clawbox: "clawbox", "core's bridge": "clawbox-shell", bwrap: "bwrap" };

function finished(argv, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { stdio: ["pipe", "pipe", "pipe"], ...options });
    const pieces = { stdout: [], stderr: [] };
    for (const name of ["stdout", "stderr"]) child[name].on("data", (piece) => pieces[name].push(piece));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(pieces.stdout), stderr: Buffer.concat(pieces.stderr) }),
    );
  });
}

/** One sandbox for each command, and nothing that lasts. */
async function bwrapBackend({ workspaceDir, cfg }) {
  const env = { PATH: "/usr/bin:/bin" };
  const view = ["/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64"].filter((place) => fs.existsSync(place));
  const argv = (workdir) => [
    ...["bwrap", "--unshare-all", "--die-with-parent", ...view.flatMap((place) => ["--ro-bind", place, place])],
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", workspaceDir, "/workspace"],
    ...["--chdir", workdir ?? "/workspace", "--"],
  ];
  return {
    id: "bwrap",
    runtimeId: "bwrap",
    runtimeLabel: "bwrap",
    workdir: cfg.docker.workdir,
    env: cfg.docker.env,
    buildExecSpec: async ({ command, workdir }) => ({
      argv: [...argv(workdir), "/bin/sh", "-lc", command],
      env,
      stdinMode: "pipe-closed",
    }),
    runShellCommand: async ({ script, args = [], stdin, allowFailure }) => {
      const words_ = [...argv("/"), "/bin/sh", "-c", script, "openclaw-sandbox-fs", ...args];
      const result = await finished(words_, { env, input: stdin });
      if (result.code !== 0 && !allowFailure) throw new Error(result.stderr.toString());
      return result;
    },
  };
}

/** As OpenClaw spawns it. */
async function execIn(backend) {
  const spec = await backend.buildExecSpec({ command: "true", workdir: "/workspace", env: {}, usePty: false });
  const { code } = await finished(spec.argv, { env: spec.env, detached: true, cwd: directory });
  await backend.finalizeExec?.({ status: "completed", exitCode: code, timedOut: false, token: spec.finalizeToken });
  if (code !== 0) throw new Error(`exec ended with ${code}`);
}

async function workOf(name, backend) {
  const tools = await openclaw.toolsOf(backend);
  const file = `${backend}.txt`;
  let edits = 0;
  let writes = 0;
  await tools.write({ path: file, content: `edit 0\n${CONTENT}` });
  return {
    factory: () => openclaw.contextOf(backend),
    exec: () => execIn(tools.context.backend),
    // Always other content: what is there already would not be written again.
    write: () => tools.write({ path: `${backend}-new.txt`, content: `write ${(writes += 1)}\n${CONTENT}` }),
    read: () => tools.read({ path: `${backend}-new.txt` }),
    edit: () => tools.edit({ path: file, edits: [{ oldText: `edit ${edits}\n`, newText: `edit ${(edits += 1)}\n` }] }),
    ls: () => tools.ls({ path: "." }),
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const shuffled = (list) => list.map((item) => [Math.random(), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);

async function measured() {
  const works = {};
  for (const [name, backend] of Object.entries(contestants)) works[name] = await workOf(name, backend);
  works.itself = { exec: () => finished(["/bin/sh", "-lc", "true"], { env: { PATH: "/usr/bin:/bin" }, cwd: directory }) };
  const times = {};
  for (let round = -2; round < rounds; round += 1)
    for (const operation of OPERATIONS)
      for (const name of shuffled(Object.keys(works).filter((one) => works[one][operation]))) {
        const begin = process.hrtime.bigint();
        await works[name][operation]();
        const ms = Number(process.hrtime.bigint() - begin) / 1e6;
        if (round >= 0) ((times[operation] ??= {})[name] ??= []).push(ms);
      }
  return times;
}

function tableOf(times) {
  const rows = OPERATIONS.map((operation) => {
    const of = times[operation];
    const ratio = (name) => median(of[name].map((ms, round) => ms / of.clawbox[round]));
    return {
      operation,
      clawbox: median(of.clawbox),
      shell: median(of["core's bridge"]),
      bwrap: median(of.bwrap),
      shellRatio: ratio("core's bridge"),
      bwrapRatio: ratio("bwrap"),
      above: of.itself ? median(of.itself.map((ms, round) => of.clawbox[round] - ms)) : null,
    };
  });
  return rows;
}

function print(rows) {
  const load = os.loadavg()[0].toFixed(1);
  console.log(`OpenClaw's modules, ${rounds} rounds, load ${load}; medians in ms, and of the ratios of single rounds\n`);
  console.log("| operation | clawbox | core's bridge | bwrap | core's / clawbox | bwrap / clawbox |");
  console.log("|---|--:|--:|--:|--:|--:|");
  for (const row of rows)
    console.log(
      `| ${row.operation} | ${row.clawbox.toFixed(1)} | ${row.shell.toFixed(1)} | ${row.bwrap.toFixed(1)} | ` +
        `${row.shellRatio.toFixed(1)} | ${row.bwrapRatio.toFixed(1)} |`,
    );
  console.log(`\nexec is ${rows[1].above.toFixed(1)} ms above the command itself (paired)`);
}

try {
  const rows = tableOf(await measured());
  if (words.includes("--json")) console.log(JSON.stringify({ rounds, rows }));
  else print(rows);
} finally {
  await openclaw.endAll();
  fs.rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
