# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the processor time to read disks: of one guest of each kind, and of a hundred guests one after another."""
import dataclasses
import itertools
import os
import re
import resource
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "inspect"))
import images  # noqa: E402

LAYOUTS = ("plain", "lvm", "single", "lvm-segments", "raid-1-half", "gpt", "logical", "lvm-var")


def processor(guests, image_format="raw"):
    """Returns: microseconds of processor time that it takes to read these guests' disks, one after another."""
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # it belongs to the tests
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for paths in guests:
        subprocess.run([os.environ["XPV_INSPECT"], "--json", "--format", image_format, *paths], env=env,
                       stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e6


def bytes_read(path, image_format):
    """Returns: how many bytes the reading process gets, from the disk or from qemu-nbd."""
    with tempfile.NamedTemporaryFile("r") as log:
        subprocess.run(["strace", "-f", "-e", "trace=pread64,recvfrom", "-o", log.name, os.environ["XPV_INSPECT"], "--json",
                        "--format", image_format, path], stdout=subprocess.DEVNULL, check=True)
        call = "pread64" if image_format == "raw" else "recvfrom"
        return sum(int(length) for length in re.findall(rf"\b{call}\b.* = (\d+)$", log.read(), re.M))


def by_qemu_nbd(report, figure, what, path, repeats):
    """Adds the rows about a disk as qcow2, which is compared with the same disk as raw."""
    image = path + ".qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", path, image], check=True)
    ours, raw = [], []
    for _ in range(repeats):
        ours.append(processor([[image]], "qcow2"))
        raw.append(processor([[path]]))
    ours, raw = figure(ours), figure(raw)
    report.add(f"ms of processor by qemu-nbd, {what}: raw", ours, raw, ours.median / raw.median, 5)
    ours, raw = (figure([bytes_read(*each) / 1e6], "MB") for each in ((image, "qcow2"), (path, "raw")))
    report.add(f"MB read by qemu-nbd, {what}: raw", ours, raw, ours.median / raw.median, 2)


def over_ssh(report, figure, what, path, bound):
    """Adds the rows about a disk of another host: what a script in place of ssh and the host's dd is asked for."""
    folder = path + ".ssh"
    log = os.path.join(folder, "log")
    os.makedirs(folder, exist_ok=True)
    for name, script in (("ssh", f'for command; do :; done\nPATH={folder}:$PATH exec sh -c "$command"'),
                         ("dd", f'echo "$@" >>{log}\nexec /bin/dd "$@"')):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(file.name, 0o755)
    subprocess.run([os.environ["XPV_INSPECT"], "--json", "ssh://host" + path], stdout=subprocess.DEVNULL, check=True,
                   env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
    with open(log, encoding="utf-8") as file:
        blocks = [int(count) for count in re.findall(r" count=(\d+) ", file.read())]
    trips, size = figure([len(blocks)], "trips"), figure([sum(blocks) * 65536 / 1e6], "MB")
    report.add(f"round trips over ssh, and MB read (right): {what}", trips, size, trips.median, bound)


def disks(report, figure):
    """Adds the rows of the inspector to the report. @figure: makes a figure of readings in microseconds."""
    with tempfile.TemporaryDirectory(prefix="xenpv-") as folder:
        for what, layout, filler, repeats, bound, trips in (
                ("/boot alone", "boot-alone", 0, 100, 50, 10), ("/boot and LVM", "lvm", 0, 100, 50, 20),
                ("/boot, LVM and an rpm database of 57 MB", "lvm", 1300, 10, 200, 150)):
            guest = dataclasses.replace(images.RHEL_5, filler=filler)
            paths = images.make(layout, guest, os.path.join(folder, "one"))
            ours = figure([processor([paths]) for _ in range(repeats)])
            report.add(f"ms of processor to read a guest's disks: {what}", ours, None, ours.median / 1e3, bound)
            by_qemu_nbd(report, figure, what, paths[0], repeats // 5)
            over_ssh(report, figure, what, paths[0], trips)
        guests = [images.make(layout, dataclasses.replace(images.RHEL_4, default=str(number % 2)),
                              os.path.join(folder, str(number)))
                  for number, layout in zip(range(100), itertools.cycle(LAYOUTS))]
        hundred = figure([processor(guests) for _ in range(5)])
        ten = figure([processor(guests[:10]) for _ in range(20)])
        report.add("s of processor to read a hundred guests' disks", hundred, None, hundred.median / 1e6, 5)
        report.add("the same, a guest of a hundred (left): one of ten", hundred, ten,
                   hundred.median / ten.median / 10, 1.1)
