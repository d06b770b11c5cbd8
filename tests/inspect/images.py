#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes disks like those of RHEL's installers, without root, loop devices or files of Red Hat's.

In tests, `images.make("lvm", images.RHEL_5, folder)` returns the paths of a guest's disks in order. A guest is a
dataclass: `dataclasses.replace(images.RHEL_3, default="1")` makes another one. The files are sparse. A file system that
was made once in a run is copied afterwards. As a command, it makes the disks of one guest:

    tests/inspect/images.py --guest rhel-3 --default 1 lvm FOLDER kernel-2.4.21-50.EL.ia32e
"""
import argparse
import dataclasses
import os
import struct
import sys
import tempfile
from dataclasses import dataclass

import disks
import ext3
import lvm2
import rpmdb
from disks import MIB
from ext3 import Dated, Link

# The packages with a bootable kernel.
BOOTABLE = ("kernel", "kernel-smp", "kernel-hugemem", "kernel-largesmp", "kernel-PAE", "kernel-xen", "kernel-xenU",
          "kernel-debug", "kernel-BOOT")
# What /boot/config-… says about the processor that a kernel is compiled for.
PROCESSORS = {"athlon": "CONFIG_MK7=y\n", "i686": "CONFIG_M686=y\n", "ia32e": "CONFIG_MPSC=y\n",
              "x86_64": "CONFIG_GENERIC_CPU=y\n"}
CHANGED_AT = 1250000000  # when the boot loader's files were last changed
FILLER_FILES = tuple(f"usr/lib/f{number:036}" for number in range(1000))  # 40 kB


@dataclass(frozen=True)
class Guest:
    """The contents of a guest's disks."""
    kernels: tuple  # packages with a kernel in /boot, in GRUB's order
    release: str = ""  # text of /etc/redhat-release
    packages: tuple = ()  # other installed packages
    removed: tuple = ()  # packages whose headers are left on free pages of the database
    filler: int = 0  # this many more packages of 40 kB each
    default: str = "0"  # of grub.conf
    saved: str = ""  # the content of /boot/grub/default
    grub: str = ""  # the whole text of grub.conf, in place of a generated one
    modules: str = ""  # appended to modules.conf or modprobe.conf
    database: rpmdb.Format = rpmdb.Format()  # None: no database
    features: str = ext3.NEW  # of the file systems
    needs_recovery: bool = False  # the file systems are mounted
    mounted: tuple = ()  # label and time of file systems that were mounted
    more: tuple = ()  # more files: pairs of path and content, which replace generated ones
    without: tuple = ()  # files that do not exist

    @property
    def modules_path(self):
        return "etc/modules.conf" if " 3 " in self.release or " 3." in self.release else "etc/modprobe.conf"


KEY = "gpg-pubkey-db42a60e-37ea5438"
RHEL_3 = Guest(("kernel-smp-2.4.21-50.EL.i686", "kernel-2.4.21-50.EL.i686"),
               "Red Hat Enterprise Linux ES release 3 (Taroon Update 9)", ("glibc-2.3.2-95.50.i686", KEY),
               ("kernel-2.4.21-4.EL.athlon",), features=ext3.OLD)
RHEL_4 = Guest(("kernel-smp-2.6.9-67.EL.x86_64", "kernel-2.6.9-67.EL.x86_64"),
               "Red Hat Enterprise Linux AS release 4 (Nahant Update 6)", ("glibc-2.3.4-2.39.x86_64", KEY),
               ("kernel-2.6.9-42.EL.x86_64",))
RHEL_5 = Guest(("kernel-PAE-2.6.18-53.1.4.el5.i686", "kernel-2.6.18-53.el5.i686"),
               "Red Hat Enterprise Linux Server release 5.1 (Tikanga)", ("glibc-2.5-18.i686", KEY),
               ("kernel-2.6.18-8.el5.i686",))
RHEL_6 = Guest(("kernel-2.6.32-358.el6.x86_64",), "Red Hat Enterprise Linux Server release 6.4 (Santiago)",
               ("glibc-2.12-1.107.el6.x86_64", KEY), database=rpmdb.Format(9), features=ext3.EXT4)
