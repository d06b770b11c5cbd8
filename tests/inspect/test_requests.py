# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's requests: each is taken and answered, whatever the others contain."""
import os
import shutil
import socket
import stat
import subprocess
import time

import images
import inspector
import request_folders
from inspector import FOUND, NOT_OPENED, USAGE
from request_folders import request, uuid

IO_ERROR = 74


class Answers(request_folders.TestCase):
    def test_several(self):
        """Answers are the same as the command's, and only root can read them."""
        guests = {1: self.make("plain", images.RHEL_3, "1"), 2: self.make("lvm", images.RHEL_4, "2"),
                  3: self.make("lvm-two-disks", images.RHEL_5, "3"), 4: self.make("windows", images.RHEL_5, "4")}
        for number, disks in guests.items():
            self.ask(number, *disks, urgent=number % 2 == 0)
        began = int(time.time())
        self.serve()
        self.assertEqual(os.listdir(self.requests), [])
        self.assertEqual(self.answered(), {uuid(number) for number in guests})
        for number, disks in guests.items():
            answer = self.read(number)
            self.assertIn(answer.pop("inspected_at"), range(began, int(time.time()) + 1))
            self.assertEqual(answer, {**self.inspect(*disks, status=int(number == 4)), "serial": 1})
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.answers, uuid(number))).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.answers).st_mode), 0o700)

    def test_many(self):
        [disk] = self.make("boot-alone", images.RHEL_3)
        for number in range(50):
            self.ask(number, disk)
        self.serve()
        self.assertEqual((self.waiting(), len(self.answered())), (set(), 50))

    def test_nothing_to_do(self):
        self.serve()
        self.assertEqual(self.answered(), set())

    def test_again(self):
        """A newer request gets a new answer, even if it is the same."""
        [disk] = self.make("plain", images.RHEL_3)
        self.ask(1, disk)
        self.serve()
        before = os.stat(os.path.join(self.answers, uuid(1))).st_ino
        with open(os.path.join(self.answers, uuid(1)), encoding="utf-8"):  # else its inode may be reused
            self.ask(1, disk)
            self.serve()
            self.assertNotEqual(os.stat(os.path.join(self.answers, uuid(1))).st_ino, before)

    def test_gone(self):
        """The answer about a domain that is gone is removed."""
        [disk] = self.make("plain", images.RHEL_3)
        self.ask(1, disk)
        self.ask(2, disk)
        self.serve()
        self.put(uuid(1), "")
        self.put(uuid(3), "")
        self.serve()
        self.assertEqual((self.waiting(), self.answered()), (set(), {uuid(2)}))

    def test_odd_paths(self):
        [disk] = self.make("plain", images.RHEL_3)
        for number, name in enumerate((" leading", "new\nline", "back\\slash", "ümlaut", "[disk 2]", "a=b;c#d", "--json")):
            with self.subTest(name):
                os.link(disk, self.path(name))
                self.ask(number, self.path(name))
                self.serve()
                self.assertEqual(self.kernels(number), list(images.RHEL_3.kernels))

    def test_unfinished(self):
        """A file that the daemon is still writing is left alone."""
        with open(os.path.join(self.requests, ".unfinished"), "w", encoding="utf-8"):
            pass
        self.serve()
        self.assertEqual(os.listdir(self.requests), [".unfinished"])


class Failures(request_folders.TestCase):
    """Errors are in the answer, and do not affect other domains."""

    def setUp(self):
        super().setUp()
        [self.disk] = self.make("plain", images.RHEL_3)
        self.ask(9, self.disk)

    def serve(self, *args, **kwargs):
        super().serve(*args, **kwargs)
        self.assertEqual(self.waiting(), set())
        self.assertEqual(self.kernels(9), list(images.RHEL_3.kernels))

    def test_disks_that_cannot_be_opened(self):
        os.mkfifo(self.path("fifo"))
        for number, (path, error) in enumerate(((self.path("none"), "No such file"), (self.folder, "a folder"),
                                                (self.path("fifo"), "a pipe"), ("/dev/zero", "a character device"),
                                                ("", "No such file"))):
            self.ask(number, path, self.disk)
            self.serve()
            with self.subTest(error):
                answer = self.read(number)
                self.assertRegex(answer["disks"][0]["error"], error)
                self.assertEqual([each["boot"] for each in answer["disks"]], [False, True])
                self.assertEqual(self.kernels(number), list(images.RHEL_3.kernels))

    def test_formats(self):
        """Formats are not guessed, and none is read as another."""
        self.ask(1, self.disk, format="parallels")
        self.serve()
        [disk] = self.read(1)["disks"]
        self.assertRegex(disk.pop("error"), "^its format is parallels, ")
        self.assertEqual(disk, {"source": self.disk, "format": "parallels", "boot": False})
        self.assertEqual(self.kernels(1), [])

    def test_cannot_write(self):
        """A request whose answer cannot be written is answered by the next start."""
        in_the_way = os.path.join(self.answers, uuid(1), "folder")
        os.makedirs(in_the_way)
        self.ask(1, self.disk)
        self.serve(status=IO_ERROR, complaint=f"cannot write the answer {uuid(1)} in ")
        shutil.rmtree(os.path.dirname(in_the_way))
        self.serve()
        self.assertEqual(self.kernels(1), list(images.RHEL_3.kernels))
        self.assertEqual(os.listdir(self.requests), [])

    def test_names_like_taken_requests(self):
        """Only the name of a request that was taken makes it a request again."""
        for name in (".taken", "..taken", ".x.taken", f".{uuid(1)}x.taken"):
            self.put(name, request(self.disk))
        self.serve()
        self.assertNotIn(uuid(1), self.answered())
        self.put(f".{uuid(1)}.taken", request(self.disk))
        self.serve()
        self.assertIn(uuid(1), self.answered())

    def test_no_disks(self):
        self.ask(1)
        self.serve()
        self.assertEqual((self.read(1)["disks"], self.kernels(1)), ([], []))

    def test_no_requests(self):
        """A file that cannot be understood as a request gets an answer with the error."""
        whole = request(self.disk)
        for number, (text, why) in enumerate((("x", "group"), (whole.replace("urgent", "x"), "urgent"), ("\0" * 9, "NUL"),
                                              (whole.replace("bus=", "x="), "bus"), (whole.encode().replace(b"=/", b"=\xff"), "UTF-8"),
                                              (request(*[self.disk] * 65), "64 disks"),
                                              (whole + "#" * (2 << 20), "more bytes"))):
            self.put(uuid(number), text)
            self.serve()
            with self.subTest(why):
                [error] = self.read(number)["errors"]
                self.assertRegex(error, "^the request cannot be understood: .*" + why)
                self.assertEqual(self.read(number)["disks"], [])


