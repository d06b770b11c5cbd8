# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks like those of RHEL's installers: everything that the inspector reports about them."""
import dataclasses
import os
import struct
import subprocess

import images
import inspector
import rpmdb
from ext3 import Dated
from inspector import NONE, kernel

# The kernels on the makers' guests, in the form of an answer.
KERNELS = {
    "rhel-3": [kernel("kernel-smp-2.4.21-50.EL.i686", "2.4.21-50.ELsmp", 0, default=True),
               kernel("kernel-2.4.21-50.EL.i686", "2.4.21-50.EL", 1)],
    "rhel-4": [kernel("kernel-smp-2.6.9-67.EL.x86_64", "2.6.9-67.ELsmp", 0, default=True),
               kernel("kernel-2.6.9-67.EL.x86_64", "2.6.9-67.EL", 1)],
    "rhel-5": [kernel("kernel-PAE-2.6.18-53.1.4.el5.i686", "2.6.18-53.1.4.el5PAE", 0, default=True),
               kernel("kernel-2.6.18-53.el5.i686", "2.6.18-53.el5", 1)],
    "rhel-6": [kernel("kernel-2.6.32-358.el6.x86_64", "2.6.32-358.el6.x86_64", 0, default=True)],
}
RELEASES = {"rhel-3": "3.9", "rhel-4": "4.6", "rhel-5": "5.1", "rhel-6": "6.4"}


def expected(name, paths, boot=0, **changes):
    """Returns: the expected answer about one of the makers' guests. @boot: the number of the disk with /boot."""
    disks = [{"source": path, "format": "raw", "boot": number == boot, "error": ""} for number, path in enumerate(paths)]
    answer = {"disks": disks, "release": RELEASES[name], "distribution": "rhel",
              "default_kernel": next((kernel["package"] for kernel in KERNELS[name] if kernel["default"]), ""),
              "kernels": KERNELS[name], "driver_packages": [], "driver_aliases": [], "needs_recovery": False, "errors": [],
              "boot_changed_at": images.CHANGED_AT, "mounted_at": 0, "serial": 0}
    return {**answer, **changes}


def without_database(name):
    """Returns: the kernels as known from /boot alone: no package, no time, and only the architecture that config-*
    gives."""
    return [dict(each, package="", architecture=each["architecture"] if each["architecture"] == "i686" else "", installed_at=0)
            for each in KERNELS[name]]


class Layouts(inspector.TestCase):
    def check(self, layout, name, **changes):
        paths = self.make(layout, images.GUESTS[name])
        self.assertEqual(self.inspect(*paths), expected(name, paths, **changes))

    def test_plain(self):
        self.check("plain", "rhel-3")

    def test_single(self):
        self.check("single", "rhel-3")

    def test_logical(self):
        self.check("logical", "rhel-3")

    def test_no_table(self):
        self.check("no-table", "rhel-5")

    def test_gpt(self):
        self.check("gpt", "rhel-5")

    def test_lvm(self):
        for name in ("rhel-4", "rhel-5"):
            with self.subTest(name):
                self.check("lvm", name)

    def test_lvm_segments(self):
        self.check("lvm-segments", "rhel-4")

    def test_lvm_wrapped(self):
        self.check("lvm-wrapped", "rhel-5")

    def test_lvm_var(self):
        self.check("lvm-var", "rhel-5")

    def test_lvm_two_disks(self):
        self.check("lvm-two-disks", "rhel-5")

    def test_lvm_two_disks_in_the_other_order(self):
        paths = self.make("lvm-two-disks", images.RHEL_5)[::-1]
        self.assertEqual(self.inspect(*paths), expected("rhel-5", paths, boot=1))

    def test_raid_1(self):
        """Both members have the same contents, which are reported once."""
        self.check("raid-1", "rhel-4")

    def test_raid_1_half(self):
        self.check("raid-1-half", "rhel-4")

    def test_raid_1_lvm(self):
        self.check("raid-1-lvm", "rhel-5")

    def test_two_disks(self):
        self.check("two-disks", "rhel-3")

    def test_two_disks_in_the_other_order(self):
        paths = self.make("two-disks", images.RHEL_3)[::-1]
        self.assertEqual(self.inspect(*paths), expected("rhel-3", paths, boot=1))

    def test_boot_alone(self):
        """The disk with / is missing."""
        self.check("boot-alone", "rhel-3", kernels=without_database("rhel-3"), default_kernel="2.4.21-50.ELsmp",
                   release="", distribution="")

    def test_root_alone(self):
        """The disk with /boot is missing: the installed kernels are known, but not which one starts."""
        paths = self.make("root-alone", images.RHEL_3)
        kernels = [dict(each, default=False, in_grub=False) for each in KERNELS["rhel-3"]]
        self.assertEqual(self.inspect(*paths), expected("rhel-3", paths, boot=None, kernels=kernels, default_kernel="",
                                                         boot_changed_at=0))

    def test_mounted(self):
        """An ext3 file system that is mounted needs recovery."""
        paths = self.make("lvm", dataclasses.replace(images.RHEL_5, needs_recovery=True))
        self.assertEqual(self.inspect(*paths), expected("rhel-5", paths, needs_recovery=True))

    def test_two_guests_of_the_same_names(self):
        """Every guest has its own VolGroup00, and its own kernels."""
        first = self.make("lvm", images.RHEL_4, "first")
        second = self.make("lvm", images.RHEL_5, "second")
        self.assertEqual(self.inspect(*first), expected("rhel-4", first))
        self.assertEqual(self.inspect(*second), expected("rhel-5", second))


