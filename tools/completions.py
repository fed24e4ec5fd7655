#!/usr/bin/env python3
"""completions.py bash|zsh|fish COMMAND_LINE.json: prints completions, made of what `clawbox completion json` says.

Names of profiles and sessions are asked for when somebody completes: `clawbox completion profiles` and `sessions`.
"""
import json
import pathlib
import re
import sys

ASKED = {"profile": "profiles", "session": "sessions"}


def verbs_of(tree: dict, above: tuple[str, ...] = ()):
    """(words, verb) of clawbox itself, whose words are (), of each verb and of those below it."""
    yield above, tree
    for verb in tree["verbs"]:
        yield from verbs_of(verb, (*above, verb["name"]))


def names(option: dict) -> list[str]:
    return option["names"]


def takes_command(words: tuple[str, ...], verb: dict) -> bool:
    """`exec` has its command behind `--`, the others behind their options too."""
    return verb["command"] or "COMMAND [ARG" in verb["about"]


def summary(verb: dict) -> str:
    return verb["about"].partition(": clawbox ")[0].replace("`", "")


# --- bash -------------------------------------------------------------------------------------------------------------
BASH = r"""# Completions of clawbox for bash, made by tools/completions.py.

# Sets, for the verb $1 ("profile show" is one): options, those with a VALUE as OPTION=KIND, verbs, and what its
# arguments are.
_clawbox_verb() {
  options='' values='' verbs='' arguments='' command=''
  case $1 in
@CASES@  esac
}

# Prints what can stand where a value of that kind is wanted.
_clawbox_values() {
  case $1 in
    profile) clawbox completion profiles 2>/dev/null ;;
    session) clawbox completion sessions 2>/dev/null ;;
    *,*) printf '%s\n' ${1//,/ } ;;
  esac
}

_clawbox_offer() {  # KIND CURRENT
  case $1 in
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    command) mapfile -t COMPREPLY < <(compgen -c -- "$2") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_clawbox_values "$1")" -- "$2") ;;
  esac
}

# The kind of value that the option $1 wants, when it wants one.
_clawbox_kind() {
  local entry
  for entry in $values; do
    [[ ${entry%%=*} == "$1" ]] && { printf %s "${entry#*=}"; return 0; }
  done
  return 1
}

_clawbox() {
  local options values verbs arguments command verb='' word kind i place=0
  local current=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  _clawbox_verb ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $command && ( $word == -- || ( $command == now && $word != -* ) ) ]]; then
      [[ $word == -- ]] && ((i++))
      if ((i >= COMP_CWORD)); then _clawbox_offer command "$current"
      elif declare -F _command_offset >/dev/null; then _command_offset "$i"
      else _clawbox_offer file "$current"; fi
      return
    fi
    if kind=$(_clawbox_kind "$word"); then
      [[ ${COMP_WORDS[i + 1]-} == = ]] && ((i + 1 < COMP_CWORD)) && ((i++))  # --option=value
      ((i + 1 == COMP_CWORD)) && { _clawbox_offer "$kind" "$current"; return; }
      ((i++))
    elif [[ $word != -* ]]; then
      if [[ " $verbs " == *" $word "* ]]; then verb=${verb:+$verb }$word; _clawbox_verb "$verb"
      else ((place++)); fi
    fi
  done
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ $command == now ]]; then
    _clawbox_offer command "$current"
  else
    local kinds=($arguments)
    ((place >= ${#kinds[@]} && ${#kinds[@]} > 0)) && [[ $arguments == *+ ]] && place=$((${#kinds[@]} - 1))
    kind=${kinds[place]:-}
    _clawbox_offer "${kind%+}" "$current"
    ((place == 0)) && mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$verbs" -- "$current")
  fi
}
complete -F _clawbox clawbox
"""


def bash_kind(thing: dict) -> str:
    return ",".join(thing["choices"]) + "," if "choices" in thing else thing.get("kind", "any")


def bash_case(words: tuple[str, ...], verb: dict) -> str:
    options = " ".join(name for option in verb["options"] for name in names(option))
    values = " ".join(f"{name}={bash_kind(option)}" for option in verb["options"] if option.get("value")
                      for name in names(option))
    arguments = " ".join(bash_kind(one) + ("+" if one["repeats"] else "") for one in verb["arguments"])
    below = " ".join(one["name"] for one in verb["verbs"])
    command = "now" if verb["command"] and not verb["arguments"] and words[:1] != ("exec",) else \
        "later" if takes_command(words, verb) else ""
    if words[:1] == ("exec",):
        arguments = "session"
    fields = {"options": options, "values": values, "arguments": arguments, "verbs": below, "command": command}
    lines = [f"      {name}='{text}'" for name, text in fields.items() if text]
    return f"    '{' '.join(words)}')\n" + "\n".join(lines) + " ;;\n"


def bash(tree: dict) -> str:
    return BASH.replace("@CASES@", "".join(bash_case(words, verb) for words, verb in verbs_of(tree)))


# --- zsh --------------------------------------------------------------------------------------------------------------
ZSH = r"""#compdef clawbox
# Completions of clawbox for zsh, made by tools/completions.py.

_clawbox_profiles() {
  local -a names
  names=(${(f)"$(clawbox completion profiles 2>/dev/null)"})
  compadd -a names
}
_clawbox_sessions() {
  local -a names
  names=(${(f)"$(clawbox completion sessions 2>/dev/null)"})
  compadd -a names
}
@FUNCTIONS@
_clawbox "$@"
"""


