#!/usr/bin/env python3
"""Shells complete verbs, options, profiles and sessions."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import cases  # noqa: E402

SOURCE = cases.source_directory()
CLAWBOX = pathlib.Path(os.environ["CLAWBOX_BIN"])
import completions  # noqa: E402

TREE = json.loads(subprocess.run([CLAWBOX, "completion", "json"], check=True, stdout=subprocess.PIPE).stdout)
SCRIPT = """PATH={path}:$PATH
source {script}
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_clawbox
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def written(shell, directory):
    path = pathlib.Path(directory) / f"clawbox.{shell}"
    path.write_text({"bash": completions.bash, "zsh": completions.zsh, "fish": completions.fish}[shell](TREE))
    return path


def offered(*words):
    """What bash offers behind these words, the last of which is being written."""
    with tempfile.TemporaryDirectory(prefix="clawbox-docs.", dir="/var/tmp") as directory:
        script = SCRIPT.format(path=CLAWBOX.parent, script=written("bash", directory),
                               words=" ".join("'" + word + "'" for word in ("clawbox", *words)))
        ran = subprocess.run(["bash", "--norc", "-c", script], check=True, stdout=subprocess.PIPE, text=True,
                             cwd=directory, env={"PATH": os.environ["PATH"], "HOME": directory})
        return set(ran.stdout.split())


def differs(found, wanted):
    if found != wanted:
        yield f"{sorted(found)} instead of {sorted(wanted)}"


def bash_offers_every_verb():
    yield from differs(offered(""), {verb["name"] for verb in TREE["verbs"]})
    yield from differs(offered("pr"), {"profile", "prune"})


def bash_offers_every_option_of_every_verb():
    for words, verb in completions.verbs_of(TREE):
        wanted = {name for option in verb["options"] for name in option["names"]}
        yield from differs(offered(*words, "-"), wanted)


def bash_offers_profiles():
    built_in = {"base", "coding", "offline", "readonly", "openclaw", "strict"}
    for words in ["run", "--profile", ""], ["create", "--name", "x", "-p", ""], ["profile", "show", ""]:
        if not built_in <= offered(*words):
            yield f"{words}: {offered(*words)}"
    yield from differs(offered("profile", "diff", "base", "str"), {"strict"})
    yield from differs(offered("run", "--profile", "=", "cod"), {"coding"})  # as bash cuts --profile=cod
    yield from differs(offered("create", "--name", "cod"), set())


def bash_offers_directories_and_words():
    yield from differs(offered("log", "--format", ""), {"text", "json", "ocsf", "tree"})
    yield from differs(offered("fs", "work", "re"), {"read", "rename"})
    yield from differs(offered("network", "work", ""), {"allow", "deny"})
    yield from differs(offered("run", "--workspace", "/us"), {"/usr"})


def bash_offers_commands_of_the_host():
    for words in ["run", "--", "tru"], ["run", "tru"], ["exec", "work", "--", "tru"]:
        if "true" not in offered(*words):
            yield f"{words}: {offered(*words)}"


def the_program_lists_sessions():
    ran = subprocess.run([CLAWBOX, "completion", "sessions"], stdout=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        yield f"status {ran.returncode}"
    ran = subprocess.run([CLAWBOX, "completion", "nothing"], stderr=subprocess.PIPE, text=True)
    if ran.returncode != 64 or "profiles" not in ran.stderr:
        yield f"status {ran.returncode}: {ran.stderr}"


def a_name_that_nobody_may_give_is_not_offered():
    """bash expands what it is offered; a state directory may hold what another program wrote."""
    session = {"id": "", "name": "$(touch${IFS}made)", "profile": "", "workspace": "", "labels": {}, "kind": "lasting",
               "created_ms": 1, "supervisor": 1, "plan_hash": ""}
    with tempfile.TemporaryDirectory(prefix="clawbox-docs.", dir="/var/tmp") as directory:
        kept = pathlib.Path(directory) / "clawbox/sessions"
        kept.mkdir(parents=True, mode=0o700)
        kept.parent.chmod(0o700)
        for name in "good", session["name"]:
            place = kept / f"id-{len(name)}"
            place.mkdir(mode=0o700)
            (place / "session.json").write_text(json.dumps({**session, "id": place.name, "name": name}))
        ran = subprocess.run([CLAWBOX, "completion", "sessions"], stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "XDG_STATE_HOME": directory})
    yield from differs(set(ran.stdout.split()), {"good"})


def no_help_lists_the_verb_for_scripts():
    helped = subprocess.run([CLAWBOX, "--help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    if re.search(r"^  completion", helped, re.M):
        yield helped


def parses(shell):
    if not shutil.which(shell):
        raise cases.Skipped(f"{shell} is not installed")
    with tempfile.TemporaryDirectory(prefix="clawbox-docs.", dir="/var/tmp") as directory:
        ran = subprocess.run([shell, "-n", written(shell, directory)], stderr=subprocess.PIPE, text=True)
    if ran.returncode != 0 or ran.stderr:
        yield ran.stderr


def zsh_parses_its_completions():
    return parses("zsh")


def fish_parses_its_completions():
    return parses("fish")


def zsh_and_fish_know_every_option():
    zsh, fish = completions.zsh(TREE), completions.fish(TREE)
    for words, verb in completions.verbs_of(TREE):
        for name in (name for option in verb["options"] for name in option["names"]):
            if f"{name}[" not in zsh:
                yield f"zsh: {name} of {words}"
            if f" -l {name[2:]} " not in fish and f" -s {name[1:]} " not in fish:
                yield f"fish: {name} of {words}"


CASES = [bash_offers_every_verb, bash_offers_every_option_of_every_verb, bash_offers_profiles,
         bash_offers_directories_and_words, bash_offers_commands_of_the_host, the_program_lists_sessions,
         a_name_that_nobody_may_give_is_not_offered, no_help_lists_the_verb_for_scripts, zsh_parses_its_completions,
         fish_parses_its_completions, zsh_and_fish_know_every_option]

if __name__ == "__main__":
    sys.exit(cases.run(CASES))