class Grub(inspector.TestCase):
    """The kernel that GRUB starts."""

    def check(self, default_kernel, layout="plain", guest=images.RHEL_3, **changes):
        paths = self.make(layout, dataclasses.replace(guest, **changes))
        answer = self.inspect(*paths)
        self.assertEqual(answer["default_kernel"], default_kernel)
        self.assertEqual([each["package"] for each in answer["kernels"] if each["default"]],
                         [default_kernel] if default_kernel else [])
        self.assertEqual({each["package"] for each in answer["kernels"]}, set(guest.kernels))
        return answer

    def test_default(self):
        smp, single = images.RHEL_3.kernels
        for layout in ("plain", "single"):
            for default, package in (("0", smp), ("1", single), (" 1 ", single), ("2", smp), ("99999999999999999999", smp),
                                     ("-1", smp), ("x", smp)):  # out of range: GRUB takes the first
                with self.subTest(layout=layout, default=default):
                    self.check(package, layout, default=default)

    def test_no_default(self):
        """Without a default, GRUB starts its first entry."""
        text = images.grub(images.RHEL_3, "").replace("default=0\n", "")
        self.check(images.RHEL_3.kernels[0], grub=text)

    def test_saved(self):
        for saved, number in (("1\n", 1), ("0\n#\n#\n# WARNING: do not edit\n", 0), ("", 0)):
            with self.subTest(saved=saved):
                self.check(images.RHEL_3.kernels[number], default="saved", saved=saved)

    def test_menu_lst_alone(self):
        self.check(images.RHEL_3.kernels[1], without=("boot/grub/grub.conf",),
                   more=(("boot/grub/menu.lst", images.grub(dataclasses.replace(images.RHEL_3, default="1"), "")),))

    def test_other_ways_to_write_it(self):
        """Everything that GRUB accepts: blanks, tabs, with or without “=”, comments, and entries that start something
        else."""
        text = ("#default=1\ndefault 2\n\ntitle Windows\n rootnoverify (hd0,1)\n chainloader +1\n"
                "title\tfirst\n\troot (hd0,0)\n\tkernel\t/vmlinuz-2.4.21-50.EL\tro\n# title none\n"
                "title=second\nroot=(hd0,0)\nkernel=(hd0,0)/vmlinuz-2.4.21-50.ELsmp ro\ninitrd /initrd.img\n")
        answer = self.check("kernel-smp-2.4.21-50.EL.i686", grub=text)
        self.assertTrue(all(each["in_grub"] for each in answer["kernels"]))

    def test_not_in_grub(self):
        """An installed kernel without an entry in GRUB."""
        text = "default=0\ntitle one\n\tkernel /vmlinuz-2.4.21-50.EL ro\n"
        answer = self.check("kernel-2.4.21-50.EL.i686", grub=text)
        self.assertEqual({each["release"]: each["in_grub"] for each in answer["kernels"]},
                         {"2.4.21-50.EL": True, "2.4.21-50.ELsmp": False})

    def test_xen(self):
        """In a para-virtualized guest, the kernel is a module of Xen."""
        guest = dataclasses.replace(images.RHEL_5, kernels=("kernel-xen-2.6.18-53.el5.i686", "kernel-2.6.18-53.el5.i686"))
        self.check("kernel-xen-2.6.18-53.el5.i686", guest=guest)

    def test_no_file(self):
        """Without GRUB's file, no kernel is the default."""
        paths = self.make("plain", dataclasses.replace(images.RHEL_3, without=("boot/grub/grub.conf", "boot/grub/menu.lst")))
        kernels = [dict(each, default=False, in_grub=False) for each in KERNELS["rhel-3"]]
        answer = self.inspect(*paths)
        self.assertEqual((answer["default_kernel"], answer["kernels"]), ("", kernels))


