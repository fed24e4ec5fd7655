#!/usr/bin/env python3
"""image.py SUITE: prints the directory of an image of that Debian suite, which is built when the cache has none. Root.

The directory holds what machine.py boots: `vmlinux`, `initrd`, `root.img`, and `release`, the kernel's. Everything is
of Debian's packages, from where the machine's own apt gets them. The key in its name is a hash of this file and of
inside/agent, so an edit makes a new one; CLAWBOX_VM_FRESH=1 makes a new one of today's packages.
"""
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
UNUSED_DAYS = 14
# What a session of an ordinary user, and the tests themselves, need.
PACKAGES = """apparmor busybox-static dbus dbus-user-session kmod libmnl0 libnss-systemd libpam-systemd
  nftables passwd procps strace systemd systemd-sysv udev uidmap git e2fsprogs quota xfsprogs""".split()
# Each costs seconds at the boot or wakes up in the middle of a test.
MASKED = """apparmor.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
  e2scrub_reap.service fstrim.timer getty@tty1.service ldconfig.service quota.service quotaon.service
  quotarpc.service serial-getty@ttyS0.service
  systemd-hwdb-update.service systemd-journal-flush.service systemd-timesyncd.service systemd-tmpfiles-clean.timer
  systemd-udevd.service systemd-udev-trigger.service""".split()
# Here an administrator gave users every controller; elsewhere they have what systemd gives by itself.
DELEGATING = {"trixie"}
UNIT = """[Unit]
Wants=user@1000.service
After=basic.target dbus.service systemd-logind.service systemd-user-sessions.service user@1000.service
[Service]
ExecStart=/usr/local/lib/clawbox-vm/agent
StandardOutput=null
"""
INIT = """#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
for module in $(busybox cat /modules/order); do busybox insmod /modules/$module; done
while [ ! -b /dev/vda ]; do busybox usleep 20000; done
busybox mount -t ext4 -o noatime /dev/vda /root
busybox mount -o move /dev /root/dev
exec busybox switch_root /root /lib/systemd/systemd
"""
# Debian's package of the kernel without its dependencies, which would make an initrd of their own.
KERNEL_HOOK = """#!/bin/sh
set -eu
work=$(mktemp -d)
cd "$work"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)
apt-get -q -o APT::Sandbox::User=root download "$kernel" >&2
dpkg-deb --fsys-tarfile linux-image-*.deb | tar -x --keep-directory-symlink -C "$1"
rm -rf "$work"
"""


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL, **options)


def output(*words):
    return run(*words, stdout=subprocess.PIPE, text=True).stdout


def debian_mirror():
    """Where the machine's apt gets Debian itself from: not its updates, which not every mirror has for every suite."""
    targets = output("apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE)", "Created-By: Packages")
    for origin, uri, release in re.findall(r"^(\S+) (\S+) (\S+)$", targets, re.M):
        if origin == "Debian" and "-" not in release:
            return uri
    sys.exit("image: apt on this machine knows no Debian repository")


def unpack_packages(suite, root, work):
    hook = work / "kernel-hook"
    hook.write_text(KERNEL_HOOK)
    hook.chmod(0o755)
    options = [f"--aptopt=Acquire::Check-{what} \"false\"" for what in ("Date", "Valid-Until")]
    settings = output("apt-config", "dump", "--format=--aptopt=%F \"%v\"%n")
    options += re.findall(r"^--aptopt=Acquire::\S+::Proxy .*$", settings, re.M)
    options += [f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("doc", "info", "locale", "man")]
    # In a pid namespace: whatever ends this program ends apt and dpkg, too. In a mount namespace: mmdebstrap binds the
    # host's /dev/shm into the tree, and the tree is removed where it was ended before it could unmount that.
    run("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "mmdebstrap", "--quiet",
        "--mode=root", "--variant=minbase", "--format=directory", "--include=" + ",".join(PACKAGES), f"--customize-hook={hook}", *options,
        suite, root, f"deb {debian_mirror()} {suite} main", stdout=sys.stderr)


