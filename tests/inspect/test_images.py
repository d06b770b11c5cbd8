# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the makers of disks with tools that read the same formats, and the command that makes the disks of a guest."""
import json
import os
import shutil
import sys
import tempfile
import unittest

import disks
import ext3
import images
import rpmdb


class Makers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def parts(self, path):
        """Returns: offset, size and type of each partition, as sfdisk reads them."""
        table = json.loads(disks.run_tool("sfdisk", "--json", path))["partitiontable"]
        return [(each["start"] * 512, each["size"] * 512, each["type"]) for each in table["partitions"]]

    def test_file_systems(self):
        for name, guest in images.GUESTS.items():
            [path] = images.make("plain", guest, self.folder)
            for offset, _size, _kind in self.parts(path)[:2]:
                with self.subTest(name=name, offset=offset):
                    disks.run_tool("e2fsck", "-fn", f"{path}?offset={offset}")

    def test_tables(self):
        boot, root = 8 << 20, 64 << 20
        [path] = images.make("plain", images.RHEL_3, self.folder)
        self.assertEqual([part[1:] for part in self.parts(path)], [(boot, "83"), (root, "83"), (1 << 20, "82")])
        [path] = images.make("logical", images.RHEL_3, self.folder)
        self.assertEqual([kind for _offset, _size, kind in self.parts(path)], ["83", "5", "82", "83"])
        [path] = images.make("gpt", images.RHEL_3, self.folder)
        self.assertEqual([size for _offset, size, _kind in self.parts(path)], [boot, root, 1 << 20])
        self.assertIn("No errors", disks.run_tool("sfdisk", "--verify", path))

    def test_database(self):
        """Berkeley DB's verifier accepts the database. It knows only version 9."""
        for order in "<>":
            for buckets in (2, 4, 64):
                path = os.path.join(self.folder, "Packages")
                with open(path, "wb") as file:
                    headers = images.headers(images.RHEL_5) + [rpmdb.header(f"p{number}-1-1.noarch") for number in range(100)]
                    file.write(rpmdb.database(headers, rpmdb.Format(9, order, buckets=buckets), headers[:1]))
                with self.subTest(order=order, buckets=buckets):
                    disks.run_tool("db5.3_verify", path)

    def test_kinds(self):
        """libblkid recognises the contents that cannot be read."""
        for make, kind in ((disks.swap, "swap"), (disks.lvm1, "LVM1_member"), (disks.luks, "crypto_LUKS"), (disks.xfs, "xfs")):
            path = disks.whole(os.path.join(self.folder, "disk"), make())
            self.assertIn(f'TYPE="{kind}"', disks.run_tool("blkid", "-p", path))
        part = disks.mirrored(ext3.file_system({"file": "text"}, 8 << 20), 0)
        path = disks.whole(os.path.join(self.folder, "disk"), part)
        self.assertIn('TYPE="linux_raid_member"', disks.run_tool("blkid", "-p", path))

    def test_same(self):
        """A guest's disks are always the same, however often they are made."""
        contents = []
        for name in ("a", "b"):
            [path] = images.make("lvm", images.RHEL_5, os.path.join(self.folder, name))
            with open(path, "rb") as file:
                contents.append(file.read())
        self.assertEqual(*contents)

    def test_command(self):
        argv = [sys.executable, "-B", images.__file__]
        told = disks.run_tool(*argv, "--guest", "rhel-3", "--default=1", "--hash=9", "--package", "kmod-xenpv-0.1-1.i686",
                             "two-disks", self.folder, "kernel-2.4.21-50.EL.ia32e", "kernel-2.4.21-50.EL.x86_64")
        self.assertEqual(told.split(), [os.path.join(self.folder, name) for name in ("hda.img", "hdb.img")])
        with open(told.split()[0], "rb") as file:
            self.assertIn(b"\ndefault=1\n", file.read())
        with open(told.split()[1], "rb") as file:
            self.assertIn(b"kmod-xenpv\0", file.read())
        disks.run_tool(*argv, "no-such-layout", self.folder, status=2)
        disks.run_tool(*argv, "lvm", self.folder, "kernel", status=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