class Changed(inspector.TestCase):
    """When the default kernel was last changed. Other files in /boot, and the folder itself, are as new as the image,
    as guests write there at each boot."""

    def changed_at(self, **changes):
        return self.inspect(*self.make("plain", dataclasses.replace(images.RHEL_3, **changes)))["boot_changed_at"]

    def test_either_time(self):
        """ctime counts too: a file may have been moved to its place."""
        text = images.grub(images.RHEL_3, "")
        for modified, changed in ((1150000000, 1260000000), (1260000000, 1150000000)):
            with self.subTest(modified=modified, changed=changed):
                self.assertEqual(self.changed_at(more=(("boot/grub/grub.conf", Dated(text, modified, changed)),)), 1260000000)

    def test_saved(self):
        """The time of the saved entry's file counts only if grub.conf refers to it."""
        saved = {"saved": "1\n", "more": (("boot/grub/default", Dated("1\n", 1260000000, 1260000000)),)}
        self.assertEqual(self.changed_at(default="saved", **saved), 1260000000)
        self.assertEqual(self.changed_at(default="0", **saved), images.CHANGED_AT)

    def test_saved_before(self):
        saved = (("boot/grub/default", Dated("1\n", 1150000000, 1150000000)),)
        self.assertEqual(self.changed_at(default="saved", more=saved), images.CHANGED_AT)

    def test_mounted(self):
        """The earlier mount of / and /boot counts. The later one does not, nor do other file systems."""
        for layout, mounted, expected_time in (("plain", (("/", 1270000000), ("/boot", 1270000001)), 1270000000),
                                               ("plain", (("/", 1270000009), ("/boot", 1270000001)), 1270000001),
                                               ("plain", (("/boot", 1270000000),), 0),
                                               ("single", (("/", 1270000000),), 1270000000)):
            with self.subTest(layout=layout, mounted=mounted):
                guest = dataclasses.replace(images.RHEL_3, mounted=mounted)
                self.assertEqual(self.inspect(*self.make(layout, guest))["mounted_at"], expected_time)

    def test_far_future(self):
        """The guest's clock may show any time."""
        text = images.grub(images.RHEL_3, "")
        self.assertEqual(self.changed_at(more=(("boot/grub/grub.conf", Dated(text, 0, 0xffffffff)),)), 0xffffffff)


