"""Virtual machines by qemu: boots an image of image.py once, keeps a snapshot, and resumes that for every run.

The processor is always emulated. /dev/kvm may open where it is slower than that, or does not work at all: a machine
that is virtual itself, for instance. Whoever knows better sets CLAWBOX_VM_ACCEL=kvm.
"""
import asyncio
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

BOOT_SECONDS = 300
INPUT_BYTES, OUTPUT_BYTES = 512 << 20, 64 << 20  # a resumed guest must find the disks that it knew
# The clock is the HPET: a time stamp counter that was calibrated under load ran 40 times too fast once. The rest is
# quicker under emulation.
KERNEL_WORDS = """console=ttyS0 quiet panic=-1 clocksource=hpet tsc=unstable no_timer_check mitigations=off nokaslr
  audit=0 init_on_alloc=0 hardened_usercopy=off random.trust_cpu=on cryptomgr.notests transparent_hugepage=never
  kfence.sample_interval=0 rcupdate.rcu_expedited=1 rcupdate.rcu_cpu_stall_suppress=1 systemd.show_status=0"""
# Without cx16: behind an emulated cmpxchg16b, by which Linux 6.12 allocates memory, qemu 7.2 gave the kernel wrong flags
# once in a few minutes, and it panicked.
PROCESSOR = "Nehalem,+rdrand,-cx16"


class MachineError(Exception):
    pass


def qemu_words(image):
    accelerator = os.environ.get("CLAWBOX_VM_ACCEL", "tcg,thread=multi,tb-size=512")
    return ["qemu-system-x86_64", "-accel", accelerator, "-cpu", PROCESSOR, "-machine", "q35", "-smp", "1",
            "-m", "4096", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", f"{image}/vmlinux", "-initrd", f"{image}/initrd", "-append", " ".join(KERNEL_WORDS.split())]


def create_disk(path, size):
    with open(path, "ab") as disk:
        disk.truncate(size)


def create_overlay(path, below, file_format):
    """What the guest writes goes here, so that each run begins with the same root."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", file_format, path], check=True)


class Machine:
    """A running qemu in a directory that holds its disks `root`, `in` and `out`. Use it as an asynchronous context."""

    def __init__(self, image, directory, *more_words):
        self.console, self.socket = directory / "console", directory / "qmp"
        self.errors = directory / "qemu.err"
        self.words = [*qemu_words(image), "-serial", f"file:{self.console}", *more_words,
                      "-qmp", f"unix:{self.socket},server=on,wait=off"]
        for name, file_format in ("root", "qcow2"), ("in", "raw"), ("out", "raw"):
            self.words += ["-drive", f"if=none,id={name},file={directory / name},format={file_format},cache=unsafe",
                           "-device", f"virtio-blk-pci,drive={name}"]

    async def __aenter__(self):
        with open(self.errors, "wb") as errors:
            # Should this program be killed, the kernel ends qemu.
            self.process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "KILL", *self.words, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()

    def text(self):
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    async def uptime_at(self, event):
        """Waits until the agent tells `event`; the guest's uptime then."""
        while True:
            ended = self.process.returncode is not None
            told = re.search(rf"clawbox-vm: {event} ([0-9.]+)\s", self.text())
            if told:
                return float(told[1])
            if ended:
                why = self.errors.read_text() + self.text()[-2000:]
                raise MachineError(f"the machine ended before the guest had {event}:\n{why}")
            await asyncio.sleep(0.1)

    async def command(self, name, **arguments):
        """One command of the QEMU Machine Protocol."""
        while not self.socket.exists():
            await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_unix_connection(self.socket)
        try:
            for message in {"execute": "qmp_capabilities"}, {"execute": name, "arguments": arguments}:
                writer.write(json.dumps(message).encode() + b"\n")
                answer = {}
                while not {"return", "error"} & answer.keys():  # the greeting and events stand between
                    answer = json.loads(await reader.readline())
                if "error" in answer:
                    raise MachineError(f"qemu refuses {name}: {answer['error']['desc']}")
            return answer["return"]
        finally:
            writer.close()

    async def save(self, file):
        await self.command("stop")
        await self.command("migrate-set-parameters", **{"max-bandwidth": 1 << 33})
        await self.command("migrate", uri=f"exec:cat >{file}")
        while (state := (await self.command("query-migrate"))["status"]) != "completed":
            if state in ("failed", "cancelled"):
                raise MachineError("qemu could not write the snapshot")
            await asyncio.sleep(0.2)

    async def resume(self):
        while (await self.command("query-status"))["status"] == "inmigrate":
            await asyncio.sleep(0.1)
        await self.command("cont")


async def snapshot_of(image):
    """The machine as it was after its boot, a directory with `root` and `state`: one for each qemu and its words."""
    version = subprocess.run(["qemu-system-x86_64", "--version"], check=True, stdout=subprocess.PIPE).stdout
    key = hashlib.sha256(repr((version, qemu_words(image), INPUT_BYTES, OUTPUT_BYTES)).encode()).hexdigest()[:12]
    snapshot = image / f"snapshot-{key}"
    if snapshot.exists():
        return snapshot
    with tempfile.TemporaryDirectory(prefix="boot.", dir=image) as name:
        work = pathlib.Path(name)
        create_overlay(work / "root", image / "root.img", "raw")
        create_disk(work / "in", INPUT_BYTES)
        create_disk(work / "out", OUTPUT_BYTES)
        (work / "kept").mkdir()
        async with asyncio.timeout(BOOT_SECONDS), Machine(image, work) as machine:
            await machine.uptime_at("booted")
            await asyncio.sleep(2)  # units that nothing waits for
            await machine.save(work / "kept/state")
        (work / "root").rename(work / "kept/root")
        (work / "kept").rename(snapshot)
    return snapshot


def check_clocks(inside, outside):
    if abs(inside - outside) > 5 + 0.2 * outside:
        raise MachineError(f"the guest's clock went wrong: {inside:.0f} s inside, {outside:.0f} s outside")


async def run_payload(image, payload, results, seconds):
    """Runs ./run of the tar file `payload`; /results of the guest go to the directory `results`. The exit status."""
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    snapshot = await snapshot_of(image)
    with tempfile.TemporaryDirectory(prefix="clawbox-vm.", dir="/var/tmp") as name:
        work = pathlib.Path(name)
        create_overlay(work / "root", snapshot / "root", "qcow2")
        if payload.stat().st_size > INPUT_BYTES:
            raise MachineError("the payload is larger than its disk")
        shutil.copy(payload, work / "in")
        create_disk(work / "in", INPUT_BYTES)
        create_disk(work / "out", OUTPUT_BYTES)
        resumed = Machine(image, work, "-incoming", f"exec:cat {snapshot}/state")
        try:
            async with asyncio.timeout(seconds), resumed as machine:
                await machine.resume()
                begin_inside, begin = await machine.uptime_at("started"), time.monotonic()
                inside = await machine.uptime_at("ended") - begin_inside
                check_clocks(inside, time.monotonic() - begin)
        except TimeoutError:
            raise MachineError(f"no result within {seconds} s") from None
        finally:
            if (work / "console").exists():
                shutil.copy(work / "console", results / "console.txt")
        subprocess.run(["tar", "-C", results, "-xf", work / "out"], check=True)
    return int((results / "status").read_text())
