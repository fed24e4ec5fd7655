#!/usr/bin/env python3
"""debs.py --source DIRECTORY --build DIRECTORY: the packages in BUILD/packages, which `./tools/dev package --test` makes.

They hold what they should, lintian finds nothing, a second build makes the same bytes, `meson dist` has every file, and
the tools of Fedora and Arch make packages with the same files. What is not installed is said, and with CI=true a
failure.
"""
import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "docs"))
import cases  # noqa: E402
import others  # noqa: E402
from programs import PACKAGES, PACKAGING, SOURCE, deb, dist, fails, files_of, must, need, ran  # noqa: E402

OTHER_PLACE = {"TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C"}
# Compiled with the flags of a published package; small, so that it takes seconds without any cache.
SMALL = ("runtime/base/text.cc", "runtime/sys/clock.cc")


def the_packages_hold_what_they_should():
    program, plugin = files_of("clawbox"), files_of("clawbox-openclaw")
    wanted = ["usr/bin/clawbox", "etc/apparmor.d/usr.bin.clawbox", "usr/lib/systemd/user/clawbox.slice",
              "usr/share/bash-completion/completions/clawbox", "usr/share/zsh/vendor-completions/_clawbox",
              "usr/share/fish/vendor_completions.d/clawbox.fish", "usr/share/clawbox/profiles/coding.toml",
              "usr/share/man/man1/clawbox.1.gz", "usr/share/man/man1/clawbox-run.1.gz",
              "usr/share/man/man5/clawbox.toml.5.gz", "usr/share/man/man5/clawbox-audit.5.gz",
              "usr/share/doc/clawbox/clawbox.spdx.json", "usr/share/doc/clawbox/copyright"]
    present = set(program) | {file.removesuffix(".gz") for file in program}
    yield from (f"{file} is missing" for file in wanted if file not in present)
    if "usr/share/clawbox/openclaw-plugin/openclaw.plugin.json" not in plugin:
        yield "the plugin is missing"
    yield from (f"{mode} {file}" for file, mode in program.items() if "s" in mode[1:])
    deb("clawbox-dbgsym")


def it_depends_on_little():
    depends = ran("dpkg-deb", "--field", deb("clawbox"), "Depends").stdout.strip()
    names = {re.match(r"\S+", one)[0] for one in depends.split(", ")}
    if more := names - {"libc6", "libmnl0"}:
        yield f"also on {' '.join(sorted(more))}"
    if not re.search(r"\blibc6 \(>= 2\.(3[6-9]|[4-9]\d)", depends):  # DT_RELR
        yield f"it would be installed where it does not start: {depends}"
    if "libidn2-0" not in ran("dpkg-deb", "--field", deb("clawbox"), "Recommends").stdout:
        yield "libidn2-0 is not recommended"


def lintian_finds_nothing():
    need("lintian")
    changes, = PACKAGES.glob("*.changes")
    done = ran("lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning", changes)
    if done.returncode != 0 or re.search("^[EW]:", done.stdout, re.M):
        yield done.stdout


def a_second_build_makes_the_same_bytes():
    with tempfile.TemporaryDirectory(prefix="clawbox-other-place.", dir="/var/tmp") as name:
        words = ["sh", "-c", 'umask 027; exec "$@"', "sh", PACKAGING / "build-deb", "--work", name, "--out",
                 f"{name}/out"]
        if os.environ.get("CLAWBOX_PACKAGE_OBJECTS") == "tested":
            words.append("--tested-objects")
        given = os.environ if "--tested-objects" in words else os.environ | OTHER_PLACE
        yield from fails(*words, env={**given, "TZ": OTHER_PLACE["TZ"]})
        for file in sorted(PACKAGES.glob("*.deb")):
            again = pathlib.Path(name) / "out" / file.name
            if not again.exists() or not filecmp.cmp(file, again, shallow=False):
                yield f"{file.name} differs"


def objects_do_not_know_where_they_were_made():
    """Without ccache: with it the second build of all others is no proof for the compiler."""
    flags = ran("dpkg-buildflags", "--get", "CXXFLAGS").stdout.split()
    made = []
    with tempfile.TemporaryDirectory(prefix="clawbox-objects.", dir="/var/tmp") as name:
        for place in "first", "second-place":
            there = pathlib.Path(name) / place
            (there / "build").mkdir(parents=True)
            shutil.copytree(SOURCE / "runtime", there / "runtime")
            own = [flag for flag in flags if "prefix-map" not in flag] + [f"-ffile-prefix-map={there}=."]
            for source in SMALL:
                subprocess.run(["c++", "-std=c++20", "-D_GNU_SOURCE", *own, "-I../runtime", "-c", f"../{source}", "-o",
                                "made.o"], cwd=there / "build", check=True)
                made.append((there / "build/made.o").read_bytes())
    if made[:len(SMALL)] != made[len(SMALL):]:
        yield "they differ"


def meson_dist_has_every_file():
    _, tarball = dist()
    packed = {line.partition("/")[2] for line in must("tar", "-tf", tarball).splitlines()}
    known = must("git", "-C", SOURCE, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    yield from (f"{file} is missing" for file in known if file not in packed)


CASES = [the_packages_hold_what_they_should, it_depends_on_little, lintian_finds_nothing,
         a_second_build_makes_the_same_bytes, objects_do_not_know_where_they_were_made, meson_dist_has_every_file,
         *others.CASES]

if __name__ == "__main__":
    sys.exit(cases.run(CASES, count=""))
