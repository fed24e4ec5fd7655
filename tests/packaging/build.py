#!/usr/bin/env python3
"""What packages promise, as far as a build shows it: the same files everywhere, one version, a hardened program."""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "docs"))
import cases  # noqa: E402

SOURCE, BUILD = cases.directories()
CLAWBOX = os.environ["CLAWBOX_BIN"]
PACKAGING = SOURCE / "packaging"


def output(*words, **options):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def introspected(what):
    return json.loads(output("meson", "introspect", f"--{what}", BUILD))


def installed():
    """What `meson install` writes, without the prefix; a directory stands for what is in it."""
    prefix = next(option["value"] for option in introspected("buildoptions") if option["name"] == "prefix")
    return {str(pathlib.PurePath(path)).removeprefix(prefix).lstrip("/")
            for paths in introspected("installed").values() for path in [paths]}


def claimed(patterns, files):
    """Which of the files, and of the patterns, nothing of the other side stands for."""
    def covers(pattern, file):
        return fnmatch.fnmatch(file, pattern) or fnmatch.fnmatch(file, pattern.rstrip("/") + "/*")
    for file in sorted(files):
        if not any(covers(pattern, file) for pattern in patterns):
            yield f"{file} is in no package"
    for pattern in sorted(patterns):
        if not any(covers(pattern, file) for file in files):
            yield f"{pattern} names nothing that is installed"


def without_differences(paths):
    """Where the distributions put the same thing elsewhere."""
    for path in paths:
        path = path.removeprefix("usr/").replace("zsh/vendor-completions", "zsh/site-functions")
        yield path if not path.startswith("/etc/") else path.lstrip("/")


def files_of_build():
    files = set(installed())
    if not any(file.endswith("clawbox.1") for file in files):
        raise cases.Skipped("scdoc is not installed, so there are no manual pages")
    return {file for file in files if "apparmor.d" not in file}


def debian_has_every_file():
    lists = (PACKAGING / "debian" / f"{name}.install" for name in ("clawbox", "clawbox-openclaw"))
    patterns = {line for file in lists for line in without_differences(file.read_text().split())}
    return claimed({pattern for pattern in patterns if "apparmor.d" not in pattern}, files_of_build())


def rpm_has_every_file():
    spec = (PACKAGING / "rpm/clawbox.spec").read_text()
    places = {"_bindir": "bin", "_datadir": "share", "_mandir": "share/man", "_docdir": "share/doc",
              "_userunitdir": "lib/systemd/user", "name": "clawbox"}
    patterns = set()
    for section in re.findall(r"^%files.*\n((?:[%/].*\n)+)", spec, re.M):
        for line in section.splitlines():
            if line.startswith(("%license", "%dir")):
                continue
            path = line.split()[-1]
            for macro, place in places.items():
                path = path.replace("%{" + macro + "}", place)
            patterns.add(path)
    return claimed(patterns, files_of_build())


def arch_takes_what_meson_installs():
    text = (PACKAGING / "arch/PKGBUILD").read_text()
    if subprocess.run(["bash", "-n", PACKAGING / "arch/PKGBUILD"]).returncode != 0:
        yield "bash does not read it"
    for needed in "--destdir \"$pkgdir\"", "usr/share/clawbox/openclaw-plugin":
        if needed not in text:
            yield f"it lacks {needed}"


def there_is_one_version():
    version = re.search(r"version: '(.*)',", (SOURCE / "meson.build").read_text())[1]
    found = {
        "clawbox --version": output(CLAWBOX, "--version").split()[-1],
        "packaging/CHANGELOG.md": re.search(r"^## (\S+) ", (PACKAGING / "CHANGELOG.md").read_text(), re.M)[1],
        "packaging/rpm/clawbox.spec": re.search(r"^Version:\s+(\S+)", (PACKAGING / "rpm/clawbox.spec").read_text(),
                                                re.M)[1],
        "packaging/arch/PKGBUILD": re.search(r"^pkgver=(\S+)", (PACKAGING / "arch/PKGBUILD").read_text(), re.M)[1],
        **{f"tools/openclaw-plugin/{name}": json.loads((SOURCE / "tools/openclaw-plugin" / name).read_text())["version"]
           for name in ("package.json", "openclaw.plugin.json")},
    }
    yield from (f"{where} says {said}, meson.build {version}" for where, said in found.items() if said != version)


def the_maintainer_has_one_place():
    address = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
    files = [SOURCE / "meson.build", *(file for file in PACKAGING.rglob("*") if file.is_file())]
    found = [(file.relative_to(SOURCE), match) for file in files for match in address.findall(file.read_text())]
    maintainer = re.search(r"^Maintainer: .*<(.*)>$", (PACKAGING / "debian/control").read_text(), re.M)[1]
    if [match for _, match in found] != [maintainer]:
        yield f"addresses: {found}"


