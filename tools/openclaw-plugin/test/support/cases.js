// A reporter for node:test: a line for each case, more for what failed, and last the line that tools/test_summary.py
// counts.
import { inspect } from "node:util";

const MOST_TEXT = 3000;
const NOT_ASKED_FOR = "test name does not match pattern"; // Node.js counts them as skipped

export default async function* cases(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if (!["test:pass", "test:fail"].includes(type) || data.details?.type === "suite" || data.skip === NOT_ASKED_FOR)
      continue;
    const skipped = data.skip !== undefined;
    counts[type === "test:fail" ? "failed" : skipped ? "skipped" : "passed"] += 1;
    yield type === "test:fail"
      ? `FAILED ${data.name}\n${inspect(data.details.error.cause ?? data.details.error).slice(0, MOST_TEXT)}\n`
      : skipped
        ? `SKIP: ${data.name}: ${data.skip}\n`
        : `ok ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
  }
  yield `CASES: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