class Database(inspector.TestCase):
    """The rpm database, in every format that rpm has written."""

    def check(self, guest):
        paths = self.make("lvm", guest)
        self.assertEqual(self.inspect(*paths), expected("rhel-4", paths))

    def test_versions(self):
        for version in (7, 8, 9):
            for order in "<>":
                for page_type in (rpmdb.UNSORTED, rpmdb.SORTED):
                    with self.subTest(version=version, order=order, page_type=page_type):
                        self.check(dataclasses.replace(images.RHEL_4, database=rpmdb.Format(version, order, page_type)))

    def test_long_buckets(self):
        """Many packages on few pages: buckets go on on further pages."""
        packages = tuple(f"package{number}-1-1.noarch" for number in range(200))
        guest = dataclasses.replace(images.RHEL_4, packages=packages, database=rpmdb.Format(buckets=2))
        self.check(guest)

    def test_many_buckets(self):
        self.check(dataclasses.replace(images.RHEL_4, database=rpmdb.Format(buckets=256)))

    def test_large(self):
        """A database of 57 MB, like that of a full installation."""
        self.check(dataclasses.replace(images.RHEL_4, filler=1300))

    def told_by_rpm(self, database):
        """Returns: what rpm itself reads from a database, as package and time."""
        with open(self.path("Packages"), "wb") as file:
            file.write(database)
        done = subprocess.run(["rpm", "--dbpath", self.folder, "--query", "--all", "--queryformat", "%{NVRA} %{INSTALLTIME}\\n"],
                              capture_output=True, text=True, check=True)
        return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())

    def told_by_us(self, database):
        guest = dataclasses.replace(images.RHEL_4, more=(("var/lib/rpm/Packages", database),))
        return {each["package"]: str(each["installed_at"]) for each in self.inspect(*self.make("lvm", guest))["kernels"]}

    def test_as_rpm_reads_it(self):
        """The inspector reads the same as rpm, in every format that rpm 4.18 still reads."""
        headers = images.headers(dataclasses.replace(images.RHEL_4, filler=20))
        for version in (8, 9):
            for order in "<>":
                database = rpmdb.database(headers, rpmdb.Format(version, order))
                told = self.told_by_rpm(database)
                with self.subTest(version=version, order=order):
                    self.assertEqual(len(told), len(headers))
                    self.assertEqual(self.told_by_us(database),
                                     {package: at for package, at in told.items() if package.startswith("kernel-")})

    def test_as_berkeley_db_writes_it(self):
        """A database that Berkeley DB wrote: as it is, and with RHEL's version and page types."""
        headers = images.headers(dataclasses.replace(images.RHEL_4, filler=20))
        records = [(0, struct.pack("<I", len(headers))), *enumerate(headers, 1)]
        dump = "VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n" + "".join(
            f" {struct.pack('<I', key).hex()}\n {value.hex()}\n" for key, value in records) + "DATA=END\n"
        subprocess.run(["db5.3_load", "-t", "hash", "-c", "db_pagesize=4096", self.path("written")], input=dump, text=True,
                       check=True)
        with open(self.path("written"), "rb") as file:
            database = bytearray(file.read())
        expected = {each["package"]: str(each["installed_at"]) for each in KERNELS["rhel-4"]}
        self.assertEqual(self.told_by_us(bytes(database)), expected)
        self.assertEqual(struct.unpack_from("<I", database, 16), (9,))
        struct.pack_into("<I", database, 16, 8)
        for at in range(rpmdb.PAGE, len(database), rpmdb.PAGE):
            if database[at + 25] == rpmdb.SORTED:
                database[at + 25] = rpmdb.UNSORTED
        self.assertEqual(self.told_by_us(bytes(database)), expected)

    def test_architectures(self):
        """Packages give the architectures that uname does not tell: athlon, ia32e."""
        kernels = ("kernel-smp-2.4.21-50.EL.athlon", "kernel-2.4.21-47.EL.ia32e", "kernel-BOOT-2.4.21-50.EL.i386",
                   "kernel-hugemem-2.4.21-50.EL.i686")
        answer = self.inspect(*self.make("plain", dataclasses.replace(images.RHEL_3, kernels=kernels)))
        self.assertEqual([(each["package"], each["architecture"]) for each in answer["kernels"]],
                         [(package, package.rpartition(".")[2]) for package in kernels])

    def test_two_of_one_release(self):
        """Two packages have the same vmlinuz, and nothing tells which one owns it."""
        kernels = ("kernel-2.4.21-50.EL.i686",)
        guest = dataclasses.replace(images.RHEL_3, kernels=kernels, packages=("kernel-2.4.21-50.EL.athlon",))
        answer = self.inspect(*self.make("plain", guest))
        self.assertEqual({each["package"] for each in answer["kernels"]},
                         {"kernel-2.4.21-50.EL.i686", "kernel-2.4.21-50.EL.athlon"})

    def test_no_kernels(self):
        """Packages that are named like kernels but contain none."""
        packages = ("kernel-devel-2.6.18-53.el5.i686", "kernel-headers-2.6.18-53.el5.i386", "kernel-doc-2.6.18-53.el5.noarch",
                    "kernel-utils-2.4-13.1.105.i386", "kernel-unsupported-2.4.21-50.EL.i686", "kernelx-1-1.i686")
        paths = self.make("lvm", dataclasses.replace(images.RHEL_5, packages=packages))
        self.assertEqual(self.inspect(*paths), expected("rhel-5", paths))

    def test_driver_packages(self):
        packages = ("kmod-xenpv-0.1-5.el5.i686", "kmod-xenpv-PAE-0.1-5.el5.i686", "kmod-xenpvx-1-1.i686", "kmod-gfs-1-1.i686")
        paths = self.make("lvm", dataclasses.replace(images.RHEL_5, packages=packages))
        answer = self.inspect(*paths)
        self.assertEqual(sorted(answer.pop("driver_packages")), sorted(packages[:2]))
        self.assertEqual(answer["kernels"], KERNELS["rhel-5"])

    def test_none(self):
        """Without a database, the kernel's configuration in /boot tells athlon from the others."""
        kernels = ("kernel-smp-2.4.21-50.EL.athlon", "kernel-2.4.21-50.EL.i686")
        paths = self.make("plain", dataclasses.replace(images.RHEL_3, kernels=kernels, database=None))
        answer = self.inspect(*paths)
        self.assertEqual([(each["package"], each["release"], each["architecture"]) for each in answer["kernels"]],
                         [("", "2.4.21-50.ELsmp", "athlon"), ("", "2.4.21-50.EL", "i686")])
        self.assertEqual((answer["default_kernel"], answer["release"]), ("2.4.21-50.ELsmp", "3.9"))


