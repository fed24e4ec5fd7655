// What Docker's options accept as numbers, in clawbox's words.

const POWERS = { "": 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes of a Docker size: 1048576, "512m", "1.5g", "64 MiB", all by powers of 1024. Null for what Docker refuses. */
export function dockerBytes(value) {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? Math.floor(value) : null;
  const found = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(value.trim());
  if (!found) return null;
  const bytes = Math.floor(Number(found[1]) * 1024 ** POWERS[found[2].toLowerCase()]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A size for a profile, which wants a unit. */
export function sizeText(bytes) {
  return `${bytes}B`;
}

/** Docker's --cpus as a percentage of one processor; what is less than a hundredth of one becomes that. */
export function cpuText(cpus) {
  return `${Math.max(1, Math.round(cpus * 100))}%`;
}

/** {soft, hard} of a Docker ulimit: 1024, "1024", "1024:2048", {soft, hard}. -1 is unlimited. Null if it is none. */
export function ulimitRange(value) {
  const [soft, hard] = typeof value === "object" ? [value.soft ?? value.hard, value.hard ?? value.soft] : halves(value);
  const fits = (limit) => Number.isSafeInteger(limit) && limit >= -1;
  if (!fits(soft) || !fits(hard)) return null;
  const within = hard === -1 || (soft !== -1 && soft <= hard);
  return within ? { soft, hard } : null;
}

function halves(value) {
  const parts = String(value).trim().split(":");
  if (parts.length > 2 || parts.some((part) => !/^-?\d+$/.test(part))) return [NaN, NaN];
  return [Number(parts[0]), Number(parts.at(-1))];
}
