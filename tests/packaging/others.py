"""Fedora's and Arch's packages: built of the tarball by Debian's rpmbuild and makepkg, they hold the files of Debian's.

For what those distributions have and Debian lacks, macros and a wrapper of meson, others/ stands; so this is no proof
for their compilers and libraries. ccache gives the objects that were tested, as in build-deb.
"""
import contextlib
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import shutil
import tempfile

from programs import PACKAGING, SOURCE, dist, files_of, must, need, ran

STAND_INS = SOURCE / "tests/packaging/others"
# Documents, and what only dpkg, AppArmor or a debugger reads.
OWN = re.compile(r"^(usr/share/(doc/.*/(copyright|changelog.*|CHANGELOG\.md|README\.md(\.gz)?)|licenses/.*|lintian/.*)|"
                 r"usr/share/clawbox/openclaw-plugin/README\.md|usr/lib/\.build-id/.*|etc/apparmor\.d/.*|\..*)$")


def the_same_everywhere(files):
    return {file.replace("zsh/vendor-completions", "zsh/site-functions").removesuffix(".gz")
            for file in files if not OWN.match(file)}


def differences(name, files):
    wanted, found = the_same_everywhere(files_of(name)), the_same_everywhere(files)
    yield from (f"{name} has no {file}" for file in sorted(wanted - found))
    yield from (f"{name} has {file}, and Debian's has not" for file in sorted(found - wanted))


@contextlib.contextmanager
def workshop(purpose):
    """A directory, and an environment whose compiler gives what was tested."""
    need("ccache")
    loader = importlib.machinery.SourceFileLoader("build_deb", str(PACKAGING / "build-deb"))
    build_deb = importlib.util.module_from_spec(importlib.util.spec_from_loader("build_deb", loader))
    loader.exec_module(build_deb)
    with tempfile.TemporaryDirectory(prefix=f"clawbox-{purpose}.", dir="/var/tmp") as name:
        os.chmod(name, 0o755)
        work = pathlib.Path(name)
        compiler = {"CXX": build_deb.as_tests_compile(work)["CXX"]}
        objects = {"CCACHE_DIR": must("ccache", "--get-config", "cache_dir").strip()}
        options = {"MESON_OPTIONS": "-Dwerror=true" if os.environ.get("CI") == "true" else "-Dwerror=false"}
        yield work, {**os.environ, "HOME": name, **compiler, **objects, **options}


def files_of_rpm(package):
    listed = must("rpm", "-qp", "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]", package).splitlines()
    return [line.split()[1].lstrip("/") for line in listed if not line.startswith("d")]


def rpmbuild_makes_packages_with_the_same_files():
    for tool in "rpmbuild", "rpmlint":
        need(tool)
    spec = PACKAGING / "rpm/clawbox.spec"
    _, tarball = dist()
    with workshop("rpm") as (work, environment):
        must("rpmbuild", "-bb", "--nodeps", f"--load={STAND_INS}/fedora.macros", "--define", f"_topdir {work}",
             "--define", f"_sourcedir {tarball.parent}", spec, env=environment)
        made = {file.name.split("-0")[0]: file for file in work.glob("RPMS/*/*.rpm")}
        for name in "clawbox", "clawbox-openclaw":
            yield from differences(name, files_of_rpm(made[name]))
        said = ran("rpmlint", "--config", PACKAGING / "rpm/rpmlint.toml", spec, *made.values()).stdout
        if not re.search(r"0 errors, 0 warnings", said):
            yield said


def not_as_root():
    """makepkg refuses root, who stays the one that may write here: another number for the same user."""
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []


def makepkg_makes_packages_with_the_same_files():
    for tool in "makepkg", "bsdtar":
        need(tool)
    _, tarball = dist()
    with workshop("arch") as (work, environment):
        for file in PACKAGING / "arch/PKGBUILD", tarball:
            shutil.copy(file, work)
        shutil.copytree(STAND_INS, work / "bin")  # not where our compiler is, which looks for the true one
        environment["PATH"] = f"{work}/bin:{environment['PATH']}"
        must(*not_as_root(), "makepkg", "--config", STAND_INS / "makepkg.conf", "--nodeps", cwd=work,
             env={**environment, "PACMAN": "true"})
        for name in "clawbox", "clawbox-openclaw":
            package, = work.glob(f"{name}-0*.pkg.tar")
            listed = must("bsdtar", "-tf", package).splitlines()
            yield from differences(name, [file for file in listed if not file.endswith("/")])


CASES = [rpmbuild_makes_packages_with_the_same_files, makepkg_makes_packages_with_the_same_files]