class Modules(inspector.TestCase):
    """The module aliases that load the drivers."""

    def test_aliases(self):
        lines = ("alias scsi_hostadapter1 xen-vbd", "alias eth1 xen-vnif", "alias scsi_hostadapter2 xenblk", "alias eth2 xennet")
        noise = "# alias eth3 xen-vnif\nalias eth4 xen-vnifx\noptions xen-vbd x=1\nalias\talias xen_vbd\n"
        for layout, guest in (("plain", images.RHEL_3), ("lvm", images.RHEL_5)):
            with self.subTest(layout):
                text = "\n".join(lines).replace("alias eth1 ", "alias\teth1  \t") + "\n" + noise
                answer = self.inspect(*self.make(layout, dataclasses.replace(guest, modules=text)))
                self.assertEqual(answer["driver_aliases"], list(lines))


class Systems(inspector.TestCase):
    """The operating system."""

    def check(self, words, guest=images.RHEL_5, **changes):
        answer = self.inspect(*self.make("lvm", dataclasses.replace(guest, **changes)))
        self.assertEqual((answer["distribution"], answer["release"], answer["errors"]), (*words, []))
        self.assertEqual([each["package"] for each in answer["kernels"]], list(guest.kernels))

    def test_red_hat(self):
        for text, release in (("Red Hat Enterprise Linux ES release 3 (Taroon Update 9)", "3.9"),
                              ("Red Hat Enterprise Linux AS release 3 (Taroon)", "3.0"),
                              ("Red Hat Enterprise Linux WS release 4 (Nahant Update 8)", "4.8"),
                              ("Red Hat Enterprise Linux Server release 5 (Tikanga)", "5.0"),
                              ("Red Hat Enterprise Linux Server release 5.11 (Tikanga)", "5.11"),
                              ("Red Hat Enterprise Linux Client release 5.4 (Tikanga)", "5.4")):
            with self.subTest(text):
                self.check(("rhel", release), release=text)

    def test_rebuilds(self):
        for text, distribution, release in (("CentOS release 3.9 (Final)", "centos", "3.9"),
                                            ("CentOS release 5.1 (Final)", "centos", "5.1"),
                                            ("Scientific Linux SL release 5.1 (Boron)", "scientific", "5.1"),
                                            ("Oracle Linux Server release 5.11", "oracle", "5.11"),
                                            ("Enterprise Linux Enterprise Linux Server release 5.1 (Carthage)", "oracle", "5.1")):
            with self.subTest(text):
                self.check((distribution, release), release=text)

    def test_oracle_beside_red_hat(self):
        """Oracle's system has Red Hat's file too, and its own."""
        for name in ("etc/enterprise-release", "etc/oracle-release"):
            text = "Enterprise Linux Enterprise Linux Server release 5.1 (Carthage)\n"
            self.check(("oracle", "5.1"), more=((name, text),))

    def test_rhel_6(self):
        paths = self.make("lvm", images.RHEL_6)
        self.assertEqual(self.inspect(*paths), expected("rhel-6", paths))

    def test_debian(self):
        answer = self.inspect(*self.make("single", images.DEBIAN))
        self.assertEqual((answer["distribution"], answer["release"]), ("debian", "12.5"))
        self.assertEqual([(each["package"], each["release"]) for each in answer["kernels"]], [("", "6.1.0-18-amd64")])

    def test_other(self):
        """Systems with an os-release file."""
        text = 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="22.04"\n'
        more = (("etc/os-release", text), ("etc/debian_version", "bookworm/sid\n"))
        answer = self.inspect(*self.make("single", dataclasses.replace(images.DEBIAN, more=images.DEBIAN.more[:-2] + more)))
        self.assertEqual((answer["distribution"], answer["release"]), ("ubuntu", "22.04"))

    def test_windows(self):
        paths = self.make("windows", images.RHEL_5)
        answer = self.inspect(*paths, status=NONE)
        self.assertEqual((answer["distribution"], answer["kernels"], answer["default_kernel"]), ("windows", [], ""))