def furnish(root, suite):
    """The ordinary user with a lingering session, and the agent instead of what nobody needs here."""
    if suite in DELEGATING:
        drop_in = root / "etc/systemd/system/user@.service.d/delegate.conf"
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("[Service]\nDelegate=cpu cpuset io memory pids\n")
    run("chroot", root, "useradd", "--create-home", "--uid", "1000", "--shell", "/bin/bash", "tester")
    for path, text in {"etc/hostname": "clawbox-vm\n", "etc/hosts": "127.0.0.1 localhost clawbox-vm\n", "etc/fstab": "",
                       "etc/machine-id": "0" * 31 + "1\n", "var/lib/systemd/linger/tester": "",
                       "etc/systemd/journald.conf.d/volatile.conf": "[Journal]\nStorage=volatile\n",
                       "etc/systemd/system/clawbox-vm.service": UNIT, "etc/apt/sources.list": ""}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "clawbox-vm.service").symlink_to("../clawbox-vm.service")
    (root / "usr/local/lib/clawbox-vm").mkdir(parents=True)
    shutil.copy(HERE / "inside/agent", root / "usr/local/lib/clawbox-vm")


def decompressed_kernel(image):
    """The ELF file in a bzImage (Documentation/arch/x86/boot.rst), which qemu starts by PVH: unpacking it in the guest
    would take longer than the rest of the boot."""
    data = image.read_bytes()
    setup = ((data[0x1F1] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", data, 0x248)
    payload = data[setup + offset:setup + offset + length]
    if payload.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(payload)
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(payload)
    program = "lz4" if payload.startswith(b"\x02!L\x18") else "zstd"
    # Its status means nothing: behind the stream stands the kernel's size, which is no part of it.
    return subprocess.run([program, "-dc"], input=payload, capture_output=True).stdout


def module_files(root, release):
    """The modules that reach and read the root disk, each after those it needs."""
    run("chroot", root, "/sbin/depmod", release)
    files = []
    for module in ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4"):
        listed = subprocess.run(["chroot", root, "/sbin/modprobe", "-S", release, "--show-depends", module],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        files += re.findall(r"^insmod /(\S+)", listed, re.M)
    return [root / file for file in dict.fromkeys(files)]


def write_initrd(root, release, target, work):
    tree = work / "initrd"
    for directory in ("bin", "dev", "modules", "root"):
        (tree / directory).mkdir(parents=True)
    shutil.copy(root / "bin/busybox", tree / "bin")
    order = []
    for file in module_files(root, release):
        content = lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()
        order.append(file.name.removesuffix(".xz"))
        (tree / "modules" / order[-1]).write_bytes(content)
    (tree / "modules/order").write_text("\n".join(order) + "\n")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    with open(target, "wb") as archive:
        run("sh", "-c", f"cd {tree} && find . | {root}/bin/busybox cpio -o -H newc", stdout=archive,
            stderr=subprocess.DEVNULL)


def build(suite, directory, work):
    root, image = work / "root", work / "image"
    image.mkdir()
    unpack_packages(suite, root, work)
    furnish(root, suite)
    release = next((root / "lib/modules").iterdir()).name
    kernel = decompressed_kernel(root / f"boot/vmlinuz-{release}")
    if not kernel.startswith(b"\x7fELF"):
        sys.exit("image: the kernel is compressed in a way that is not known here")
    (image / "vmlinux").write_bytes(kernel)
    write_initrd(root, release, image / "initrd", work)
    shutil.rmtree(root / "boot")
    run("truncate", "--size=3G", image / "root.img")
    run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", root, image / "root.img")
    (image / "release").write_text(release)
    shutil.rmtree(directory, ignore_errors=True)
    image.rename(directory)


def cache():
    given = os.environ.get("XDG_CACHE_HOME")
    return (pathlib.Path(given) if given else pathlib.Path.home() / ".cache") / "clawbox/vm"


def image_directory(suite):
    content = b"".join(file.read_bytes() for file in (pathlib.Path(__file__), HERE / "inside/agent"))
    return cache() / f"{suite}-{hashlib.sha256(content).hexdigest()[:12]}"


def remove_unused(kept):
    for directory in cache().iterdir():
        if directory != kept and time.time() - directory.stat().st_mtime > UNUSED_DAYS * 86400:
            shutil.rmtree(directory, ignore_errors=True)


def main(suite):
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda *_: sys.exit(143))  # so that what was begun is removed
    directory = image_directory(suite)
    directory.parent.mkdir(parents=True, exist_ok=True)
    if not directory.exists() or os.environ.get("CLAWBOX_VM_FRESH") == "1":
        if os.geteuid() != 0:
            sys.exit("image: there is none yet, and only root can build one")
        with tempfile.TemporaryDirectory(prefix="build.", dir=cache(), ignore_cleanup_errors=True) as work:
            build(suite, directory, pathlib.Path(work))
    directory.touch()
    remove_unused(directory)
    print(directory)


if __name__ == "__main__":
    main(*sys.argv[1:])
