// The real OpenClaw with a Node.js of its own, from npm, kept between runs. Where npm does not answer, this prints
// "SKIP: …" and ends the process with 77.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const PACKAGES = ["node@24", "openclaw@2026"];
const INSTALL_TIMEOUT_MS = 540_000;

/**
 * The directory with both in node_modules/.bin: `wanted`, which is made from the user's cache, so that another user, who
 * cannot look into that, finds it there. Files are shared between both where they can be.
 */
export function openclawDirectory(wanted) {
  const given = process.env.CLAWBOX_TEST_OPENCLAW;
  for (const place of [given, wanted]) if (place && isComplete(place)) return place;
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "clawbox", cacheName());
  if (!isComplete(cache)) install(cache);
  return wanted && canBeMade(path.dirname(wanted)) ? shared(cache, wanted) : cache;
}

const mark = (directory) => path.join(directory, "complete");
const isComplete = (directory) => fs.existsSync(mark(directory));
const cacheName = () => `openclaw-${createHash("sha256").update(PACKAGES.join()).digest("hex").slice(0, 12)}`;

function canBeMade(directory) {
  try {
    fs.mkdirSync(directory, { recursive: true });
    fs.accessSync(directory, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function shared(cache, wanted) {
  const aside = `${wanted}.${process.pid}`;
  const copied = [["-al"], ["-a", "--reflink=auto"]].some((how) => {
    fs.rmSync(aside, { recursive: true, force: true });
    return spawnSync("cp", [...how, cache, aside]).status === 0;
  });
  if (!copied) return cache;
  fs.rmSync(wanted, { recursive: true, force: true });
  fs.renameSync(aside, wanted);
  return wanted;
}

function install(directory) {
  if (!canBeMade(directory)) skip(`${directory} cannot be made, and OpenClaw is not installed elsewhere`);
  for (const name of PACKAGES) {
    // OpenClaw asks for a newer Node.js than the system may have; its own scripts then find the one from npm.
    const bin = path.join(directory, "node_modules/.bin");
    const { status, stderr } = spawnSync(
      "npm",
      ["install", "--no-audit", "--no-fund", "--prefix", directory, name],
      {
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
        encoding: "utf8",
        timeout: INSTALL_TIMEOUT_MS,
      },
    );
    const why = /npm error code .*/.exec(stderr ?? "")?.[0] ?? "is it there?";
    if (status !== 0) skip(`npm did not install ${name}: ${why}`);
  }
  fs.writeFileSync(mark(directory), "");
}

function skip(why) {
  console.log(`SKIP: ${why}`);
  process.exit(77);
}
