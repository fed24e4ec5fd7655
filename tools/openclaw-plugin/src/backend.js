// The registration of a sandbox backend, as OpenClaw's registerSandboxBackend takes it.
import { Commands } from "./exec.js";
import { FsBridge } from "./fs_bridge.js";
import { plainPath } from "./paths.js";
import { runtimeId } from "./runtime_id.js";
import { CONFIG_LABEL, RUNTIME_LABEL, Sandbox, removeSandbox } from "./sandbox.js";
import { sandboxWish } from "./wish.js";

export const BACKEND_ID = "clawbox";
const CAPABILITIES = { browser: false, readOnlyResourceMounts: true };

/**
 * `tools` are {clawbox, state, logger, settings, setupTimeoutMs, runs, gateway, skillMounts, approve}; what is in them
 * does not change while the plugin is loaded.
 */
export function backendRegistration(tools) {
  const sandboxes = new Map(); // one for each runtime id and configuration, so that turns share what they know
  return {
    factory: async (params) => {
      const sandbox = sandboxOf(params, tools, sandboxes);
      await sandbox.prepare();
      return handleOf(sandbox, params, tools);
    },
    manager: {
      describeRuntime: ({ entry }) => description(entry, tools),
      removeRuntime: ({ entry }) => {
        sandboxes.delete(entry.containerName);
        return removeSandbox(entry.containerName, tools);
      },
    },
    resolveWorkdir: ({ cfg }) => plainPath(cfg.docker.workdir),
    capabilities: CAPABILITIES,
  };
}

function sandboxOf(params, tools, sandboxes) {
  const { cfg, scopeKey, workspaceDir } = params;
  const id = runtimeId({ prefix: cfg.docker.containerPrefix, scopeKey, stateDir: tools.gateway.stateDir });
  const wish = sandboxWish(params, tools.settings, tools.skillMounts);
  const known = sandboxes.get(id);
  if (known?.wish.hash === wish.hash && !params.requireCurrentConfig) return known;
  const sandbox = new Sandbox(id, wish, {
    workspaceDir,
    environment: cfg.docker.env ?? {},
    labels: { "openclaw.scope": scopeKey },
    scopeHint:
      cfg.scope === "shared"
        ? "--all"
        : cfg.scope === "session"
          ? `--session ${scopeKey}`
          : `--agent ${agentOf(scopeKey)}`,
    requireCurrentConfig: params.requireCurrentConfig === true,
    tools,
  });
  sandboxes.set(id, sandbox);
  return sandbox;
}

const agentOf = (scopeKey) => /^agent:([^:]+)/.exec(scopeKey)?.[1] ?? "main";

function handleOf(sandbox, params, tools) {
  const { clawbox, state, gateway, runs } = tools;
  const labels = () => ({ "openclaw.session": params.sessionKey, ...runs.labels(params.sessionKey) });
  const commands = new Commands(sandbox, { clawbox, state, gateway, labels, approve: tools.approve });
  const readOnly = params.cfg.workspaceAccess === "ro";
  return {
    id: BACKEND_ID,
    runtimeId: sandbox.runtimeId,
    runtimeLabel: sandbox.runtimeId,
    workdir: sandbox.wish.workdir,
    env: params.cfg.docker.env,
    configLabel: sandbox.wish.label,
    configLabelKind: "Profile",
    capabilities: CAPABILITIES,
    buildExecSpec: (wish) => commands.spec(wish),
    finalizeExec: (end) => commands.finalize(end),
    prepareProcessCleanup: (env) => commands.cleanup(env),
    createFsBridge: () => new FsBridge(sandbox, { clawbox, labels, readOnly }),
    runShellCommand: (wish) => commands.runShellCommand(wish),
  };
}

/** OpenClaw remembers the label of the first turn; the session knows its own, and the profile what was wished last. */
async function description(entry, { clawbox, state, settings }) {
  const [session] = await clawbox.sessions(`${RUNTIME_LABEL}=${entry.containerName}`);
  const running = session?.state === "running" || session?.state === "frozen";
  const wished = state.note(entry.containerName).wished;
  return {
    running,
    actualConfigLabel: entry.image,
    configLabelMatch: !session || wished === undefined || session.labels[CONFIG_LABEL] === wished,
  };
}
