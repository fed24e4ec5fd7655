// Words of a docker command line. A verb names the options that it knows; any other is refused by its name.

export class UsageError extends Error {}

/**
 * `known` is {name: "flag" | "one" | "list"}; `short` is {letter: name}. Options end at the first word that is none.
 * Returns {options, words}.
 */
export function parsed(verb, args, known, short = {}) {
  const options = {};
  let at = 0;
  for (; at < args.length && args[at].startsWith("-") && args[at] !== "-"; at += 1) {
    if (args[at] === "--") {
      at += 1;
      break;
    }
    const [spelled, value] = divided(args[at]);
    const names = spelled.startsWith("--") ? [spelled.slice(2)] : [...spelled.slice(1)].map((letter) => short[letter]);
    names.forEach((name, index) => {
      if (!Object.hasOwn(known, name ?? ""))
        throw new UsageError(`${verb}: the option ${spelled} is not available with clawbox`);
      if (known[name] === "flag") return void (options[name] = flagValue(verb, spelled, value));
      if (index + 1 < names.length) throw new UsageError(`${verb}: ${spelled} needs a value`);
      const text = value ?? args[(at += 1)];
      if (text === undefined) throw new UsageError(`${verb}: ${spelled} needs a value`);
      if (known[name] === "list") (options[name] ??= []).push(text);
      else if (Object.hasOwn(options, name)) throw new UsageError(`${verb}: ${spelled} is there twice`);
      else options[name] = text;
    });
  }
  return { options, words: args.slice(at) };
}

function divided(word) {
  const found = /^(--[^=]+)=([^]*)$/.exec(word);
  return found ? [found[1], found[2]] : [word, undefined];
}

function flagValue(verb, spelled, value) {
  if (value !== undefined && value !== "true" && value !== "false")
    throw new UsageError(`${verb}: ${spelled}=${value} is neither true nor false`);
  return value !== "false";
}
