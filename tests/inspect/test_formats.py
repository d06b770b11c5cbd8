# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images that are not raw, read by the real qemu-nbd. A copy that qemu-img makes of a disk reads like the disk, and each
image that cannot be read has one sentence that says why."""
import os
import subprocess

import disks
import images
import inspector
import request_folders
from inspector import NOT_OPENED

NOT_ALONE = ", and an image that needs others is not read"
HOST_FILE = "/etc/hostname"  # which a hostile image names


def convert(disk, word, *options, driver=None):
    """Returns: the path of a copy in this format. @driver: qemu's word for it, if it has another"""
    path = f"{disk}.{word}"
    disks.run_tool("qemu-img", "convert", "-O", driver or word, *options, disk, path)
    return path


def create(path, word, *options):
    disks.run_tool("qemu-img", "create", "-q", "-f", word, path, *options)
    return path


class Formats(inspector.TestCase):
    def read(self, disk, word, *options, driver=None):
        """A copy in this format has on it what the disk has."""
        path = convert(disk, word, *options, driver=driver)
        answer = self.inspect("--format", word, path)
        [told] = answer["disks"]
        self.assertEqual(told, {"source": path, "format": word, "boot": True, "error": ""})
        self.assertEqual({**answer, "disks": []}, {**self.inspect(disk), "disks": []})

    def test_each(self):
        [disk] = self.make("lvm", images.RHEL_5)
        for word, *options in (("qcow",), ("qcow2",), ("qed",), ("vdi",), ("vhdx",), ("vmdk",), ("vpc",),
                               ("qcow2", "-c"), ("qcow2", "-o", "compat=0.10"), ("qcow2", "-o", "cluster_size=512"),
                               ("vmdk", "-o", "subformat=streamOptimized"), ("vpc", "-o", "subformat=fixed")):
            with self.subTest(word, options=options):
                self.read(disk, word, *options)
        self.read(disk, "vhd", driver="vpc")

    def test_raw(self):
        [disk] = self.make("plain", images.RHEL_3)
        self.read(disk, "raw")

    def test_several(self):
        """A volume group lies on two images."""
        paths = self.make("lvm-two-disks", images.RHEL_4)
        expected = self.inspect(*paths)
        answer = self.inspect("--format=vmdk", *(convert(path, "vmdk") for path in paths))
        self.assertEqual({**answer, "disks": []}, {**expected, "disks": []})
        self.assertEqual([disk["boot"] for disk in answer["disks"]], [disk["boot"] for disk in expected["disks"]])

    def test_block_device(self):
        [disk] = self.make("plain", images.RHEL_3)
        path = convert(disk, "qcow2")
        device = disks.run_tool("losetup", "--read-only", "--find", "--show", path).strip()
        self.addCleanup(disks.run_tool, "losetup", "--detach", device)
        self.assertEqual({**self.inspect("--format=qcow2", device), "disks": []}, {**self.inspect(disk), "disks": []})

    def test_without_rights(self):
        """A user who may read the file can read the image."""
        [disk] = self.make("plain", images.RHEL_3)
        path = convert(disk, "qcow2")
        os.chmod(self.folder, 0o755)
        self.assertEqual(len(self.inspect("--format=qcow2", path, **self.nobody())["kernels"]), 2)

    def test_in_use(self):
        """An image that a qemu has locked can be read, and that qemu goes on."""
        [disk] = self.make("plain", images.RHEL_3)
        path = convert(disk, "qcow2")
        with subprocess.Popen(["qemu-io", "-f", "qcow2", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
            user.stdin.write(b"write 0 0\n")
            user.stdin.flush()
            self.assertIn(b"wrote", user.stdout.readline())  # it has opened the image, to write
            self.assertEqual(len(self.inspect("--format=qcow2", path)["kernels"]), 2)
            user.stdin.close()
            self.assertEqual(user.wait(inspector.TIMEOUT), 0)

    def test_many(self):
        """At most eight images are read, as each needs a process."""
        path = create(self.path("empty"), "qcow2", "1M")
        answer = self.inspect("--format=qcow2", *[path] * 8, path, status=NOT_OPENED)
        self.assertEqual([each["error"] for each in answer["disks"]],
                         [""] * 8 + ["it is beyond the first 8 disks that are not raw"])


class Refused(inspector.TestCase):
    """Images that need other files, or that cannot be opened."""

    def refuse(self, path, word, sentence, **options):
        answer = self.inspect("--format", word, path, status=NOT_OPENED, **options)
        self.assertEqual(answer["disks"], [{"source": path, "format": word, "boot": False, "error": sentence}])
        self.assertEqual((answer["kernels"], answer["errors"]), ([], []))

    def patch(self, path, offset, data):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(data)
        return path

    def test_backing_files(self):
        """The name is a file of the host, JSON for qemu, a disk of another machine, or the image itself."""
        for word in ("qcow", "qcow2", "qed"):
            for name in (HOST_FILE, 'json:{"driver":"file","filename":"/etc/hostname"}', "nbd://localhost/x", "/dev/fd/4"):
                with self.subTest(word, name=name):
                    path = create(self.path("backed"), word, "1M", "-u", "-b", name, "-F", "raw")
                    self.refuse(path, word, f"it has a backing file, “{name}”" + NOT_ALONE)

    def test_hostile_name(self):
        path = create(self.path("backed"), "qcow2", "1M", "-u", "-b", "x\n\033[31m" + "y" * 900, "-F", "raw")
        self.refuse(path, "qcow2", f"it has a backing file, “x [31m{'y' * 122}”" + NOT_ALONE)

    def test_data_file(self):
        path = create(self.path("head"), "qcow2", "1M", "-o", f"data_file={self.path('data')}")
        self.refuse(path, "qcow2", "its data is in another file" + NOT_ALONE)

    def test_pieces(self):
        [disk] = self.make("plain", images.RHEL_3)
        for kind in ("monolithicFlat", "twoGbMaxExtentFlat", "twoGbMaxExtentSparse"):
            with self.subTest(kind):
                self.refuse(convert(disk, "vmdk", "-o", "subformat=" + kind), "vmdk",
                            "it is not in one piece (monolithicSparse or streamOptimized)" + NOT_ALONE)

    def test_differences(self):
        [disk] = self.make("plain", images.RHEL_3)
        base = convert(disk, "vmdk")
        self.refuse(create(self.path("difference"), "vmdk", "-b", base, "-F", "vmdk"), "vmdk",
                    f"it has a parent, “{base}”" + NOT_ALONE)
        for word, offset, data in (("vdi", 76, b"\4"), ("vdi", 424, b"\1"), ("vpc", 63, b"\4")):
            with self.subTest(word, offset=offset):
                self.refuse(self.patch(convert(disk, word), offset, data), word,
                            "it is a difference to another image" + NOT_ALONE)

    def test_other_format(self):
        """The format is not guessed: qemu-nbd says that the image is in another one."""
        [disk] = self.make("plain", images.RHEL_3)
        self.refuse(disk, "qcow2", "qemu-nbd cannot open it: Image is not in qcow2 format")

    def test_no_image(self):
        os.mkfifo(self.path("fifo"))
        for path, sentence in ((self.path("none"), "No such file or directory"),
                               (self.folder, "it is a folder, not an image or a block device"),
                               (self.path("fifo"), "it is a pipe, not an image or a block device")):
            self.refuse(path, "qcow2", sentence)

    def test_not_installed(self):
        path = create(self.path("empty"), "qcow2", "1M")
        self.refuse(path, "qcow2", "qemu-nbd, which reads it, is not installed", env={"PATH": self.folder})

    def test_no_libnbd(self):
        path = create(self.path("empty"), "qcow2", "1M")
        with open(self.path("libnbd.so.0"), "w", encoding="ascii") as file:
            file.write("x" * 100)
        answer = self.inspect("--format=qcow2", path, status=NOT_OPENED, env={"LD_LIBRARY_PATH": self.folder})
        self.assertRegex(answer["disks"][0]["error"], "^libnbd cannot be loaded: ")


class Requests(request_folders.TestCase):
    def test_formats(self):
        """Each disk of a domain has its own format. One that could not be read is read at the next request."""
        first, second = self.make("lvm-two-disks", images.RHEL_4)
        text = request_folders.request(first, convert(second, "vmdk"))
        text = "format=vmdk".join(text.rsplit("format=raw", 1))
        self.put(request_folders.uuid(1), text)
        self.environment["PATH"] = self.folder
        self.serve()
        answer = self.read(1)
        self.assertEqual([disk["error"] for disk in answer["disks"]], ["", "qemu-nbd, which reads it, is not installed"])
        self.put(request_folders.uuid(1), text)
        del self.environment["PATH"]
        self.serve()
        answer, expected = self.read(1), self.inspect(first, second)
        self.assertEqual([disk["format"] for disk in answer["disks"]], ["raw", "vmdk"])
        self.assertEqual(answer["kernels"], expected["kernels"])
        self.assertEqual(answer["errors"], [])


if __name__ == "__main__":
    inspector.main()
