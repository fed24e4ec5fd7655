"""Programs that the tests of packages run, and what they run them on."""
import functools
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

SOURCE, BUILD = cases.directories()
PACKAGES = BUILD / "packages"
PACKAGING = SOURCE / "packaging"


def need(tool):
    if not shutil.which(tool):
        raise cases.Skipped(f"{tool} is not installed")


def ran(*words, **options):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def fails(*words, **options):
    done = ran(*words, **options)
    if done.returncode != 0:
        yield done.stdout[-4000:]


def must(*words, **options):
    done = ran(*words, **options)
    assert done.returncode == 0, f"{words[0]}: {done.stdout[-4000:]}"
    return done.stdout


def deb(name):
    found = list(PACKAGES.glob(f"{name}_*.deb"))
    assert len(found) == 1, f"{PACKAGES} holds {len(found)} packages {name}"
    return found[0]


def files_of(name):
    """The files of that Debian package, with their modes."""
    listed = ran("dpkg-deb", "--contents", deb(name)).stdout.splitlines()
    return {line.split()[5].removeprefix("./"): line.split()[0] for line in listed if not line.split()[5].endswith("/")}


@functools.cache
def dist():
    """What is committed, as a tarball of `meson dist`. Its directory goes with the object that comes first."""
    need("git")
    if not (SOURCE / ".git").exists():
        raise cases.Skipped("this is no git repository")
    directory = tempfile.TemporaryDirectory(prefix="clawbox-dist.", dir="/var/tmp")
    os.chmod(directory.name, 0o755)
    place = pathlib.Path(directory.name)
    must("git", "clone", "--quiet", SOURCE, place / "clone")
    must("meson", "setup", "-Dtests=false", place / "build", place / "clone")
    must("meson", "dist", "-C", place / "build", "--no-tests")
    version = re.search(r"version: '(.*)',", (SOURCE / "meson.build").read_text())[1]
    return directory, place / "build/meson-dist" / f"clawbox-{version}.tar.xz"
