"""A bare Debian as the root of its own mount, pid and ipc namespaces; only root can make one.

Packages come from where the machine's own apt gets them, and are cached, as the bare roots are, in
~/.cache/clawbox/fresh. A root is thrown away with what was done in it: nothing of it stays mounted, running, or on the
disk.
"""
import contextlib
import hashlib
import inspect
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tests/system"))
import image  # noqa: E402

TOOLS = ("mmdebstrap", "unshare", "tar", "git", "apt-get")

def is_nobodys(uid):
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return True
    return False


# Who may become root in there must be none of the host's users.
USER_ID = next(uid for uid in range(59999, 50000, -1) if is_nobodys(uid))
# In the namespaces, as root: what a machine has mounted, and directories of ours; then the rest as the user.
INSIDE = r"""
set -eu
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys" || true
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 pts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
shift
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
# Not chroot(2): who is in one may make no user namespace.
cd "$root"
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
# No exec: whoever changes the user is no longer killed with the parent, and the first process is what ends the others.
status=0
"${@:2}" || status=$?
exit $status
"""


def output(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def directory(path):
    path.mkdir(parents=True, exist_ok=True)
    return path


def cache_directory():
    given = os.environ.get("XDG_CACHE_HOME")
    return directory((pathlib.Path(given) if given else pathlib.Path.home() / ".cache") / "clawbox/fresh")


def sources_of_machine(suite):
    """What the machine's apt has of Debian, for that suite."""
    targets = output("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE)", "Created-By: Packages")
    found = [(uri, release) for origin, uri, release in re.findall(r"^(\S+) (\S+) (\S+)$", targets, re.M)
             if origin == "Debian"]
    lines = [f"deb [check-valid-until=no check-date=no] {uri} {re.sub('^[a-z]+', suite, release)} main\n"
             for uri, release in dict.fromkeys(found)]
    return "".join(lines) or sys.exit("fresh: apt on this machine knows no Debian repository")


def settings_of_apt():
    """A proxy, if there is one."""
    return "".join(re.findall(r"^Acquire::\S+::Proxy .*\n", output("apt-config", "dump"), re.M))


def bare(suite, packages):
    """A tar of the distribution's least, and these packages with what they depend on."""
    key = hashlib.sha256(repr((packages, inspect.getsource(bare))).encode()).hexdigest()[:12]
    purpose = pathlib.Path(sys.argv[0]).name
    archive = cache_directory() / f"{purpose}-{suite}-{key}.tar"
    if archive.exists():
        return archive
    for old in archive.parent.glob(f"{purpose}-{suite}-*.tar"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="fresh.", dir=archive.parent) as name:
        options = re.findall(r"^(Acquire::\S+::Proxy) (.*);$", settings_of_apt(), re.M)
        # The namespace of mounts: as in image.py.
        subprocess.run(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                        "mmdebstrap", "--quiet", "--mode=root",
                        "--variant=minbase", "--include=" + ",".join(packages),
                        *(f"--aptopt={what} {value}" for what, value in options),
                        "--aptopt=Acquire::Check-Date \"false\"", "--aptopt=Acquire::Check-Valid-Until \"false\"",
                        suite, f"{name}/root.tar", f"deb {image.debian_mirror()} {suite} main"], check=True,
                       env={**os.environ, "TMPDIR": name}, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        os.rename(f"{name}/root.tar", archive)
    return archive


def copy_checkout(target):
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            check=True, stdout=subprocess.PIPE).stdout
    for name in (os.fsdecode(one) for one in listed.split(b"\0") if one):
        if (SOURCE / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, target / name)


@contextlib.contextmanager
def thrown_away(suite, packages):
    """The path of such a root, with an ordinary user `dev`, in whose home a copy of this checkout is."""
    archive = bare(suite, packages)
    with tempfile.TemporaryDirectory(prefix="clawbox-fresh.", dir="/var/tmp") as name:
        root = directory(pathlib.Path(name) / "root")
        subprocess.run(["tar", "-C", root, "--numeric-owner", "-xpf", archive], check=True)
        for file in "/etc/hosts", "/etc/resolv.conf":
            if os.path.exists(file):
                shutil.copy(file, root / file[1:])
        copy_checkout(root / "home/dev/clawbox")  # before it is anybody's but root's
        subprocess.run(["chroot", root, "useradd", "--home-dir", "/home/dev", "--uid", str(USER_ID), "--shell",
                        "/bin/bash", "dev"], check=True)
        subprocess.run(["chown", "-R", f"{USER_ID}:{USER_ID}", root / "home/dev"], check=True)
        yield root


def run_inside(root, script, mounts, environment, seconds, network=True):
    """The script's status, run by bash as the user. Of each mount: its source, its target, `ro` or `rw`."""
    # For ccache the locale is a part of the source.
    locale = {name: value for name, value in os.environ.items() if name.startswith(("LANG", "LC_"))}
    environment = {**locale, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   "HOME": "/home/dev", "USER": "dev", "CCACHE_NOHASHDIR": "1", **environment}
    namespaces = ["--mount", "--pid", "--ipc", "--uts", *([] if network else ["--net"])]
    user = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--init-groups", "--inh-caps=-all"]
    words = ["unshare", *namespaces, "--fork", "--kill-child", "--propagation", "private", "bash", "-c", INSIDE, "bash",
             root, *(word for mount in mounts for word in mount), "--",
             *user, "env", "-i", *(f"{name}={value}" for name, value in environment.items()), "bash", "-ec", script]
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        log = root / "home/dev/log"  # of the step that stands still, where the script keeps one
        print(log.read_text(errors="replace")[-4000:] if log.exists() else "",
              f"fresh: not done after {seconds} seconds", sep="\n", file=sys.stderr)
        return 124


def prepare_machine():
    """The outside is fit for it, or the end with the reason."""
    os.umask(0o022)
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        sys.exit(f"fresh: {'not installed: ' + ' '.join(missing) if missing else 'only root can'}")
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda *_: sys.exit(143))  # so that what was begun is removed
