// The real OpenClaw with a Node.js of its own, from npm, kept between runs. Where npm does not answer, this prints
// "SKIP: …" and ends the process with 77.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const PACKAGES = ["node@24", "openclaw"];
const INSTALL_TIMEOUT_MS = 540_000;

/** The directory with both in node_modules/.bin: `wanted`, or one in the user's cache where that cannot be made. */
export function openclawDirectory(wanted) {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache");
  const places = [process.env.CLAWBOX_TEST_OPENCLAW, wanted, path.join(cache, "clawbox/test/openclaw")].filter(Boolean);
  return places.find(isComplete) ?? install(places.find(canBeMade));
}

const mark = (directory) => path.join(directory, "complete");
const isComplete = (directory) => fs.existsSync(mark(directory));

function canBeMade(directory) {
  try {
    fs.mkdirSync(directory, { recursive: true });
    fs.accessSync(directory, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function install(directory) {
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
  return directory;
}

function skip(why) {
  console.log(`SKIP: ${why}`);
  process.exit(77);
}
