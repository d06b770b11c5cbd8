# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks of hostile guests. The command ends, prints what it can read, and an error for what it cannot."""
import dataclasses
import os
import struct
import tempfile
import threading
import zlib

import disks
import ext3
import images
import inspector
import lvm2
import rpmdb
from disks import MIB
from inspector import FOUND, NONE

BOOT_AT = disks.FIRST * disks.SECTOR  # where the first partition begins
OUTPUT_MAX = 4 * MIB


def debugfs(path, *commands, at=BOOT_AT):
    """Runs debugfs commands that write to a file system in an image."""
    ext3.debugfs(f"{path}?offset={at}", *commands)


def overwrite(path, content, at):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(content)


class TestCase(inspector.TestCase):
    def survive(self, *paths, status=None):
        """Whatever is on the disks, there is an answer in the right form and of limited length."""
        done = self.run_inspector("--json", *paths)
        self.assertIn(done.returncode, (FOUND, NONE) if status is None else (status,), done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertLess(len(done.stdout), OUTPUT_MAX)
        return self.answer(done.stdout)

    def told(self, answer):
        """The kernels of /boot are in the answer, whatever else is wrong."""
        in_grub = [each["release"] for each in answer["kernels"] if each["in_grub"]]
        self.assertEqual(in_grub, ["2.4.21-50.ELsmp", "2.4.21-50.EL"])
        self.assertIn(answer["default_kernel"], ("kernel-smp-2.4.21-50.EL.i686", "2.4.21-50.ELsmp"))

    def complains(self, answer, pattern):
        self.assertRegex("\n".join(answer["errors"]), pattern)


class Database(TestCase):
    """rpm databases that no rpm wrote. /boot is still read."""

    def check(self, database, pattern="/var/lib/rpm/Packages: "):
        guest = dataclasses.replace(images.RHEL_3, more=(("var/lib/rpm/Packages", database),))
        answer = self.survive(*self.make("plain", guest), status=FOUND)
        self.told(answer)
        if pattern:
            self.complains(answer, pattern)
        return answer

    def genuine(self):
        return bytearray(rpmdb.database(images.headers(images.RHEL_3)))

    def change(self, layout, offset, *values):
        data = self.genuine()
        struct.pack_into(layout, data, offset, *values)
        return bytes(data)

    def test_not_one(self):
        for data in (b"", b"\0", b"\0" * 4096, b"not a database", bytes(range(256)) * 16):
            with self.subTest(data[:16]):
                self.check(data)

    def test_sqlite(self):
        self.check(b"SQLite format 3\0" + bytes(4080))

    def test_btree(self):
        data = self.genuine()
        struct.pack_into("<II", data, 12, 0x053162, 9)
        self.check(bytes(data))

    def test_2_to_the_40_packages(self):
        """A database that claims 2^40 packages: a file of the matching length, and as many buckets as possible."""
        data = self.genuine()
        struct.pack_into("<I", data, 32, 0xffffffff)  # last page
        struct.pack_into("<IIII", data, 72, 0xffffffff, 0xffffffff, 0x7fffffff, 0)  # buckets, masks
        struct.pack_into("<I", data, 88, 0xffffffff)
        guest = dataclasses.replace(images.RHEL_3, more=(("var/lib/rpm/Packages", bytes(data)),))
        [path] = self.make("plain", guest)
        debugfs(path, f"sif /var/lib/rpm/Packages size {1 << 40}", at=BOOT_AT + 8 * MIB)
        self.told(self.survive(path, status=FOUND))

    def test_pages_of_a_large_file(self):
        """As many pages as possible, and all of them are holes."""
        for size, pages in ((1 << 40, 512), (1 << 43, 4096), (1 << 43, 65536)):
            data = bytearray(4096)
            struct.pack_into("<III", data, 12, rpmdb.MAGIC, 8, pages)
            data[25] = rpmdb.META
            struct.pack_into("<III", data, 72, min(size // pages - 1, 0xfffffffe), 0xffffffff, 0x7fffffff)
            guest = dataclasses.replace(images.RHEL_3, features=images.DEBIAN.features,
                                        more=(("var/lib/rpm/Packages", bytes(data)),))
            [path] = self.make("plain", guest)
            debugfs(path, f"sif /var/lib/rpm/Packages size {size}", at=BOOT_AT + 8 * MIB)
            with self.subTest(size=size, pages=pages):
                self.told(self.survive(path, status=FOUND))

    def test_page_sizes(self):
        for size in (0, 1, 511, 513, 3000, 65537, 1 << 31, 0xffffffff):
            with self.subTest(size):
                self.check(self.change("<I", 20, size))

    def test_versions(self):
        for version in (0, 6, 10, 0xffffffff):
            with self.subTest(version):
                self.check(self.change("<I", 16, version), None)

    def overflow_pages(self, data):
        return [at for at in range(0, len(data), rpmdb.PAGE) if data[at + 25] == rpmdb.OVERFLOW]

    def test_overflow_chain_that_bites_its_tail(self):
        data = self.genuine()
        for at in self.overflow_pages(data):
            struct.pack_into("<I", data, at + 16, at // rpmdb.PAGE)
        self.check(bytes(data), None)
        for length in (1 << 20, 1 << 24, 0x7fffffff, 0xffffffff):  # the length that the item claims
            with self.subTest(length):
                for at in self.overflow_pages(data):
                    item = data.find(struct.pack("<BxxxI", rpmdb.OFF_PAGE, at // rpmdb.PAGE))
                    if item >= 0:
                        struct.pack_into("<I", data, item + 8, length)
                self.check(bytes(data), None)

    def test_overflow_chain_into_nothing(self):
        data = self.genuine()
        for at in self.overflow_pages(data):
            struct.pack_into("<I", data, at + 16, 0xfffffff0)
        self.check(bytes(data), None)

    def test_buckets_that_bite_their_tails(self):
        data = self.genuine()
        for at in range(rpmdb.PAGE, len(data), rpmdb.PAGE):
            if data[at + 25] == rpmdb.UNSORTED:
                struct.pack_into("<I", data, at + 16, at // rpmdb.PAGE)
        self.check(bytes(data), None)

    def test_all_buckets_are_one(self):
        """2^32 buckets, many of which are on the same page."""
        data = self.genuine()
        struct.pack_into("<III", data, 72, 0xfffffffe, 0xffffffff, 0x7fffffff)
        struct.pack_into("<32I", data, 96, *((1 - (1 << bit >> 1)) & 0xffffffff for bit in range(32)))
        self.check(bytes(data), None)

    def test_items_outside_their_page(self):
        for entries, offset in ((65535, 0), (4, 65535), (4, 27), (65534, 65535)):
            data = self.genuine()
            for at in range(rpmdb.PAGE, len(data), rpmdb.PAGE):
                if data[at + 25] == rpmdb.UNSORTED:
                    struct.pack_into("<H", data, at + 20, entries)
                    struct.pack_into("<8H", data, at + rpmdb.PAGE_HEAD, *[offset] * 8)
            with self.subTest(entries=entries, offset=offset):
                self.check(bytes(data), None)

    def test_headers(self):
        """Counts and offsets that no real header has."""
        genuine = rpmdb.header("kernel-2.4.21-50.EL.i686")
        for layout, offset, values in ((">I", 0, (0xffffffff,)), (">I", 0, (0x10000000,)), (">I", 0, (0,)),
                                       (">I", 4, (0xffffffff,)), (">II", 0, (0xffffffff, 0xffffffff)), (">I", 4, (0,)),
                                       *((">I", 8 + 16 * entry + 8, (value,)) for entry in range(6)
                                         for value in (0xffffffff, 0x7fffffff, len(genuine)))):
            data = bytearray(genuine)
            struct.pack_into(layout, data, offset, *values)
            with self.subTest(offset=offset, values=values):
                self.check(rpmdb.database([bytes(data)]), None)

    def test_a_name_without_end(self):
        """The last string of a header has no end."""
        tags = [(1000, rpmdb.STRING, "kernel"), (1001, rpmdb.STRING, "2.4.21"), (1002, rpmdb.STRING, "50.EL")]
        data = rpmdb.blob(tags)
        count, length = struct.unpack_from(">II", data)
        entry = struct.pack(">IIII", 1022, rpmdb.STRING, length, 1)
        data = struct.pack(">II", count + 1, length + 4) + data[8:8 + 16 * count] + entry + data[8 + 16 * count:] + b"i686"
        self.check(rpmdb.database([data]), None)

    def test_hostile_names(self):
        """Hostile texts: too long, with control characters, not in UTF-8."""
        for name, version in (("kernel", "\x1b[2J"), ("kernel", "a" * 100_000), ("kernel", "1\n2"),
                              ("kernel-\u202e", "1"), ("", "")):
            tags = [(1000, rpmdb.STRING, name), (1001, rpmdb.STRING, version), (1002, rpmdb.STRING, "50.EL"),
                    (1022, rpmdb.STRING, "i686")]
            answer = self.check(rpmdb.database([rpmdb.blob(tags)]), None)
            for each in answer["kernels"]:
                self.assertLessEqual(max(map(len, (each["package"], each["release"], each["architecture"]))), 256)
                self.assertRegex(each["package"] + each["release"], r"\A[^\x00-\x1f\x7f]*\Z")

    def test_flood(self):
        """50,000 kernels are installed. The answer is still limited."""
        headers = [rpmdb.blob([(1000, rpmdb.STRING, "kernel"), (1001, rpmdb.STRING, "2.4.21"),
                               (1002, rpmdb.STRING, f"{number}.EL"), (1022, rpmdb.STRING, "i686")]) for number in range(50_000)]
        guest = dataclasses.replace(images.RHEL_3, more=(("var/lib/rpm/Packages",
                                                          rpmdb.database(headers, rpmdb.Format(buckets=1024))),))
        answer = self.survive(*self.make("plain", guest), status=FOUND)
        self.told(answer)
        self.complains(answer, "packages")
        self.assertEqual(len(answer["kernels"]), 256)

    def test_flood_of_drivers(self):
        packages = tuple(f"kmod-xenpv-0.1-{number}.i686" for number in range(300))
        answer = self.survive(*self.make("plain", dataclasses.replace(images.RHEL_3, packages=packages)), status=FOUND)
        self.told(answer)
        self.assertEqual(len(answer["driver_packages"]), 256)


class FileSystem(TestCase):
    """ext3 file systems that no kernel wrote."""

    def test_loop_of_links(self):
        for links in ((("boot/grub/menu.lst", ext3.Link("grub.conf")), ("boot/grub/grub.conf", ext3.Link("menu.lst"))),
                      (("var/lib/rpm/Packages", None), ("var/lib/rpm", ext3.Link("../lib/rpm"))),
                      (("etc/redhat-release", ext3.Link("redhat-release")),)):
            with self.subTest(links):
                answer = self.survive(*self.make("single", dataclasses.replace(images.RHEL_3, more=links)), status=FOUND)
                self.assertEqual({each["release"] for each in answer["kernels"]}, {"2.4.21-50.ELsmp", "2.4.21-50.EL"})

    def test_links_to_the_hosts_files(self):
        """Links lead into the guest's file system and never into this machine's, wherever they point."""
        secret = self.path("secret")
        with open(secret, "w", encoding="ascii") as file:
            file.write("Red Hat Enterprise Linux ES release 3 (Taroon Update 9)\ndefault=1\nroot:x:0:0\n")
        for target in (secret, "../../../../../.." + secret, "/etc/shadow", "/proc/self/fd/0", "/dev/stdin", "/dev/fd/3"):
            names = ("etc/redhat-release", "etc/modules.conf", "boot/grub/default")
            links = tuple((name, ext3.Link(target)) for name in names)
            guest = dataclasses.replace(images.RHEL_3, more=links, default="saved")
            with self.subTest(target), open(secret, encoding="ascii") as stdin:  # this is /dev/stdin
                done = self.run_inspector("--json", *self.make("single", guest), stdin=stdin)
                answer = self.answer(done.stdout)
                self.assertEqual((answer["release"], answer["driver_aliases"]), ("", []))
                self.assertEqual(answer["default_kernel"], images.RHEL_3.kernels[0])
                self.assertNotIn("root:", done.stdout)

    def test_links_within(self):
        """An absolute link is resolved within the guest."""
        more = (("etc/real-release", images.RHEL_3.release + "\n"), ("etc/redhat-release", ext3.Link("/etc/real-release")))
        answer = self.inspect(*self.make("single", dataclasses.replace(images.RHEL_3, more=more)))
        self.assertEqual(answer["release"], "3.9")

    def test_long_way(self):
        """A path of a thousand links ends without an answer."""
        more = (("etc/redhat-release", ext3.Link("l0")),
                *((f"etc/l{number}", ext3.Link(f"l{number + 1}")) for number in range(1000)))
        self.assertEqual(self.survive(*self.make("single", dataclasses.replace(images.RHEL_3, more=more)))["release"], "")

    def test_no_files(self):
        """Folders, fifos and devices in place of files."""
        for kind in ("mkdir {0}", "mknod {0} p", "mknod {0} b 254 0", "mknod {0} c 1 5"):
            [path] = self.make("single", images.RHEL_3)
            names = ("/etc/redhat-release", "/boot/grub/grub.conf", "/etc/modules.conf", "/var/lib/rpm/Packages")
            for name in names:
                debugfs(path, f"cd {os.path.dirname(name)}", f"rm {name}", kind.format(os.path.basename(name)))
            with self.subTest(kind):
                answer = self.survive(path, status=FOUND)
                self.assertEqual({each["release"] for each in answer["kernels"]}, {"2.4.21-50.ELsmp", "2.4.21-50.EL"})
                self.assertEqual((answer["release"], answer["default_kernel"]), ("", ""))

    def test_folder_instead_of_the_menu(self):
        """The next candidate that is a file is read."""
        more = (("boot/grub/grub.conf/x", ""), ("boot/grub/menu.lst", images.grub(images.RHEL_3, "")))
        guest = dataclasses.replace(images.RHEL_3, more=more, without=("boot/grub/grub.conf",))
        self.told(self.survive(*self.make("plain", guest), status=FOUND))

    def test_long_link(self):
        """A path that is longer than any real one."""
        more = (("etc/real-release", images.RHEL_3.release), ("etc/redhat-release", ext3.Link("./" * 600 + "real-release")))
        self.assertEqual(self.survive(*self.make("single", dataclasses.replace(images.RHEL_3, more=more)))["release"], "")

    def test_link_of_a_terabyte(self):
        more = (("etc/redhat-release", ext3.Link("x" * 100)),)
        [path] = self.make("single", dataclasses.replace(images.RHEL_3, more=more))
        debugfs(path, f"sif /etc/redhat-release size {1 << 40}")
        self.told(self.survive(path, status=FOUND))

    def test_kernel_that_is_no_link(self):
        """The content of a kernel's file is not taken for its name."""
        more = (("boot/bzImage", "vmlinuz-6.6.6"),)
        guest = dataclasses.replace(images.RHEL_3, more=more, grub="title a\nkernel /bzImage\n")
        self.assertEqual(self.survive(*self.make("plain", guest), status=FOUND)["default_kernel"], "")

    def test_removed_name(self):
        """The name is in the folder, but its inode number is 0."""
        [path] = self.make("plain", dataclasses.replace(images.RHEL_3, database=None))
        name = b"\x14\1vmlinuz-2.4.21-50.EL"
        with open(path, "rb") as file:
            at = file.read().index(name) - 6
        overwrite(path, bytes(4), at)
        self.assertEqual([each["release"] for each in self.survive(path, status=FOUND)["kernels"]], ["2.4.21-50.ELsmp"])

    def test_directory_in_itself(self):
        [path] = self.make("single", images.RHEL_3)
        debugfs(path, "ln /boot /boot/boot", "ln /boot /boot/grub/boot", "ln /var /var/lib/rpm/var")
        self.told(self.survive(path, status=FOUND))

    def test_directory_without_end(self):
        """Every block of /boot's folder, and of its block list, is the same block: 16 million blocks of names."""
        [path] = self.make("plain", images.RHEL_3)
        number = 1024
        blocks = "".join(f"sif / block[{index}] {number}\n" for index in (*range(12), "IND", "DIND", "TIND"))
        debugfs(path, *blocks.splitlines(), "sif / size 0xfffffc00")
        overwrite(path, struct.pack("<I", number) * 256, BOOT_AT + number * 1024)
        answer = self.survive(path, status=FOUND)
        self.assertEqual((answer["release"], len(answer["kernels"])), ("3.9", 2))  # the other partition has them

    def endless(self, path, folder, first=()):
        """Gives a file 16 million blocks, which are only a few different ones. @first: its first blocks"""
        data, lists = 1024, (1025, 1026, 1027)
        fields = (*range(len(first), 12), "IND", "DIND", "TIND")
        numbers = (*[data] * (12 - len(first)), *lists)
        debugfs(path, *(f"sif {folder} block[{field}] {number}" for field, number in zip(fields, numbers)))
        for number, inner in zip(lists, (data, *lists)):
            overwrite(path, struct.pack("<I", inner) * 256, BOOT_AT + number * 1024)
        return BOOT_AT + data * 1024

    def test_images_without_end(self):
        """After its first block, /boot's folder repeats the same four names of kernels without end."""
        [path] = self.make("plain", images.RHEL_3)
        names = b"".join(struct.pack("<IHBB", 2, 256, 247, 1) + f"vmlinuz-{number}".encode().ljust(248, b"x")
                         for number in range(4))
        blocks = disks.run_tool("debugfs", "-R", "blocks /", f"{path}?offset={BOOT_AT}").split()
        overwrite(path, names, self.endless(path, "/", first=blocks[:1]))
        debugfs(path, "sif / size 0xfffffc00")
        answer = self.survive(path, status=FOUND)
        self.told(answer)
        self.assertEqual(len(answer["kernels"]), 6)

    def test_blocks_behind_the_end(self):
        """A file of 100 bytes with 16 million blocks."""
        [path] = self.make("plain", images.RHEL_3)
        self.endless(path, "/grub/grub.conf")
        debugfs(path, "sif /grub/grub.conf size 100")
        answer = self.survive(path, status=FOUND)
        self.assertEqual({each["release"] for each in answer["kernels"]}, {"2.4.21-50.ELsmp", "2.4.21-50.EL"})

    def test_file_within_its_inode(self):
        """ext4 can store small files in the inode, where libext2fs does not read them by blocks."""
        [path] = self.make("single", images.RHEL_3)
        debugfs(path, "sif /etc/redhat-release flags 0x10000000")
        answer = self.survive(path, status=FOUND)
        self.told(answer)
        self.complains(answer, "/etc/redhat-release is stored within its inode")

    def test_files_without_end(self):
        """Files that are holes of a gigabyte and of a terabyte."""
        for guest, names in ((dataclasses.replace(images.RHEL_3, database=None),
                              ("/boot/grub/grub.conf", "/etc/redhat-release", "/boot/config-2.4.21-50.EL")),
                             (images.RHEL_3, ("/etc/modules.conf",)),
                             (images.DEBIAN, ("/etc/debian_version",))):
            for size in (1 << 30, 1 << 40):
                [path] = self.make("single", guest)
                debugfs(path, *(f"sif {name} size {size}" for name in names))
                with self.subTest(names=names, size=size):
                    answer = self.survive(path, status=FOUND)
                    self.assertEqual({each["release"] for each in answer["kernels"]},
                                     {"2.4.21-50.ELsmp", "2.4.21-50.EL"} if guest.kernels else {"6.1.0-18-amd64"})
                    if size > 1 << 30:
                        for name in names:
                            self.complains(answer, f"{name} has {size} bytes, and at most {1 << 30} are read")

    def test_flood_of_entries(self):
        text = "default=99999\n" + "".join(f"title t\nkernel /vmlinuz-2.4.21-{number}.EL ro\n" for number in range(100_000))
        answer = self.survive(*self.make("plain", dataclasses.replace(images.RHEL_3, grub=text)), status=FOUND)
        self.assertLessEqual({"2.4.21-50.ELsmp", "2.4.21-50.EL"}, {each["release"] for each in answer["kernels"]})

    def test_flood_of_images(self):
        names = tuple((f"boot/vmlinuz-2.4.21-{number:05}.EL{'x' * 200}", b"") for number in range(1000))
        self.survive(*self.make("single", dataclasses.replace(images.RHEL_3, more=names)), status=FOUND)

    def test_flood_of_aliases(self):
        text = "".join(f"alias eth{number} xen-vnif\n" for number in range(100_000))
        guest = dataclasses.replace(images.RHEL_3, modules=text)
        self.told(self.survive(*self.make("plain", guest), status=FOUND))

    def test_superblocks(self):
        """Every field of the superblock gets values that overflow."""
        [path] = self.make("no-table", images.RHEL_3)
        with open(path, "rb") as file:
            file.seek(ext3.SUPERBLOCK)
            genuine = file.read(1024)
        for offset in (0, 4, 20, 24, 28, 32, 36, 40, 56, 76, 84, 88, 92, 96, 100, 208, 224, 254, 256, 348, 372, 588):
            for value in (0, 0x80000000, 0xffffffff):
                with self.subTest(offset=offset, value=value):
                    overwrite(path, genuine[:offset] + struct.pack("<I", value) + genuine[offset + 4:], ext3.SUPERBLOCK)
                    self.survive(path)

    def test_extents_that_bite_their_tails(self):
        """A file of ext4 whose extent tree is its own child."""
        [path] = self.make("single", images.DEBIAN)
        header = struct.pack("<HHHHI", 0xf30a, 4, 4, 5, 0)
        block = 5000
        node = header + b"".join(struct.pack("<IIHH", index, block, 0, 0) for index in range(4))
        overwrite(path, node.ljust(4096, b"\0"), BOOT_AT + block * 4096)
        words = struct.unpack("<15I", node)
        names = ("/boot/grub/grub.cfg", "/etc/os-release", "/etc/debian_version", "/boot")
        fields = [*range(12), "IND", "DIND", "TIND"]
        debugfs(path, *(f"sif {name} block[{field}] {word}" for name in names for field, word in zip(fields, words)))
        self.assertEqual(self.survive(path)["release"], "")


class Volumes(TestCase):
    """LVM2 metadata that no LVM wrote. /boot is still read."""

    def check(self, text=None, change=None, pattern="LVM2|VolGroup00"):
        group = lvm2.Group([4], {"LogVol00": [lvm2.linear(4)]})
        text = group.text() if text is None else text(group.text())
        head = bytearray(group.head(0, text))
        if change:
            change(head)
        volume = disks.Part(disks.LVM, group.size(0), disks.write_bytes(bytes(head)))
        path = disks.mbr(self.path("disk.img"), [images.Parts(images.RHEL_3).boot(), volume])
        answer = self.survive(path, status=FOUND)
        self.told(answer)
        if pattern:
            self.complains(answer, pattern)

    def test_outside_its_disk(self):
        """Volumes that point beyond the end of their disk, at its start, or beyond 64 bits."""
        for old, new in ((b'"pv0", 0', b'"pv0", 5'), (b'"pv0", 0', b'"pv0", 1099511627776'),
                         (b'"pv0", 0', b'"pv0", 18446744073709551615'), (b'"pv0", 0', b'"pv0", -1'),
                         (b'"pv0", 0', b'"pv1", 0'), (b"pe_start = 384", b"pe_start = 18446744073709551615"),
                         (b"pe_start = 384", b"pe_start = 36028797018963968"),
                         (b"extent_size = 65536", b"extent_size = 18446744073709551615"),
                         (b"extent_size = 65536", b"extent_size = 0"),
                         (b"extent_count = 4", b"extent_count = 4294967295"),
                         (b"extent_count = 4", b"extent_count = 18446744073709551615")):
            with self.subTest(new):
                self.assertIn(old, lvm2.Group([4], {"LogVol00": [lvm2.linear(4)]}).text())
                self.check(lambda text, old=old, new=new: text.replace(old, new))

    def test_text(self):
        """Texts that are not LVM2's."""
        for text in (b"", b"\0", b"{" * 50_000, b"a{" * 50_000, b"VolGroup00 {\n" + b"x = [" * 20_000, b'a = "' + b"x" * 90_000,
                     b"a = " + b"9" * 90_000, b"# " + b"x" * 90_000, bytes(range(256)) * 300):
            with self.subTest(text[:20]):
                self.check(lambda _genuine, text=text: text, pattern=None)

    def test_many(self):
        """As many volumes and segments as fit into the area."""
        def text(genuine):
            volume = genuine[genuine.index(b"LogVol00 {"):genuine.index(b"}\n}\n}\n") + 4]
            return genuine.replace(volume, b"".join(volume.replace(b"LogVol00", b"v%d" % index) for index in range(500)))
        self.check(text, pattern=None)

    def test_volume_that_holds_volumes(self):
        """A logical volume is not used as a physical one: otherwise the group could change while it is read."""
        inner = lvm2.Group([4], {"LogVol00": [lvm2.linear(4, pv=0)]}, name="Inner", extent=8192)
        group = lvm2.Group([1], {"LogVol00": [lvm2.linear(1)]})
        text = inner.text().replace(b'"pv0", 0', b'"pv9", 0')
        [volume] = images.fill(group, {"LogVol00": disks.Part(disks.LVM, 1 << 20, disks.write_bytes(inner.head(0, text)))})
        path = disks.mbr(self.path("disk.img"), [images.Parts(images.RHEL_3).boot(), volume])
        answer = self.survive(path, status=FOUND)
        self.told(answer)
        self.assertEqual(answer["errors"], [])

    def test_boot_on_a_volume(self):
        parts = images.Parts(images.RHEL_3)
        group = lvm2.Group([4], {"LogVol00": [lvm2.linear(4)]})
        path = disks.mbr(self.path("disk.img"), images.fill(group, {"LogVol00": parts.single()}))
        answer = self.survive(path, status=FOUND)
        self.told(answer)
        self.assertFalse(answer["disks"][0]["boot"])

    def test_header(self):
        """Wrong fields in the label and in the area's header."""
        for offset, value in ((512 + 20, 0xffffffff), (512 + 72, 1 << 62), (512 + 104, 1 << 62), (512 + 112, 1 << 63),
                              (lvm2.AREA + 24, 1 << 63), (lvm2.AREA + 32, (1 << 64) - 1), (lvm2.AREA + 40, 1 << 63),
                              (lvm2.AREA + 40, 0), (lvm2.AREA + 48, (1 << 64) - 1), (lvm2.AREA + 48, 1 << 40)):
            def change(head, offset=offset, value=value):
                struct.pack_into("<I" if value >> 32 == 0 else "<Q", head, offset, value)
                start = lvm2.AREA
                struct.pack_into("<I", head, start, lvm2.crc(bytes(head[start + 4:start + 512])))
                struct.pack_into("<I", head, 512 + 16, lvm2.crc(bytes(head[512 + 20:1024])))
            with self.subTest(offset=offset, value=value):
                self.check(change=change, pattern=None)


class Tables(TestCase):
    """Partition tables that no installer wrote."""

    def test_extended_partition_that_bites_its_tail(self):
        [path] = self.make("logical", images.RHEL_3)
        with open(path, "rb") as file:
            kinds = struct.unpack("<446x" + "4xB3xI4x" * 4 + "2x", file.read(512))
            base = dict(zip(kinds[::2], kinds[1::2]))[disks.EXTENDED]
            file.seek(base * 512)
            table = bytearray(file.read(512))
        struct.pack_into("<I", table, 446 + 16 + 8, 0)
        overwrite(path, table, base * 512)
        self.told(self.survive(path, status=FOUND))

    def test_outside_the_disk(self):
        [path] = self.make("plain", images.RHEL_3)
        entries = b"".join(disks.entry(kind, 0xfffffff0, 0xffffffff) for kind in (0x83, 0x8e, 0x05, 0xfd))
        overwrite(path, entries, 446)
        answer = self.survive(path, status=NONE)
        self.assertEqual(answer["kernels"], [])
        self.complains(answer, "partition 1: it goes on beyond the end of the disk")

    def test_many_file_systems(self):
        """At most 128 partitions of all disks are read. Only the mount state of the 128th counts, not that of the
        129th."""
        size = 64 * 1024
        one = ext3.file_system({"x": ""}, size, label="", features="filetype")
        for last in (127, 128):
            paths = [self.path(f"disk{number}.img") for number in (0, 1)]
            for number, path in enumerate(paths):
                disks.gpt(path, [one] * 65)
                with open(path, "r+b") as file:
                    for index in range(65):
                        at = 2048 * 512 * (index + 1) + ext3.SUPERBLOCK
                        file.seek(at + 104)
                        file.write(struct.pack("<QQ", number, index + 1))
                        if number * 65 + index == last:
                            file.seek(at + 96)
                            file.write(struct.pack("<I", 2 | ext3.NEEDS_RECOVERY))
            with self.subTest(last):  # the first disk is given twice: its file systems are already known
                self.assertEqual(self.survive(paths[0], *paths, status=NONE)["needs_recovery"], last == 127)

    def test_over_one_another(self):
        """Four entries for the same partition: its contents are reported once."""
        [path] = self.make("single", images.RHEL_3)
        overwrite(path, disks.entry(0x83, disks.FIRST, 64 * 2048) * 4, 446)
        self.told(self.survive(path, status=FOUND))

    def test_gpt(self):
        [genuine] = self.make("gpt", images.RHEL_3)
        with open(genuine, "rb") as file:
            file.seek(512)
            header = file.read(512)
        for offset, layout, value in ((12, "<I", 0), (12, "<I", 0xffffffff), (72, "<Q", (1 << 64) - 1), (80, "<I", 0xffffffff),
                                      (84, "<I", 0), (84, "<I", 1), (84, "<I", 0x80000000), (40, "<Q", (1 << 64) - 1)):
            data = bytearray(header)
            struct.pack_into(layout, data, offset, value)
            struct.pack_into("<I", data, 16, 0)
            struct.pack_into("<I", data, 16, zlib.crc32(bytes(data[:92])))
            with self.subTest(offset=offset, value=value):
                overwrite(genuine, bytes(data), 512)
                self.survive(genuine)


class Sizes(TestCase):
    """Images that are larger than any disk."""

    def largest(self, folder):
        """Makes the largest sparse file that the folder's file system allows."""
        handle, path = tempfile.mkstemp(prefix="xenpv-", dir=folder)
        self.addCleanup(os.unlink, path)
        size = (1 << 63) - 1
        while True:
            try:
                os.ftruncate(handle, size)
                break
            except OSError:
                size >>= 1
        os.close(handle)
        return path, size

    def test_largest(self):
        """A file of 8 EiB, or as large as the file system allows: empty, and with a guest at its start."""
        folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else self.folder
        path, size = self.largest(folder)
        self.assertGreater(size, 1 << 43)
        self.assertEqual(self.survive(path, status=NONE)["kernels"], [])
        [genuine] = self.make("lvm", images.RHEL_5)
        with open(genuine, "rb") as source, open(path, "r+b") as target:
            disks.copy_sparse(source.fileno(), target.fileno(), 0)
        answer = self.survive(path, status=FOUND)
        self.assertEqual([each["package"] for each in answer["kernels"]], list(images.RHEL_5.kernels))

    def test_as_large_as_they_claim(self):
        """A file system and a volume of 8 EiB."""
        path, _size = self.largest("/dev/shm" if os.access("/dev/shm", os.W_OK) else self.folder)
        group = lvm2.Group([4], {"LogVol00": [lvm2.linear((1 << 37) - 2)]})
        group.sizes = [(1 << 37) - 1]
        with open(path, "r+b") as file:
            file.write(group.head(0))
        self.survive(path, status=NONE)
        with open(path, "r+b") as file:
            file.write(bytes(1 << 20))
            images.Parts(images.RHEL_3).single().write(file.fileno(), 0)
            file.seek(ext3.SUPERBLOCK + 4)
            file.write(struct.pack("<I", 0xffffffff))
        self.survive(path)

    def test_grows_and_shrinks(self):
        """A disk whose size changes while it is read."""
        [path] = self.make("lvm", images.RHEL_5)
        size = os.path.getsize(path)
        stop = threading.Event()

        def change():
            while not stop.is_set():
                os.truncate(path, 0)
                os.truncate(path, size)
        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(20):
                self.survive(path)
        finally:
            stop.set()
            thread.join()


class BlockDevice(TestCase):
    """Block devices within the sandbox's filter, with a loop device."""

    def attach(self, path):
        try:
            device = disks.run_tool("losetup", "--read-only", "--find", "--show", path).strip()
        except RuntimeError as error:
            self.fail(f"this test needs root and loop devices: {error}")
        self.addCleanup(disks.run_tool, "losetup", "--detach", device)
        return device

    def test_layouts(self):
        for layout in ("plain", "lvm-segments", "raid-1-half", "no-table"):
            [path] = self.make(layout, images.RHEL_4)
            device = self.attach(path)
            with self.subTest(layout):
                answer = self.inspect(device)
                self.assertEqual(answer["disks"][0]["source"], device)
                self.assertEqual({**answer, "disks": []}, {**self.inspect(path), "disks": []})

    def test_what_the_host_has_cached(self):
        """Data that was written below the host's cache of the device, as a running guest does, is read."""
        [path] = self.make("plain", images.RHEL_3)
        device = self.attach(path)
        self.assertEqual(self.inspect(device)["default_kernel"], images.RHEL_3.kernels[0])
        with open(device, "rb") as cached:  # this keeps the cache until the device is closed for the last time
            self.assertIn(b"\ndefault=0\n", cached.read())
            with open(path, "r+b") as file:
                at = file.read().index(b"\ndefault=0\n")
                file.seek(at)
                file.write(b"\ndefault=1\n")
            self.assertEqual(self.inspect(device)["default_kernel"], images.RHEL_3.kernels[1])


if __name__ == "__main__":
    inspector.main()