DEBIAN = Guest((), packages=(), database=None, features=ext3.EXT4 + ",64bit", without=("etc/redhat-release",),
               more=(("boot/vmlinuz-6.1.0-18-amd64", bytes(4096)),
                     ("boot/config-6.1.0-18-amd64", "CONFIG_GENERIC_CPU=y\n"),
                     ("boot/grub/grub.cfg", "set default=\"0\"\nmenuentry 'Debian GNU/Linux' {\n"
                      "\tlinux /boot/vmlinuz-6.1.0-18-amd64 root=/dev/xvda1 ro quiet\n}\n"),
                     ("boot/grub/grub.conf", None), ("etc/debian_version", "12.5\n"),
                     ("etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n')))
GUESTS = {"rhel-3": RHEL_3, "rhel-4": RHEL_4, "rhel-5": RHEL_5, "rhel-6": RHEL_6, "debian": DEBIAN}


def uname(package):
    """Returns: what uname -r prints for this kernel."""
    name, version, release, arch = rpmdb.split(package)
    if release.endswith(".el6"):
        return f"{version}-{release}.{arch}"
    return f"{version}-{release}{name[len('kernel-'):]}"


def image(release):
    """Returns: the part of a bzImage from which file(1) reads its version."""
    data = bytearray(2048)
    data[0x1fe:0x200] = b"\x55\xaa"
    struct.pack_into("<4sHIHH", data, 0x202, b"HdrS", 0x203, 0, 0, 0x400 - 0x200)
    banner = f"{release} (builder@example.org) #1 SMP Thu Jan 1 00:00:00 UTC 1970".encode()
    data[0x400:0x400 + len(banner)] = banner
    return bytes(data)


def program(arch, kind=2):
    """Returns: the head of an ELF file, which tells inspectors of disks the architecture."""
    if arch in ("x86_64", "ia32e", "ia64"):
        machine = 50 if arch == "ia64" else 62
        head = b"\2\1\1".ljust(12, b"\0") + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, 0, 64, 56, 0, 64, 0, 0)
    else:
        head = b"\1\1\1".ljust(12, b"\0") + struct.pack("<HHIIIIIHHHHHH", kind, 3, 1, 0, 52, 0, 0, 52, 32, 0, 40, 0, 0)
    return (b"\x7fELF" + head).ljust(256, b"\0")


def grub(guest, prefix):
    """Returns: grub.conf. @prefix: of the kernels' paths, as GRUB sees them."""
    title = guest.release.split(" release")[0]
    entries = ""
    for package in guest.kernels:
        release = uname(package)
        entries += f"title {title} ({release})\n\troot (hd0,0)\n"
        if package.startswith("kernel-xen-"):
            entries += (f"\tkernel {prefix}/xen.gz-{release[:-3]}\n"
                        f"\tmodule {prefix}/vmlinuz-{release} ro root=LABEL=/\n\tmodule {prefix}/initrd-{release}.img\n")
        else:
            entries += (f"\tkernel {prefix}/vmlinuz-{release} ro root=LABEL=/ rhgb quiet\n"
                        f"\tinitrd {prefix}/initrd-{release}.img\n")
    return ("# grub.conf generated by anaconda\n#\n# Note that you do not have to rerun grub after making changes to "
            f"this file\n#boot=/dev/hda\ndefault={guest.default}\ntimeout=5\n"
            f"splashimage=(hd0,0){prefix}/grub/splash.xpm.gz\nhiddenmenu\n{entries}")


def boot_tree(guest, prefix=""):
    """Returns: the tree of /boot."""
    tree = {"grub/grub.conf": Dated(guest.grub or grub(guest, prefix), CHANGED_AT, CHANGED_AT), "grub/menu.lst": Link("./grub.conf")}
    if guest.saved:
        tree["grub/default"] = Dated(guest.saved, CHANGED_AT, CHANGED_AT)
    for package in guest.kernels:
        release = uname(package)
        tree[f"vmlinuz-{release}"] = image(release)
        tree[f"initrd-{release}.img"] = b"\x1f\x8b" + bytes(1000)
        tree[f"System.map-{release}"] = "c0100000 A _text\n"
        processor = PROCESSORS.get(rpmdb.split(package)[3], "")
        tree[f"config-{release}"] = "# Automatically generated\nCONFIG_X86=y\n" + processor
    return tree


def headers(guest):
    """Returns: the headers in the database, kernels first, installed a second apart."""
    result = []
    for number, package in enumerate(guest.kernels + guest.packages):
        release = uname(package) if package in guest.kernels else ""
        files = (f"boot/vmlinuz-{release}", *(f"lib/modules/{release}/kernel/m{index}.ko" for index in range(500)))
        result.append(rpmdb.header(package, rpmdb.INSTALLED_AT + number, files if release else ()))
    return result + [rpmdb.header(f"filler{number}-1-1.noarch", files=FILLER_FILES) for number in range(guest.filler)]


def root_tree(guest, device="LABEL=/", has_boot=True):
    """Returns: the tree of /."""
    arch = rpmdb.split(guest.kernels[0])[3] if guest.kernels else "x86_64"
    boot = "LABEL=/boot /boot ext3 defaults 1 2\n" if has_boot else ""
    tree = {"etc/redhat-release": guest.release + "\n", "etc/grub.conf": Link("../boot/grub/grub.conf"),
            "etc/fstab": f"{device} / ext3 defaults 1 1\n{boot}none /proc proc defaults 0 0\n", "bin/sh": program(arch),
            "bin/rpm": program(arch), "usr/lib/rpm/macros": "%_var /var\n%_dbpath %{_var}/lib/rpm\n",
            "usr/lib/rpm/rpmrc": "", "boot": None, "proc": None, "sys": None, "tmp": None, "var/log": None,
            guest.modules_path: f"alias eth0 8139cp\nalias scsi_hostadapter ata_piix\n{guest.modules}"}
    for package in guest.kernels:
        kind = "o" if uname(package).startswith("2.4.") else "ko"
        tree[f"lib/modules/{uname(package)}/kernel/fs/ext3/ext3.{kind}"] = program(rpmdb.split(package)[3], 1)
    if guest.database:
        removed = [rpmdb.header(package, files=FILLER_FILES) for package in guest.removed]
        tree["var/lib/rpm/Packages"] = rpmdb.database(headers(guest), guest.database, removed)
    return tree


def adapt(tree, guest, below=""):
    """Adds the guest's further files to a tree and removes the files that it lacks, as far as they are below a mount
    point."""
    for path, content in guest.more:
        if path.startswith(below):
            tree[path[len(below):]] = content
            if content is None:
                tree.pop(path[len(below):])
    for path in guest.without:
        if path.startswith(below):
            tree.pop(path[len(below):], None)
    return tree


class Parts:
    """The parts from which layouts make a guest's disks."""

    def __init__(self, guest):
        self.guest = guest
        self.size = (64 + guest.filler * 45 // 1000 // 32 * 32 + (32 if guest.filler else 0)) * MIB

    def file_system(self, tree, size, label, block=1024):
        return ext3.file_system(tree, size, label, self.guest.features, block, self.guest.needs_recovery,
                                dict(self.guest.mounted).get(label, 0))

    def boot(self):
        return self.file_system(adapt(boot_tree(self.guest), self.guest, "boot/"), 8 * MIB, "/boot")

    def root(self, device="LABEL=/"):
        tree = adapt(root_tree(self.guest, device), self.guest)
        return self.file_system({path: content for path, content in tree.items() if not path.startswith("boot/")},
                                self.size, "/", 4096)

    def single(self):
        """/ with /boot in it."""
        tree = root_tree(self.guest, has_boot=False)
        tree.update((f"boot/{path}", content) for path, content in boot_tree(self.guest, "/boot").items())
        return self.file_system(adapt(tree, self.guest), self.size, "/", 4096)

    def extents(self, group):
        return -(-self.size // (group.extent * disks.SECTOR))


def fill(group, contents):
    """Makes the physical volumes of a group. @contents: the file system of each volume, by name."""
    def write(pv, fd, at):
        os.pwrite(fd, group.head(pv), at)
        for name, part in contents.items():
            with tempfile.TemporaryFile(dir=ext3.cache()) as file:
                os.ftruncate(file.fileno(), part.size)
                part.write(file.fileno(), 0)
                begin = 0
                for segment in group.volumes[name]:
                    length = segment.count * group.extent * disks.SECTOR
                    own, extent = segment.stripes[0]
                    if own == pv:
                        disks.copy_sparse(file.fileno(), fd, at + group.offset(extent), begin, length)
                    begin += length
    return [disks.Part(disks.LVM, group.size(pv), lambda fd, at, pv=pv: write(pv, fd, at))
            for pv in range(len(group.sizes))]


def in_folder(folder, *names):
    os.makedirs(folder, exist_ok=True)
    return [os.path.join(folder, name) for name in names]


LAYOUTS = {}


def layout(count=1):
    """Registers a layout under the function's name, with dashes. The function takes the parts and the paths of @count
    disks."""
    def register(function):
        name = function.__name__.replace("_", "-")

        def make_it(guest, folder):
            paths = in_folder(folder, *[f"hd{letter}.img" for letter in "abcd"[:count]])
            function(Parts(guest), *paths)
            return paths
        make_it.__doc__ = function.__doc__
        LAYOUTS[name] = make_it
        return function
    return register


@layout()
def plain(parts, path):
    """/boot, / and swap, each on a partition, as RHEL 3 is installed by default."""
    disks.mbr(path, [parts.boot(), parts.root(), disks.swap()])


@layout()
def single(parts, path):
    """/ on a partition, with /boot in it."""
    disks.mbr(path, [parts.single()])


@layout()
def logical(parts, path):
    """Swap and / in an extended partition."""
    disks.mbr(path, [parts.boot()], [disks.swap(), parts.root()])


@layout()
def no_table(parts, path):
    """A file system on the whole disk, as for para-virtualized guests."""
    disks.whole(path, parts.single())


@layout()
def gpt(parts, path):
    """/boot, / and swap in a GUID partition table."""
    disks.gpt(path, [parts.boot(), parts.root(), disks.swap()])


@layout(2)
def two_disks(parts, first, second):
    """/boot on one disk, / on another."""
    disks.mbr(first, [parts.boot()])
    disks.mbr(second, [parts.root()])


@layout()
def boot_alone(parts, path):
    """/boot only: the disk with / and its database is missing."""
    disks.mbr(path, [parts.boot()])


@layout()
def root_alone(parts, path):
    """/ only, with a database: the disk with /boot and GRUB is missing."""
    disks.mbr(path, [parts.root()])


@layout()
def lvm(parts, path):
    """/boot and a volume group, as RHEL 4 and 5 are installed by default: / in LogVol00, swap in LogVol01."""
    group = lvm2.Group([0], {})
    count = parts.extents(group)
    group.sizes = [count + 1]
    group.volumes = {"LogVol00": [lvm2.linear(count)], "LogVol01": [lvm2.linear(1, count)]}
    [volume] = fill(group, {"LogVol00": parts.root("/dev/VolGroup00/LogVol00"), "LogVol01": disks.swap()})
    disks.mbr(path, [parts.boot(), volume])


def in_segments(parts, **options):
    """A group whose LogVol00 has segments that are out of order, with another volume between them."""
    group = lvm2.Group([0], {}, extent=8192, **options)
    count = parts.extents(group)
    third = count // 3
    group.sizes = [count + 4]
    group.volumes = {"LogVol01": [lvm2.linear(2, third), lvm2.linear(2, count + 2)],
                     "LogVol00": [lvm2.linear(third, third + 2), lvm2.linear(third, 0),
                                  lvm2.linear(count - 2 * third, 2 * third + 2)]}
    return fill(group, {"LogVol00": parts.root("/dev/VolGroup00/LogVol00"), "LogVol01": disks.swap()})


@layout()
def lvm_segments(parts, path):
    """The same with volumes in several segments, as after growing and moving."""
    disks.mbr(path, [parts.boot(), *in_segments(parts)])


@layout()
def lvm_wrapped(parts, path):
    """The same with a metadata text that wraps around in its ring, and a label in sector 3."""
    disks.mbr(path, [parts.boot(), *in_segments(parts, text_at=60 * 1024, area=60 * 1024 + 512, label_sector=3)])


@layout()
def lvm_var(parts, path):
    """A group with / and /var in separate volumes: the database is in the second."""
    group = lvm2.Group([0], {})
    count = parts.extents(group)
    group.sizes = [2 * count + 1]
    group.volumes = {"LogVol00": [lvm2.linear(count)], "LogVol01": [lvm2.linear(1, count)],
                     "LogVol02": [lvm2.linear(count, count + 1)]}
    tree = adapt(root_tree(parts.guest, "/dev/VolGroup00/LogVol00"), parts.guest)
    tree["etc/fstab"] += "/dev/VolGroup00/LogVol02 /var ext3 defaults 1 2\n"
    root = {name: content for name, content in tree.items() if not name.startswith(("boot/", "var/"))}
    var = {name[4:]: content for name, content in tree.items() if name.startswith("var/")}
    [volume] = fill(group, {"LogVol00": parts.file_system(dict(root, var=None), parts.size, "/", 4096),
                            "LogVol01": disks.swap(), "LogVol02": parts.file_system(var, parts.size, "/var", 4096)})
    disks.mbr(path, [parts.boot(), volume])


@layout(2)
def lvm_two_disks(parts, first, second):
    """A group on a partition and on all of a second disk, with / on both."""
    group = lvm2.Group([0, 0], {}, extent=8192)
    count = parts.extents(group)
    half = count // 2
    group.sizes = [half + 1, count - half]
    group.volumes = {"LogVol00": [lvm2.linear(half, 1, 0), lvm2.linear(count - half, 0, 1)],
                     "LogVol01": [lvm2.linear(1)]}
    one, other = fill(group, {"LogVol00": parts.root("/dev/VolGroup00/LogVol00"), "LogVol01": disks.swap()})
    disks.mbr(first, [parts.boot(), one])
    disks.whole(second, other)


@layout(2)
def raid_1(parts, first, second):
    """/boot and / on two disks that mirror each other."""
    for number, path in enumerate((first, second)):
        disks.mbr(path, [disks.mirrored(parts.boot(), 0, number), disks.mirrored(parts.root(), 1, number)])


@layout()
def raid_1_half(parts, path):
    """One of those two disks; the other is missing."""
    disks.mbr(path, [disks.mirrored(parts.boot(), 0), disks.mirrored(parts.root(), 1)])


@layout()
def raid_1_lvm(parts, path):
    """A member of a RAID 1 that holds a volume group."""
    [volume] = in_segments(parts)
    disks.mbr(path, [disks.mirrored(parts.boot(), 0), disks.mirrored(volume, 1)])


@layout()
def lvm_striped(parts, path):
    """A volume that is striped over two partitions, which cannot be read."""
    group = lvm2.Group([16, 16], {"LogVol00": [lvm2.Segment(32, ((0, 0), (1, 0)))]}, extent=8192)
    disks.mbr(path, [parts.boot(), *fill(group, {})])


@layout()
def lvm1(parts, path):
    """/boot and a physical volume of LVM1, RHEL 3's volume manager, which cannot be read."""
    disks.mbr(path, [parts.boot(), disks.lvm1()])


@layout()
def luks(parts, path):
    """/boot and an encrypted partition."""
    disks.mbr(path, [parts.boot(), disks.luks()])


@layout()
def xfs(parts, path):
    """/boot and an XFS file system."""
    disks.mbr(path, [parts.boot(), disks.xfs()])


@layout()
def swap(_parts, path):
    """Only swap."""
    disks.mbr(path, [disks.swap()])


@layout()
def empty(_parts, path):
    """A disk of zeros."""
    disks.whole(path, disks.Part(0, MIB, disks.write_bytes(b"")))


@layout()
def windows(_parts, path):
    """An NTFS file system from which Windows boots."""
    with tempfile.NamedTemporaryFile(dir=ext3.cache()) as file:
        os.ftruncate(file.fileno(), 8 * MIB)
        disks.run_tool("mkntfs", "-q", "-Q", "-F", "-s", "512", "-p", str(disks.FIRST), "-H", "255", "-S", "63",
                       file.name)
        disks.mbr(path, [disks.Part(disks.NTFS, 8 * MIB, lambda fd, at: disks.copy_sparse(file.fileno(), fd, at))])


def make(name, guest, folder):
    """Makes the disks of a guest in a folder. Returns: their paths, in order."""
    return LAYOUTS[name](guest, folder)


def main():
    lines = "\n".join(f"  {name:16} {function.__doc__}" for name, function in LAYOUTS.items())
    parser = argparse.ArgumentParser(description="Makes the disks of a guest and prints their paths.",
                                     epilog=f"layouts:\n{lines}", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layout", metavar="LAYOUT", choices=LAYOUTS, help="the layout of the disks, see below")
    parser.add_argument("folder", metavar="FOLDER", help="the folder for the disks hda.img, hdb.img and so on")
    parser.add_argument("kernels", metavar="KERNEL", nargs="*",
                        help="the kernel packages in GRUB's order, such as kernel-smp-2.4.21-50.EL.i686")
    parser.add_argument("--guest", choices=GUESTS, default="rhel-5", help="the system (default: rhel-5)")
    parser.add_argument("--default", help="GRUB's default entry")
    parser.add_argument("--release", help="the text of /etc/redhat-release")
    parser.add_argument("--package", action="append", default=[], help="another installed package")
    parser.add_argument("--filler", type=int, default=0, help="how many more packages of 40 kB each to add")
    parser.add_argument("--hash", type=int, choices=(7, 8, 9), help="the version of the database's hash")
    options = parser.parse_args()
    guest = GUESTS[options.guest]
    changes = {"packages": guest.packages + tuple(options.package), "filler": options.filler}
    for key in ("default", "release"):
        if getattr(options, key) is not None:
            changes[key] = getattr(options, key)
    if options.kernels:
        changes["kernels"] = tuple(options.kernels)
    if options.hash:
        changes["database"] = rpmdb.Format(options.hash)
    for package in options.kernels + options.package:
        if package.count("-") < 2 or "." not in package:
            parser.error(f"“{package}” is not of the form NAME-VERSION-RELEASE.ARCH")
    print("\n".join(make(options.layout, dataclasses.replace(guest, **changes), options.folder)))


if __name__ == "__main__":
    sys.exit(main())
