// Places to mount on, inside what is itself mounted from the host. They must exist there before a session starts,
// belong to whoever owns what is around them, and go again with the sandbox.
//
// The agent writes in these directories, so a link of its making may stand on the way: every step is taken from the
// directory before it, never through a link.
import fs from "node:fs";
import path from "node:path";
import { isInside } from "./paths.js";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = fs.constants;
const below = (directory, name) => `/proc/self/fd/${directory}/${name}`;

/** Makes the places that `mounts` lack in each other; returns what was made, as [{root, names}], outermost first. */
export function makePlaces(mounts) {
  const made = [];
  const outermostFirst = [...mounts].sort((a, b) => a.containerPath.length - b.containerPath.length);
  for (const mount of outermostFirst) {
    const around = outermostFirst
      .filter((other) => other !== mount && isInside(other.containerPath, mount.containerPath))
      .at(-1);
    if (!around) continue;
    const names = path.posix.relative(around.containerPath, mount.containerPath).split("/");
    made.push(...makePlace(around.hostPath, names, fs.statSync(mount.hostPath).isDirectory()));
  }
  return made;
}

/** Those that are still empty; what somebody has put there since stays. */
export function removePlaces(made) {
  for (const { root, names } of [...made].reverse()) {
    try {
      withDirectory(root, names.slice(0, -1), (directory) => removeEmpty(below(directory, names.at(-1))));
    } catch (error) {
      if (!["ENOENT", "ENOTDIR", "ELOOP", "ENOTEMPTY", "EACCES", "EROFS"].includes(error.code)) throw error;
    }
  }
}

function makePlace(root, names, isDirectory) {
  const made = [];
  names.forEach((_, index) => {
    const path = names.slice(0, index + 1);
    const wantsDirectory = isDirectory || index + 1 < names.length;
    withDirectory(root, path.slice(0, -1), (directory) => {
      if (makeOne(directory, path.at(-1), wantsDirectory)) made.push({ root, names: path });
    });
  });
  return made;
}

/** False: there is something already. */
function makeOne(directory, name, wantsDirectory) {
  const made = unlessThere(() => (wantsDirectory ? newDirectory : newFile)(below(directory, name)));
  if (made === null) return false;
  try {
    if (process.getuid() === 0) giveTo(fs.fstatSync(directory), made, name);
  } finally {
    fs.closeSync(made);
  }
  return true;
}

function unlessThere(make) {
  try {
    return make();
  } catch (error) {
    if (error.code === "EEXIST") return null;
    throw error;
  }
}

function newFile(target) {
  return fs.openSync(target, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o644);
}

function newDirectory(target) {
  fs.mkdirSync(target, 0o755);
  return fs.openSync(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/**
 * By descriptor, since a name may mean something else by now. Still, no call makes a directory and opens it: the agent
 * may have put another one in its place. It gets none that it could not have made there itself.
 */
function giveTo(around, made, name) {
  const { uid, gid, dev } = fs.fstatSync(made);
  if (uid === around.uid && gid === around.gid) return;
  const isNew = uid === 0 && dev === around.dev && isEmpty(made);
  if (!isNew) throw new Error(`${JSON.stringify(name)} is not what was made there for a mount: somebody exchanged it`);
  fs.fchownSync(made, around.uid, around.gid);
}

function isEmpty(made) {
  const facts = fs.fstatSync(made);
  return facts.isDirectory() ? fs.readdirSync(below(made, ".")).length === 0 : facts.size === 0 && facts.nlink === 1;
}

function removeEmpty(target) {
  const facts = fs.lstatSync(target);
  if (facts.isDirectory()) fs.rmdirSync(target);
  else if (facts.isFile() && facts.size === 0) fs.unlinkSync(target);
}

function withDirectory(root, names, act) {
  let directory = fs.openSync(root, O_RDONLY | O_DIRECTORY);
  try {
    for (const name of names) {
      const next = fs.openSync(below(directory, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      fs.closeSync(directory);
      directory = next;
    }
    return act(directory);
  } finally {
    fs.closeSync(directory);
  }
}
