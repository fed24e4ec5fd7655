// Where a question before a command would be asked: the one place that each command of the exec tool passes before
// anything of it is written or started. There are no rules and nobody to ask yet: every command is allowed, and the caps,
// the view and the record of the sandbox are what holds.
//
// A verdict is {allowed: true}, or {allowed: false, reason}, which the model reads. Whoever asks a person bounds the
// question in time, and no answer is a no.

/** `request` is {command, workdir, sessionKey, runtimeId, runId}; variables are not shown: they may be secrets. */
export async function allowAll(request) {
  void request;
  return { allowed: true };
}

/** Throws where the verdict is no. What cannot say yes, also by an error of its own, says no. */
export async function requireApproval(approve, request) {
  const verdict = await approve(request);
  if (verdict?.allowed === true) return;
  throw new Error(`the command was not run: ${verdict?.reason ?? "it was not approved"}`);
}
