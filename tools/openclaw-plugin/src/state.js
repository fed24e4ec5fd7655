// What the plugin keeps: for each sandbox its profile and a note, and variables on their way into a command. All of it
// is private to the gateway's user, and must never be writable inside a sandbox.
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { isInside, realPathOfExisting } from "./paths.js";

export class State {
  constructor(directory) {
    this.directory = directory;
  }

  profilePath(runtimeId) {
    return this.#path(`${runtimeId}.toml`);
  }

  /** The text of the profile that was wished for last; null before the first wish. */
  profile(runtimeId) {
    return read(this.profilePath(runtimeId));
  }

  writeProfile(runtimeId, text) {
    if (this.profile(runtimeId) !== text) write(this.profilePath(runtimeId), text);
  }

  /** {wished: hash of the last wish, ready: id of the session whose set-up is done, places: made for mounts} */
  note(runtimeId) {
    return JSON.parse(read(this.#path(`${runtimeId}.json`)) ?? "{}");
  }

  writeNote(runtimeId, note) {
    write(this.#path(`${runtimeId}.json`), JSON.stringify(note));
  }

  forget(runtimeId) {
    for (const ending of ["toml", "json"]) fs.rmSync(this.#path(`${runtimeId}.${ending}`), { force: true });
  }

  /** A new file with variables, each ended by NUL, for `clawbox exec --env-file`. */
  writeVariables(variables) {
    const file = this.#path(`${randomUUID()}.env`);
    const text = Object.entries(variables).map(
      ([name, value]) => `${checkedName(name)}=${checkedValue(name, value)}\0`,
    );
    fs.writeFileSync(file, text.join(""), { mode: 0o600, flag: "wx" });
    return file;
  }

  /** Throws where one of the mounts would show this directory, writable or not: it holds variables. */
  requireHidden(mounts) {
    const own = realPathOfExisting(this.directory);
    const shown = mounts.find((mount) => isInside(realPathOfExisting(mount.hostPath), own));
    if (shown)
      throw new Error(
        `clawbox: ${shown.hostPath} would show ${own}, which the plugin keeps its own files in, to a sandbox`,
      );
  }

  #path(name) {
    fs.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    return path.join(this.directory, name);
  }
}

function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/** Written aside and renamed: another process of OpenClaw never reads half of it. */
function write(file, text) {
  const aside = `${file}.${randomUUID()}`;
  fs.writeFileSync(aside, text, { mode: 0o600, flag: "wx" });
  fs.renameSync(aside, file);
}

function checkedName(name) {
  if (name === "" || /[=\0]/.test(name))
    throw new Error(`the environment variable ${JSON.stringify(name)} has no possible name`);
  return name;
}

function checkedValue(name, value) {
  if (value.includes("\0")) throw new Error(`the environment variable ${name} must not contain NUL bytes`);
  return value;
}
