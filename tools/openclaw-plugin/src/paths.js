// Questions about paths that more than one module asks.
import fs from "node:fs";
import path from "node:path";

export function isInside(root, target) {
  return root === "/" || target === root || target.startsWith(`${root}/`);
}

/** Normal, without a slash at the end. */
export function plainPath(text) {
  return path.posix.normalize(text).replace(/(.)\/+$/, "$1");
}

/** Through every link, as far as the path exists; what does not exist yet is appended as it is. */
export function realPathOfExisting(target) {
  const missing = [];
  for (let known = plainPath(target); ; known = path.posix.dirname(known)) {
    try {
      return plainPath(path.posix.join(fs.realpathSync(known), ...missing));
    } catch (error) {
      if (!["ENOENT", "ENOTDIR", "ELOOP", "EACCES"].includes(error.code) || known === "/") throw error;
      // A link that leads nowhere is followed by name: whoever makes its target later must not get around the rules.
      const link = linkText(known);
      if (link !== null && error.code === "ENOENT")
        return realPathOfExisting(path.posix.join(path.posix.resolve(path.posix.dirname(known), link), ...missing));
      missing.unshift(path.posix.basename(known));
    }
  }
}

function linkText(target) {
  try {
    return fs.readlinkSync(target);
  } catch {
    return null;
  }
}