def zsh_text(text: str) -> str:
    text = re.sub(r"([\[\]:\\])", r"\\\1", text.replace("`", ""))
    return text.replace("'", "'\\''")


def zsh_action(thing: dict) -> str:
    if "choices" in thing:
        return "(" + " ".join(thing["choices"]) + ")"
    return {"directory": "_files -/", "file": "_files", "profile": "_clawbox_profiles",
            "session": "_clawbox_sessions"}.get(thing.get("kind", ""), " ")


def zsh_option(option: dict) -> list[str]:
    value = f":{zsh_text(option['value'])}:{zsh_action(option)}" if option.get("value") else ""
    others = "*" if option["repeats"] else f"({' '.join(names(option))})"
    return [f"'{others}{name}[{zsh_text(option['what'])}]{value}'" for name in names(option)]


def zsh_function(words: tuple[str, ...], verb: dict) -> str:
    called = "_".join(["_clawbox", *words])
    lines = [spec for option in verb["options"] for spec in zsh_option(option)]
    arguments = verb["arguments"] or ([{"name": "session", "kind": "session", "repeats": False}]
                                      if words[:1] == ("exec",) else [])
    if verb["verbs"]:
        listed = "".join(f"    '{zsh_text(one['name'])}:{zsh_text(summary(one))}'\n" for one in verb["verbs"])
        cases = "".join(f"        {one['name']}) {called}_{one['name']} ;;\n" for one in verb["verbs"])
        optional = "".join(f"        *) {zsh_action(one)} ;;\n" for one in arguments[:1])
        specs = " \\\n    ".join([*lines, "'1: :->verb'", "'*:: :->rest'"])
        offer = f"{zsh_action(arguments[0])}; " if arguments else ""
        return (f"{called}() {{\n  local state line curcontext=$curcontext\n  local -a verbs\n  verbs=(\n{listed}  )\n"
                f"  _arguments -C \\\n    {specs}\n  case $state in\n    verb) {offer}_describe verb verbs ;;\n"
                f"    rest)\n      case $words[1] in\n{cases}{optional}      esac ;;\n  esac\n}}\n")
    for one in arguments:
        lines.append(f"'{'*' if one['repeats'] else ''}:{zsh_text(one['name'])}:{zsh_action(one)}'")
    if takes_command(words, verb):
        lines.append("'*::command:_normal'")
    return f"{called}() {{\n  _arguments -s \\\n    " + " \\\n    ".join(lines) + "\n}\n"


def zsh(tree: dict) -> str:
    functions = [zsh_function(words, verb) for words, verb in verbs_of(tree)]
    return ZSH.replace("@FUNCTIONS@", "".join(reversed(functions)))


# --- fish -------------------------------------------------------------------------------------------------------------
FISH = r"""# Completions of clawbox for fish, made by tools/completions.py.

# Whether the words so far name exactly these verbs.
function __clawbox_at
    set -l words (commandline -opc)
    set -l found
    for word in $words[2..-1]
        string match -q -- '-*' $word; or contains -- $word @NAMES@; and set -a found $word
    end
    set found (string match -v -- '-*' $found)
    test "$found[1..2]" = "$argv"; or test "$found[1]" = "$argv"; and not contains -- "$found[1..2]" @PAIRS@
end
complete -c clawbox -f
"""


def fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("`", "") + "'"


def fish_values(thing: dict) -> str:
    if "choices" in thing:
        return " -a " + fish_text(" ".join(thing["choices"]))
    kind = thing.get("kind", "")
    if kind in ASKED:
        return f" -a '(clawbox completion {ASKED[kind]} 2>/dev/null)'"
    return {"directory": " -a '(__fish_complete_directories)'", "file": " -F"}.get(kind, "")


def fish_option(option: dict) -> str:
    flags = [f" -s {name[1:]}" if len(name) == 2 else f" -l {name[2:]}" for name in names(option)]
    value = " -r" + fish_values(option) if option.get("value") else ""
    return "".join(flags) + value + f" -d {fish_text(option['what'])}"


def fish(tree: dict) -> str:
    known = [words for words, _ in verbs_of(tree)]
    pairs = " ".join(fish_text(" ".join(words)) for words in known if len(words) == 2)
    text = FISH.replace("@NAMES@", " ".join(dict.fromkeys(words[-1] for words in known if words))).replace(
        "@PAIRS@", pairs)
    for words, verb in verbs_of(tree):
        where = "__fish_use_subcommand" if not words else f"__clawbox_at {fish_text(' '.join(words))}"
        begin = f'complete -c clawbox -n "{where}"'
        for option in verb["options"]:
            text += begin + fish_option(option) + "\n"
        for one in verb["verbs"]:
            text += f"{begin} -a {one['name']} -d {fish_text(summary(one))}\n"
        arguments = verb["arguments"] or ([{"kind": "session"}] if words == ("exec",) else [])
        offers = dict.fromkeys(fish_values(one) for one in arguments if fish_values(one))
        text += "".join(f"{begin}{offer}\n" for offer in offers)
        if takes_command(words, verb):
            text += f"{begin} -a '(__fish_complete_subcommand)'\n"
    return text


def main(shell: str, source: str) -> None:
    tree = json.loads(pathlib.Path(source).read_text(encoding="utf-8"))
    print({"bash": bash, "zsh": zsh, "fish": fish}[shell](tree), end="")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
