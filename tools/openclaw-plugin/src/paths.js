// Questions about paths that more than one module asks.
import fs from "node:fs";
import path from "node:path";

const MOST_LINKS = 40; // as the kernel
const MOST_STEPS = 1000; // no path that people use has more names

export function isInside(root, target) {
  return root === "/" || target === root || target.startsWith(`${root}/`);
}

/** Normal, without a slash at the end. */
export function plainPath(text) {
  return path.posix.normalize(text).replace(/(.)\/+$/, "$1");
}

/**
 * Through every link, as far as the path exists; what does not exist yet is appended as it is, and a link that leads
 * nowhere is followed by name: whoever makes its target later must not get around the rules.
 *
 * Agents make links, and OpenClaw waits while this runs: one pass, of so many steps. Throws ELOOP for what takes more.
 */
export function realPathOfExisting(target) {
  const ahead = path.posix.resolve(target).split("/").filter(Boolean);
  const held = [];
  for (let steps = 0, links = 0; ahead.length > 0; steps += 1) {
    if (links > MOST_LINKS || steps > MOST_STEPS) throw tooManySteps(target);
    const name = ahead.shift();
    const link = name === ".." ? null : linkText(`/${[...held, name].join("/")}`);
    if (name === "..") held.pop();
    else if (link === null) held.push(name);
    else {
      links += 1;
      if (link.startsWith("/")) held.length = 0;
      ahead.unshift(...link.split("/").filter((step) => step !== "" && step !== "."));
    }
  }
  return `/${held.join("/")}`;
}

/** Null: there is no link, or nobody may know. */
function linkText(target) {
  try {
    return fs.readlinkSync(target);
  } catch (error) {
    if (["EINVAL", "ENOENT", "ENOTDIR", "EACCES"].includes(error.code)) return null;
    throw error;
  }
}

function tooManySteps(target) {
  return Object.assign(new Error(`ELOOP: too many links: ${target.slice(0, 200)}`), { code: "ELOOP" });
}
