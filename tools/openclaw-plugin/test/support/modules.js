// OpenClaw's own sandbox modules in this process, without its gateway: contexts as an agent's turn gets them. Runs in
// the Node.js that was installed with OpenClaw.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { backendRegistration } from "../../src/backend.js";
import { Clawbox, launcherEnvironment } from "../../src/clawbox.js";
import { Runs } from "../../src/runs.js";
import { State } from "../../src/state.js";

/**
 * Starts this very program again in OpenClaw's Node.js, unless it is that; its status is ours then. `options` are Node's
 * own.
 */
export function inOwnNode(installed, options = []) {
  const node = path.join(installed, "node_modules/.bin/node");
  if (fs.realpathSync(process.execPath) === fs.realpathSync(node)) return;
  const again = spawnSync(node, [...process.execArgv, ...options, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

/**
 * Removes what tests made when this process ends. Called at their end: OpenClaw writes to its database when a process
 * exits, and what comes later in the list comes later then.
 */
export function removeAtExit(directory) {
  process.on("exit", () => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
}

/** A home of its own for all that OpenClaw and clawbox keep; before OpenClaw is loaded. */
export function makeHome(directory) {
  for (const name of ["home/.openclaw", "run", "state", "tmp"])
    fs.mkdirSync(path.join(directory, name), { recursive: true, mode: 0o700 });
  Object.assign(process.env, {
    HOME: path.join(directory, "home"),
    TMPDIR: path.join(directory, "tmp"),
    XDG_RUNTIME_DIR: path.join(directory, "run"),
    XDG_STATE_HOME: path.join(directory, "state"),
    OPENCLAW_STATE_DIR: path.join(directory, "home/.openclaw"),
  });
}

/**
 * {contextOf, toolsOf, endAll, clawbox, register}: the backends "clawbox" and, with OpenClaw's own bridge over it,
 * "clawbox-shell".
 */
export async function loaded(installed, directory, command, settings = {}) {
  const sdk = (name) =>
    import(pathToFileURL(path.join(installed, "node_modules/openclaw/dist/plugin-sdk", `${name}.js`)).href);
  const sandbox = await sdk("sandbox");
  const { resolveSandboxContext } = await sdk("agent-harness-runtime");
  const { createOpenClawCodingTools } = await sdk("agent-harness");
  const clawbox = new Clawbox(() => command, launcherEnvironment(process.env));
  const stateDir = path.join(directory, "home/.openclaw");
  const tools = {
    settings,
    clawbox,
    state: new State(path.join(stateDir, "clawbox")),
    logger: { warn: () => {} },
    setupTimeoutMs: 60_000,
    runs: new Runs(),
    gateway: { path: process.env.PATH, stateDir },
    skillMounts: sandbox.resolveReadOnlyWorkspaceSkillMounts,
  };
  const own = backendRegistration(tools);
  sandbox.registerSandboxBackend("clawbox", own);
  sandbox.registerSandboxBackend("clawbox-shell", withoutBridge(own));
  const contextOf = (backend, sandboxConfig = {}, sessionKey = "agent:main:main") =>
    resolveSandboxContext({
      config: configOf(directory, backend, sandboxConfig),
      sessionKey,
      workspaceDir: path.join(directory, "home/workspace"),
    });
  return {
    clawbox,
    contextOf,
    register: sandbox.registerSandboxBackend,
    /** OpenClaw's own tools in a context: {name: (args, signal) => text}. */
    async toolsOf(backend, sandboxConfig, sessionKey = "agent:main:main") {
      const context = await contextOf(backend, sandboxConfig, sessionKey);
      const { workspaceDir } = context;
      const config = configOf(directory, backend, sandboxConfig ?? {});
      const tools = createOpenClawCodingTools({ sandbox: context, config, sessionKey, workspaceDir, exec: EXEC });
      return { context, ...Object.fromEntries(tools.map((tool) => [tool.name, calls(tool)])) };
    },
    async endAll() {
      const { stdout } = await clawbox.run(["ls", "--json"]);
      for (const session of JSON.parse(stdout.toString("utf8"))) await clawbox.remove(session.id);
    },
  };
}

const EXEC = { host: "sandbox", security: "full", ask: "off" };
let asked = 0;

const calls = (tool) => async (args, signal) => {
  const { content } = await tool.execute(`call-${(asked += 1)}`, args, signal);
  return content.map((part) => part.text ?? "").join("\n");
};

function withoutBridge(registration) {
  return {
    ...registration,
    factory: async (params) => ({ ...(await registration.factory(params)), id: "clawbox-shell", createFsBridge: undefined }),
  };
}

function configOf(directory, backend, sandbox) {
  const workspace = path.join(directory, "home/workspace");
  fs.mkdirSync(workspace, { recursive: true });
  return {
    tools: { exec: { applyPatch: { enabled: true } } },
    agents: {
      defaults: {
        workspace,
        skipBootstrap: true,
        sandbox: { mode: "all", scope: "agent", workspaceAccess: "rw", ...sandbox, backend },
      },
      entries: { main: { workspace } },
    },
  };
}