class Before(request_folders.TestCase):
    """A failed reading adds its errors to the earlier answer, and removes nothing."""

    def setUp(self):
        super().setUp()
        self.disks = self.make("two-disks", images.RHEL_3)
        self.ask(1, *self.disks)
        self.serve()
        self.found = self.read(1)

    def again(self, *disks):
        self.ask(1, *(disks or self.disks))
        self.serve()
        return self.read(1)

    def without(self, *disks):
        for disk in disks:
            os.rename(disk, disk + ".away")
        answer = self.again()
        for disk in disks:
            os.rename(disk + ".away", disk)
        return answer

    def test_disks_that_are_away(self):
        """The disk with /boot is away, or that with the packages, or both."""
        for away in (self.disks, self.disks[:1], self.disks[1:]):
            expected = {**self.found, "disks": [dict(disk, error="No such file or directory" if disk["source"] in away else "")
                                                for disk in self.found["disks"]]}
            with self.subTest(away):
                for _time in range(2):
                    self.assertEqual(self.without(*away), expected)
                self.assertEqual({**self.again(), "inspected_at": 0}, {**self.found, "inspected_at": 0})
                self.found = self.read(1)

    def test_disk_of_no_account(self):
        """A new result counts if nothing of it was on the disk that is away."""
        [data] = self.make("empty", images.RHEL_3, "data")
        self.again(*self.disks, data)
        os.unlink(data)
        with open(self.disks[0], "r+b") as disk:  # changes grub.conf in place
            text = disk.read()
            disk.seek(text.index(b"\ndefault=0\n"))
            disk.write(b"\ndefault=1\n")
        answer = self.again(*self.disks, data)
        self.assertEqual((answer["default_kernel"], answer["disks"][2]["error"]),
                         (images.RHEL_3.kernels[1], "No such file or directory"))

    def test_no_request(self):
        for _time in range(2):
            self.put(uuid(1), "x")
            self.serve()
            answer = self.read(1)
            [error] = answer["errors"]
            self.assertRegex(error, "^the request cannot be understood")
            self.assertEqual(answer, {**self.found, "errors": [error], "serial": 0})

    def test_other_disks(self):
        """What was found on a replaced disk does not count for the new one."""
        answer = self.again(self.path("none"), self.disks[1])
        self.assertEqual((answer["disks"][0]["error"], answer["default_kernel"]), ("No such file or directory", ""))

    def test_other_order(self):
        os.rename(self.disks[0], self.disks[0] + ".away")
        os.rename(self.disks[1], self.disks[1] + ".away")
        self.assertEqual(self.again(*self.disks[::-1])["kernels"], [])

    def test_installed_anew(self):
        """A result without any kernel is a result too."""
        for disk in self.disks:
            os.truncate(disk, 0)
        self.assertEqual(self.again()["kernels"], [])

    def test_damaged_answer(self):
        with open(os.path.join(self.answers, uuid(1)), "a", encoding="utf-8") as file:
            file.write("x")
        self.assertEqual(self.without(*self.disks)["kernels"], [])


