// What is mounted where: OpenClaw's table for its Docker backend. A later mount at the same place wins.
import path from "node:path";
import { checkedBinds } from "./binds.js";
import { isInside, plainPath } from "./paths.js";

const AGENT_PLACE = "/agent";
// A profile reads these as patterns, variables and marks, and has no way to quote them.
const SPECIAL = /[*?[\]\\\p{Cc}]/u;

export function canBeNamed({ hostPath, containerPath }) {
  return !SPECIAL.test(hostPath + containerPath);
}

/**
 * Of `mounts` those whose source must be without links and which a session does not show from there, as words; `plan`
 * is of `clawbox inspect`. A mount that another one shows already is no step of its own.
 */
export function otherSources(mounts, plan) {
  const shows = (step, place) => ["bind", "tmpfs"].includes(step.step) && isInside(step.target, place);
  const sourceAt = (place) => {
    const last = plan?.mounts.findLast((step) => shows(step, place)); // what is mounted later covers what was there
    return last?.step === "bind" ? path.posix.join(last.source, path.posix.relative(last.target, place)) : last?.step;
  };
  return mounts
    .filter((mount) => mount.noLinks && ![mount.hostPath, "tmpfs"].includes(sourceAt(mount.containerPath)))
    .map(({ hostPath, containerPath }) => `${containerPath} is ${sourceAt(containerPath)} and not ${hostPath}`);
}

/**
 * `params` are those of a backend's factory; `skillMounts` is resolveReadOnlyWorkspaceSkillMounts of OpenClaw.
 * Returns {workspace, others, refusals}: mounts are {hostPath, containerPath, readOnly}.
 */
export function mountTable(params, skillMounts) {
  const { cfg, workspaceDir, agentWorkspaceDir, skillsWorkspaceDir } = params;
  const workdir = plainPath(cfg.docker.workdir);
  const access = cfg.workspaceAccess;
  const skills = skillMounts({ workspaceDir, agentWorkspaceDir, skillsWorkspaceDir, workdir, workspaceAccess: access });
  const always = [...skills, ...(params.readOnlyResourceMounts ?? [])].map((mount) => ({ ...mount, readOnly: true }));
  const binds = checkedBinds(cfg.docker, { roots: [workspaceDir, agentWorkspaceDir] });
  const table = new Map();
  const add = (mount) =>
    table.set(plainPath(mount.containerPath), { ...mount, containerPath: plainPath(mount.containerPath) });
  add({ hostPath: workspaceDir, containerPath: workdir, readOnly: access === "ro" });
  if (access !== "none" && workspaceDir !== agentWorkspaceDir)
    add({ hostPath: agentWorkspaceDir, containerPath: AGENT_PLACE, readOnly: access === "ro" });
  binds.mounts.forEach(add);
  always.forEach(add); // after the binds: what is read-only for the agent's sake stays so
  return split(table, workdir, binds.refusals);
}

function split(table, workdir, bindRefusals) {
  const refusals = [...bindRefusals];
  if (!workdir.startsWith("/") || workdir === "/")
    refusals.push(`sandbox.docker.workdir: ${JSON.stringify(workdir)} is no place for a workspace`);
  for (const mount of table.values())
    if (!canBeNamed(mount))
      refusals.push(
        `${JSON.stringify(mount.hostPath)} at ${JSON.stringify(mount.containerPath)}: a character that profiles ` +
          "cannot name",
      );
  const workspace = table.get(workdir);
  return { workspace, others: [...table.values()].filter((mount) => mount !== workspace), refusals };
}
