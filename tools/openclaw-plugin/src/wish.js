// From what OpenClaw asks of a backend to what clawbox is asked for: pure but for looks at the host's paths.
import fs from "node:fs";
import { tmpfsPlaces } from "./fs_paths.js";
import { dockerWish } from "./docker_keys.js";
import { mountTable } from "./mounts.js";
import { networkSettings } from "./network.js";
import { plainPath } from "./paths.js";
import { profileText } from "./profile_text.js";
import { sha256 } from "./runtime_id.js";

const DEFAULT_PROFILE = "openclaw";

/** "openclaw@1a2b3c4d": what `openclaw sandbox list` shows, and compares. */
export function configLabel(profile, text) {
  return `${profile.replace(/^.*\/|\.toml$/g, "")}@${sha256(text).slice(0, 8)}`;
}

/**
 * {text, label, hash, mounts, mountsHash, tmpfs, overlay, workdir, softOpenFiles, setupCommand}. Throws one error that
 * names every key which cannot be honoured.
 */
export function sandboxWish(params, settings, skillMounts) {
  const { cfg } = params;
  const base = settings.profile ?? DEFAULT_PROFILE;
  const table = mountTable(params, skillMounts);
  const docker = dockerWish(cfg.docker, {
    owner: sandboxUser(params.workspaceDir),
    tmpfsIsDefault: cfg.dockerTmpfsSource === "default",
    network: networkSettings(settings, params.scopeKey),
  });
  refuse([...docker.refusals, ...table.refusals]);
  const overlay = settings.overlay === true && !table.workspace.readOnly;
  const text = profileText(profileOf(base, settings, docker.profile, table, overlay));
  const mounts = [table.workspace, ...table.others];
  const setupCommand = cfg.docker.setupCommand?.trim() || null;
  return {
    text,
    label: configLabel(base, text),
    hash: sha256(JSON.stringify([text, table.workspace.hostPath, setupCommand, cfg.docker.env ?? {}])),
    mounts,
    tmpfs: tmpfsPlaces(cfg.docker.tmpfs),
    overlay,
    mountsHash: sha256(JSON.stringify(mounts)),
    workdir: plainPath(cfg.docker.workdir),
    softOpenFiles: docker.softOpenFiles,
    setupCommand,
  };
}

/** Who the processes of a sandbox are: of the gateway's user; where that is root, the owner of the workspace. */
export function sandboxUser(workspaceDir) {
  if (process.getuid() !== 0) return { uid: process.getuid(), gid: process.getgid() };
  const { uid, gid } = fs.statSync(workspaceDir);
  return { uid, gid };
}

export function profileOf(base, settings, profile, { workspace, others }, overlay) {
  const entry = ({ hostPath, containerPath, noLinks }) => ({ path: hostPath, at: containerPath, no_links: noLinks });
  const shown = (readOnly) => others.filter((mount) => mount.readOnly === readOnly).map(entry);
  const unlessEmpty = (list) => (list.length > 0 ? list : undefined);
  return {
    version: 1,
    extends: base,
    description: "A sandbox of OpenClaw",
    workspace: { mode: workspace.readOnly ? "ro" : overlay ? "overlay" : "rw", at: workspace.containerPath },
    ...profile,
    files: { ...profile.files, read_add: unlessEmpty(shown(true)), write_add: unlessEmpty(shown(false)) },
    limits: { ...profile.limits, disk: settings.disk },
    audit: { level: settings.audit },
  };
}

function refuse(refusals) {
  if (refusals.length === 0) return;
  throw new Error(
    `the clawbox backend cannot do what the configuration asks for:\n${refusals.map((why) => `- ${why}`).join("\n")}`,
  );
}