def the_program_is_hardened():
    header, dynamic = output("readelf", "-hW", CLAWBOX), output("readelf", "-dW", CLAWBOX)
    program, symbols = output("readelf", "-lW", CLAWBOX), output("readelf", "--dyn-syms", "-W", CLAWBOX)
    shown = {
        "position independent": "Type:                              DYN" in header,
        "all of it bound at the start": "BIND_NOW" in dynamic or "FLAGS_1" in dynamic and " NOW" in dynamic,
        "relocations read-only": "GNU_RELRO" in program,
        "no executable stack": re.search(r"GNU_STACK.* RW  ", program),
        "a guard on the stack": "__stack_chk_fail" in symbols,
        "checked calls of libc": re.search(r"__\w+_chk@", symbols),
        "no search path of its own": "RUNPATH" not in dynamic and "RPATH" not in dynamic,
    }
    yield from (f"it lacks: {what}" for what, is_so in shown.items() if not is_so)
    if shutil.which("hardening-check"):
        # Debian 12's own archives lack the mark of IBT, so the linker drops ours.
        ran = subprocess.run(["hardening-check", "--nocfprotection", CLAWBOX], stdout=subprocess.PIPE, text=True)
        yield from ([ran.stdout] if ran.returncode != 0 else [])


def no_program_is_privileged():
    mode = os.stat(CLAWBOX).st_mode
    if mode & 0o6000:
        yield f"mode {mode:o}"


def every_library_has_its_reason():
    """ldd stays short: what the program needs, and what it is made of, stands in packaging/README.md."""
    readme = (PACKAGING / "README.md").read_text()
    table = readme.split("## Libraries")[1].split("\n## ")[0]
    needed = re.findall(r"NEEDED.*\[(\S+?)\.so", output("readelf", "-dW", CLAWBOX))
    yield from (f"{name} is not in the table" for name in needed if f"`{name}`" not in table)
    if len(needed) > 10:
        yield f"{len(needed)} libraries: {' '.join(needed)}"
    static = next(option["value"] for option in introspected("buildoptions") if option["name"] == "few_libraries")
    if static and (more := {"libstdc++", "libgcc_s", "libfmt", "libtomlplusplus"} & set(needed)):
        yield f"not linked in: {' '.join(more)}"


def the_bill_of_materials_names_every_library():
    import sbom
    words = ["fmt=9.1.0=static", "libmnl=1.0.4=shared", "libidn2==loaded"]
    made = sbom.document("0.1.0", (PACKAGING / "CHANGELOG.md").read_text(), [tuple(word.split("=")) for word in words])
    if {one["name"] for one in made["packages"]} != {"clawbox", "fmt", "libmnl", "libidn2"}:
        yield f"packages: {made['packages']}"
    listed = re.findall(r"'(\w+)': ", re.search(r"foreach name, how : \{(.*?)\}",
                        (PACKAGING / "doc/meson.build").read_text(), re.S)[1])
    dependencies = {one["name"] for one in introspected("dependencies")} - {"catch2", "dl", "threads"}
    yield from (f"{name} is missing from packaging/doc/meson.build" for name in dependencies - set(listed))
    yield from (f"{name} has no license" for name in listed if name not in sbom.LICENSES)
    built = json.loads((BUILD / "packaging/doc/clawbox.spdx.json").read_text())
    static = {one["relatedSpdxElement"].removeprefix("SPDXRef-") for one in built["relationships"]
              if one["relationshipType"] == "STATIC_LINK"}
    needed = re.findall(r"NEEDED.*\[(\S+?)\.so", output("readelf", "-dW", CLAWBOX))
    yield from (f"{name} is called static, and is shared" for name in needed if {name, name[3:]} & static)


def both_files_of_systemd_say_the_same():
    shipped = re.search(r"^Delegate=(.*)$", (PACKAGING / "systemd/delegate.conf").read_text(), re.M)[1]
    if f"Delegate={shipped}\\\\n" not in (SOURCE / "runtime/plan/groups.h").read_text():
        yield f"delegate.conf says {shipped}, and what doctor prints another thing"


def apparmor_takes_the_profile():
    parser = shutil.which("apparmor_parser", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    abi = pathlib.Path("/etc/apparmor.d/abi/4.0")
    features = abi if abi.exists() else abi.with_name("3.0")
    profile = BUILD / "packaging/apparmor/usr.bin.clawbox"
    if not parser or not features.exists():
        return  # .ci/run, which builds the package, has it
    ran = subprocess.run([parser, "-Q", "-K", "-M", features, "--warn=all", profile], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    if ran.returncode != 0 or ran.stdout:
        yield ran.stdout or f"status {ran.returncode}"


CASES = [debian_has_every_file, rpm_has_every_file, arch_takes_what_meson_installs, there_is_one_version,
         the_maintainer_has_one_place, the_program_is_hardened, no_program_is_privileged, every_library_has_its_reason,
         the_bill_of_materials_names_every_library, both_files_of_systemd_say_the_same, apparmor_takes_the_profile]

if __name__ == "__main__":
    sys.exit(cases.run(CASES))
