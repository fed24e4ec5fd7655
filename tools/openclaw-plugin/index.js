// The clawbox sandbox backend for OpenClaw: wires OpenClaw's plugin interface to src/, which knows nothing of it.
import path from "node:path";
import { definePluginEntry } from "openclaw/plugin-sdk/plugin-entry";
import { registerSandboxBackend, resolveReadOnlyWorkspaceSkillMounts } from "openclaw/plugin-sdk/sandbox";
import { resolveStateDir } from "openclaw/plugin-sdk/state-paths";
import { allowAll } from "./src/approvals.js";
import { BACKEND_ID, backendRegistration } from "./src/backend.js";
import { Clawbox, launcherEnvironment, programPath } from "./src/clawbox.js";
import { addCommands } from "./src/cli.js";
import { Runs } from "./src/runs.js";
import { State } from "./src/state.js";

// OpenClaw loads a plugin more than once, and calls the hook of one registration and the backend of another.
const runs = (globalThis[Symbol.for("clawbox.openclaw.runs")] ??= new Runs());

function toolsOf(api) {
  const settings = api.pluginConfig ?? {};
  const stateDir = resolveStateDir(process.env);
  return {
    settings,
    clawbox: new Clawbox(() => programPath(settings.command, process.env.PATH), launcherEnvironment(process.env)),
    state: new State(path.join(stateDir, "clawbox")),
    logger: api.logger,
    setupTimeoutMs: (settings.setupTimeoutSeconds ?? 300) * 1000,
    runs,
    gateway: { path: process.env.PATH, stateDir },
    approve: allowAll,
    skillMounts: resolveReadOnlyWorkspaceSkillMounts,
  };
}

export default definePluginEntry({
  id: BACKEND_ID,
  name: "clawbox",
  description: "Sandbox backend: agents' tools run in clawbox sessions, without Docker and without root.",
  register(api) {
    const tools = toolsOf(api);
    api.registerCli(({ program }) => addCommands(program, tools), {
      descriptors: [
        { name: "clawbox", description: "Show what ran in the sandboxes of the clawbox backend", hasSubcommands: true },
      ],
    });
    api.on("before_tool_call", (event, context) =>
      runs.note({ sessionKey: context.sessionKey, runId: context.runId ?? event.runId }),
    );
    if (api.registrationMode !== "full") return;
    const unregister = registerSandboxBackend(BACKEND_ID, backendRegistration(tools));
    api.lifecycle.registerRuntimeLifecycle({
      id: "clawbox-backend",
      cleanup({ reason, sessionKey }) {
        // A session of OpenClaw that ends is not the end of the plugin; sandboxes outlive both, as containers do.
        if (!sessionKey && (reason === "disable" || reason === "restart")) unregister();
      },
    });
  },
});