class Strangers(request_folders.TestCase):
    """A file that is not a request is removed, with one message, and does not affect others."""

    def check(self, name, why):
        [disk] = self.make("plain", images.RHEL_3)
        self.ask(9, disk)
        clean = name.replace("\n", " ").strip()
        self.serve(complaint=rf"^xenpv-compat-inspect: removed {clean} from {self.requests}, as it is not a request: {why}\n$")
        self.assertEqual((self.waiting(), self.kernels(9)), (set(), list(images.RHEL_3.kernels)))
        self.assertEqual(self.answered(), {uuid(9)})
        self.serve()

    def test_names(self):
        for name in ("x", "new\nline", uuid(1)[:-1], uuid(1) + "x", uuid(1).replace("-", ""), "x" * 255):
            with self.subTest(name):
                self.put(name, "x")
                self.check(name, "its name is not a UUID")

    def test_symlink(self):
        """A link is not followed, and its target stays."""
        for target in (self.path("secret"), self.path("none")):
            with open(self.path("secret"), "w", encoding="utf-8") as file:
                file.write(request("/dev/null"))
            os.symlink(target, os.path.join(self.requests, uuid(1)))
            self.check(uuid(1), "it is not a file")
            self.assertTrue(os.path.exists(self.path("secret")))

    def test_fifo(self):
        """A fifo is not waited for."""
        os.mkfifo(os.path.join(self.requests, uuid(1)))
        self.check(uuid(1), "it is not a file")

    def test_socket(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(os.path.join(self.requests, uuid(1))))
            self.check(uuid(1), "it is not a file")

    def test_folders(self):
        for name in (uuid(1), "folder"):
            for below in ("", "full"):
                with self.subTest(name=name, below=below):
                    os.makedirs(os.path.join(self.requests, name, below))
                    self.check(name, "it is not a file" if name == uuid(1) else "its name is not a UUID")


class Folders(request_folders.TestCase):
    """Folders that do not exist or cannot be written: one error, and no request is lost."""

    def test_no_requests(self):
        os.rmdir(self.requests)
        self.serve(IO_ERROR, f"^xenpv-compat-inspect: cannot read the folder of requests, {self.requests}: No such file.*\n$")

    def test_no_place_for_answers(self):
        self.environment["RUNTIME_DIRECTORY"] = self.path("none/run-inspect")
        os.makedirs(self.path("none"))
        os.rename(self.path("run"), self.path("none/run"))
        with open(self.path("none/run-inspect"), "w", encoding="utf-8"):
            self.serve(IO_ERROR, "^xenpv-compat-inspect: cannot open the folder of answers, .*: Not a directory\n$")

    def test_answer_that_cannot_be_written(self):
        """The other answers are written."""
        [disk] = self.make("plain", images.RHEL_3)
        os.makedirs(os.path.join(self.answers, uuid(1), "full"))
        for number in range(3):
            self.ask(number, disk)
        self.serve(IO_ERROR, f"^xenpv-compat-inspect: cannot write the answer {uuid(1)} in {self.answers}: .*directory\n$")
        self.assertEqual(self.waiting(), set())
        for number in (0, 2):
            self.assertEqual(self.kernels(number), list(images.RHEL_3.kernels))
        self.put(uuid(1), "")
        self.serve(IO_ERROR, f"^xenpv-compat-inspect: cannot remove the answer {uuid(1)} from {self.answers}: .*\n$")

    def test_no_right(self):
        self.ask(1, "/dev/null")
        os.makedirs(self.answers, mode=0o755)
        os.chmod(self.folder, 0o755)
        os.chmod(self.requests, 0o555)
        self.serve(IO_ERROR, f"^xenpv-compat-inspect: cannot take the request {uuid(1)} from .*: Permission denied\n$",
                   **self.nobody())
        os.chmod(self.requests, 0o755)
        self.assertEqual(self.waiting(), {uuid(1)})
        self.serve()
        self.assertEqual((self.waiting(), self.answered()), (set(), {uuid(1)}))

    def test_other_name(self):
        self.environment["RUNTIME_DIRECTORY"] = self.path("run")
        self.serve(USAGE, "^xenpv-compat-inspect: RUNTIME_DIRECTORY cannot be “.*/run”; it ends with “-inspect”\n$")


class One(request_folders.TestCase):
    """A request on standard input."""

    def run_one(self, text):
        done = subprocess.run([inspector.INSPECT, "--request"], input=text, capture_output=True, check=False,
                              timeout=inspector.TIMEOUT)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_answer(self):
        disks = self.make("two-disks", images.RHEL_3)
        status, text, complaint = self.run_one(request(*disks).encode())
        self.assertEqual((status, complaint), (FOUND, ""))
        answer = self.answer(text)
        del answer["inspected_at"]
        self.assertEqual(answer, self.inspect(*disks))
        status, text, complaint = self.run_one(request(self.path("none")).encode())
        self.assertEqual((status, complaint), (NOT_OPENED, ""))
        self.assertEqual(self.answer(text)["disks"][0]["error"], "No such file or directory")

    def test_none(self):
        for text in (b"", b"x", b"\0", b"\xff", b"[request]\n", b"#" * (2 << 20)):
            status, output, complaint = self.run_one(text)
            self.assertEqual((status, output), (USAGE, ""))
            self.assertRegex(complaint, "^xenpv-compat-inspect: the request cannot be understood: .*\n$")


if __name__ == "__main__":
    inspector.main()