class Unreadable(inspector.TestCase):
    """An error names what cannot be read. Everything else is reported."""

    def check(self, layout, pattern):
        paths = self.make(layout, images.RHEL_3)
        answer = self.inspect(*paths)
        self.assertEqual(answer["kernels"], without_database("rhel-3"))
        [error] = answer["errors"]
        self.assertRegex(error, pattern)
        self.assertIn(paths[0], error)
        return answer

    def test_lvm1(self):
        self.check("lvm1", r"partition 2.*LVM1")

    def test_luks(self):
        self.check("luks", r"partition 2.*encrypted")

    def test_xfs(self):
        self.check("xfs", r"partition 2.*XFS")

    def test_lvm_striped(self):
        paths = self.make("lvm-striped", images.RHEL_3)
        answer = self.inspect(*paths)
        self.assertEqual(answer["kernels"], without_database("rhel-3"))
        self.assertRegex("\n".join(answer["errors"]), "VolGroup00/LogVol00.*striped")

    def test_half_a_group(self):
        """The other disk of a volume is missing."""
        first, _second = self.make("lvm-two-disks", images.RHEL_3)
        answer = self.inspect(first)
        self.assertEqual(answer["kernels"], without_database("rhel-3"))
        [error] = answer["errors"]
        self.assertRegex(error, "VolGroup00/LogVol00.*(missing|not given)")

    def test_nothing(self):
        """Disks without contents."""
        for layout in ("swap", "empty"):
            paths = self.make(layout, images.RHEL_3)
            answer = self.inspect(*paths, status=NONE)
            self.assertEqual((answer["kernels"], answer["default_kernel"], answer["distribution"]), ([], "", ""))

    def test_no_ext3_beneath_its_name(self):
        """A root file system without a superblock."""
        [path] = self.make("single", images.RHEL_3)
        with open(path, "r+b") as file:
            file.seek(63 * 512 + 1024)
            file.write(bytes(1024))
        self.assertEqual(self.inspect(path, status=NONE)["kernels"], [])

    def test_cut(self):
        """An image that ends in the middle of /."""
        [path] = self.make("plain", images.RHEL_3)
        os.truncate(path, 12 << 20)
        answer = self.inspect(path)
        self.assertEqual([each["release"] for each in answer["kernels"]], ["2.4.21-50.ELsmp", "2.4.21-50.EL"])
        self.assertTrue(answer["errors"])


if __name__ == "__main__":
    inspector.main()
