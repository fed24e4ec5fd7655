import fs from "node:fs";
import path from "node:path";

/** A directory of the test's own, gone after it; outside of /tmp, which sandboxes have one of their own of. */
export function temporaryDirectory(context) {
  const made = fs.mkdtempSync(path.join(process.env.CLAWBOX_TEST_DIR ?? "/var/tmp", "clawbox-plugin-"));
  context.after(() => fs.rmSync(made, { recursive: true, force: true }));
  return fs.realpathSync(made);
}

/** What OpenClaw gives to a factory where nobody configured anything. */
export function factoryParams(directory, { docker = {}, ...cfg } = {}) {
  return {
    sessionKey: "agent:main:main",
    scopeKey: "agent:main:workspace:0123456789abcdef0123456789abcdef",
    workspaceDir: path.join(directory, "workspace"),
    agentWorkspaceDir: path.join(directory, "workspace"),
    cfg: {
      mode: "all",
      backend: "clawbox",
      scope: "agent",
      workspaceAccess: "rw",
      dockerTmpfsSource: "default",
      ...cfg,
      docker: {
        image: "openclaw-sandbox:bookworm-slim",
        containerPrefix: "openclaw-sbx-",
        workdir: "/workspace",
        readOnlyRoot: true,
        tmpfs: ["/tmp", "/var/tmp", "/run"],
        network: "none",
        capDrop: ["ALL"],
        env: { LANG: "C.UTF-8" },
        ...docker,
      },
    },
  };
}
