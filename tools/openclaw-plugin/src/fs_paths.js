// From a path as a file tool says it to one inside, and the mount that it lies in. The rules are those of OpenClaw's own
// bridge for Docker: a path of inside, a path of the host that is mounted, or one relative to a directory of either.
import os from "node:os";
import path from "node:path";
import { isInside, plainPath, realPathOfExisting } from "./paths.js";

const LONGEST = 4096; // PATH_MAX

export class FsPaths {
  /** `mounts` are of sandboxWish(), the workspace first; `tmpfs` are places that the host has no part of. */
  constructor({ mounts, workdir, tmpfs, hostRoots = true }) {
    this.mounts = mounts;
    this.workdir = workdir;
    this.tmpfs = tmpfs;
    this.hostRoots = hostRoots; // false: what is inside does not lie on the host
    // Mounts of the host that tools name by its paths: the deepest first, and of equals the workspace.
    this.byHostPath = [...mounts].sort((a, b) => b.hostPath.length - a.hostPath.length);
  }

  /** For OpenClaw, which maps paths of one world to the other by them. */
  get mappings() {
    return this.mounts.map(({ hostPath, containerPath, readOnly }) => ({
      hostRoot: hostPath,
      containerRoot: containerPath,
      writable: !readOnly,
    }));
  }

  /** {containerPath, relativePath, hostPath, mount}. Throws for what lies in no mount. */
  resolve(filePath, cwd = this.mounts[0].hostPath) {
    const containerPath = this.#inside(filePath, cwd);
    const mount = this.mountOf(containerPath);
    const below = path.posix.relative(mount.containerPath, containerPath);
    return {
      containerPath,
      mount,
      relativePath: shownPath(this.workdir, containerPath),
      ...(this.hostRoots ? { hostPath: path.join(mount.hostPath, below) } : {}),
    };
  }

  /** The innermost mount that a path of inside lies in. Throws where that is a tmpfs, or none. */
  mountOf(containerPath) {
    const mount = innermost(this.mounts, containerPath);
    const mask = this.tmpfs.find(
      (place) => isInside(place, containerPath) && (!mount || place.length >= mount.containerPath.length),
    );
    if (mask)
      throw new Error(
        `Sandbox path is container-only: ${containerPath}. Use exec to access this mount; file tools require a ` +
          "host-backed bind mount.",
      );
    if (!mount) throw new Error(`Sandbox path escapes allowed mounts: ${containerPath}`);
    return mount;
  }

  /** Mounts and tmpfs below a path: what removing or moving it would take along. */
  below(containerPath) {
    const strictly = (place) => place !== containerPath && isInside(containerPath, place);
    return {
      readOnly: this.mounts.filter((mount) => mount.readOnly && strictly(mount.containerPath)),
      tmpfs: this.tmpfs.filter(strictly),
    };
  }

  #inside(filePath, cwd) {
    if (filePath.includes("\0")) throw new Error("Sandbox paths have no NUL bytes");
    if (filePath.length > LONGEST) throw new Error(`Sandbox paths have at most ${LONGEST} characters`);
    const wanted = plainPath(filePath);
    // A path of the host may be spelled like a tmpfs of inside, as in /tmp: that one is the last to be meant.
    if (filePath.startsWith("/"))
      return this.#mounted(wanted) ?? this.#ofHost(wanted) ?? this.#onTmpfs(wanted) ?? this.#escape(filePath);
    const from = this.#ofHost(plainPath(cwd)) ?? plainPath(cwd);
    const candidate = plainPath(path.posix.resolve(from.startsWith("/") ? from : this.workdir, filePath));
    return (
      this.#mounted(candidate) ??
      this.#onTmpfs(candidate) ??
      this.#ofHost(plainPath(path.resolve(cwd, filePath))) ??
      this.#escape(filePath)
    );
  }

  #mounted(containerPath) {
    return innermost(this.mounts, containerPath) ? containerPath : null;
  }

  #onTmpfs(containerPath) {
    return this.tmpfs.some((place) => isInside(place, containerPath)) ? containerPath : null;
  }

  /** Also by the place that links on the host lead to; the name itself is not followed. */
  #ofHost(hostPath) {
    const real = () => path.join(realPathOfExisting(path.dirname(hostPath)), path.basename(hostPath));
    for (const spelling of [() => hostPath, real])
      for (const mount of this.byHostPath) {
        const root = spelling === real ? realPathOfExisting(mount.hostPath) : mount.hostPath;
        const target = spelling();
        if (isInside(root, target)) return plainPath(path.posix.join(mount.containerPath, path.relative(root, target)));
      }
    return null;
  }

  #escape(filePath) {
    const home = os.homedir();
    const { hostPath } = this.mounts[0];
    const root = isInside(home, hostPath) ? `~${hostPath.slice(home.length)}` : hostPath;
    throw new Error(
      `Path escapes sandbox root (${root}; container root ${this.workdir}): ${filePath}. Use a path under ` +
        `${this.workdir}/ instead.`,
    );
  }
}

function innermost(mounts, containerPath) {
  return mounts
    .filter((mount) => isInside(mount.containerPath, containerPath))
    .reduce((best, mount) => (best && best.containerPath.length >= mount.containerPath.length ? best : mount), null);
}

function shownPath(workdir, containerPath) {
  return isInside(workdir, containerPath) ? path.posix.relative(workdir, containerPath) : containerPath;
}

/** Places that no mount of the host covers: sandbox.docker.tmpfs without its options. */
export function tmpfsPlaces(entries = []) {
  return entries.map((entry) => plainPath(entry.split(":")[0]));
}
