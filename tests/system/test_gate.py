# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls the gate with the operations of all drivers, as libvirt documents its hooks, and by a real libvirtd. libvirt's
Xen driver needs Xen, so libvirtd uses the qemu driver, which calls its hook in the same way."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace

import harness
import machine
from harness import TIMEOUT, domain_xml, uuid_of

sys.path.append(os.path.join(os.environ["XPV_SOURCE"], "tests", "inspect"))
import images  # noqa: E402

CTL = os.environ["XPV_CTL"]
with open(os.path.join(os.environ["XPV_BUILD"], "common", "build.h"), encoding="utf-8") as header:
    text = header.read()
    CONFIG = re.search('XPV_CONFIG_PATH "(.*)"', text)[1]
    INSPECTOR = re.search('XPV_INSPECT_PATH "(.*)"', text)[1]
KERNELS = os.path.join(os.path.dirname(CONFIG), "kernels.conf")

START = ("guest", "prepare", "begin", "-")
TOO_OLD, FITTING = "2.6.18-8.el5PAE", "2.6.18-398.el5PAE"  # incompatible on every host; compatible on every x86 host
RHEL_3_SMP = "kernel-smp-2.4.21-50.EL.i686"
NIL_UUID = "00000000-0000-0000-0000-000000000000"

# The variables that libvirt passes on, and those that the sanitizers and tests/this-machine.c need.
ENVIRONMENT = {"LC_ALL": "C", "HOME": "/root", "USER": "root", "LOGNAME": "root",
               **{name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "LD_PRELOAD", "UBSAN_OPTIONS",
                                                      "XPV_TEST_PROCESSOR") if name in os.environ}}

# Runs in a mount namespace: mounts the folder $1 over the folder $2, and so on up to "--", then runs the rest.
OVER = ('while [ "$1" != -- ]; do mount -t overlay overlay -o "lowerdir=$1:$2" "$2" && shift 2 || exit 99; done; '
        'shift; exec "$@"')


def xml_of(*args, **kwargs):
    return domain_xml("guest", 1, *args, **kwargs).replace('type="test"', 'type="xen"')


class Gate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.over = set()  # folders of this machine that others are mounted over

    def put(self, path, text=""):
        """Writes a file that the gate finds at this path. Returns: where it really is."""
        place = self.place(path)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)
        return place

    def place(self, path):
        """Returns: where a file must be written so that the gate finds it at this path."""
        folder = next(folder for folder in (os.path.dirname(os.path.dirname(CONFIG)), os.path.dirname(INSPECTOR))
                      if path.startswith(folder + "/"))
        self.over.add(folder)
        place = self.folder + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        return place

    def put_facts(self, **facts):
        self.put(CONFIG, "[xenpv-compatd]\n" + "".join(f"{name.replace('_', '-')}={value}\n"
                                                       for name, value in facts.items()))

    def argv(self, *arguments):
        argv = [CTL, "gate", *arguments]
        if self.over:
            namespaces = ["--mount"] if os.getuid() == 0 else ["--mount", "--user", "--map-root-user"]
            folders = [name for folder in self.over for name in (self.folder + folder, folder)]
            argv = ["unshare", *namespaces, "sh", "-c", OVER, "sh", *folders, "--", *argv]
        return argv

    def run_gate(self, xml, *arguments, **kwargs):
        data = xml if isinstance(xml, bytes) else xml.encode()
        return subprocess.run(self.argv(*arguments), input=data, env=ENVIRONMENT, timeout=TIMEOUT, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)

    def assert_refused(self, xml, arguments=START, why=""):
        done = self.run_gate(xml, *arguments)
        self.assertEqual((done.returncode, done.stdout), (1, b""), done.stderr)
        self.assertRegex(done.stderr.decode(), f"^xenpv-compatctl: domain guest may not start .*{why}.*\n$")

    def assert_let(self, xml, arguments=START, why=None):
        """@why: why the domain is not judged; None if it is"""
        done = self.run_gate(xml, *arguments)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        self.assertRegex(done.stderr.decode(), "^$" if why is None else f"^xenpv-compatctl: .*may start: .*{why}.*\n$")


class Verdicts(Gate):
    def test_incompatible(self):
        self.assert_refused(xml_of(TOO_OLD), why="is older than RHEL 5.1, the first supported release .section 12.2.. "
                                                 "Update the guest to RHEL 5.1 or newer .kernel-PAE-2.6.18-53.el5.i686...*"
                                                 f"{uuid_of(1)}=true into the group .Acknowledged. of {KERNELS}")
        self.assert_refused(xml_of("2.6.18-164.el5xen"), why="table 12.1")

    def test_others(self):
        for xml in (xml_of(FITTING), xml_of(), xml_of("gibberish"), xml_of(" "), xml_of("2.4.21-50.EL"),
                    xml_of("6.1.0-18-amd64"), xml_of(TOO_OLD, os_type="linux"), xml_of(TOO_OLD, os_type="xen"),
                    xml_of(TOO_OLD, os_type="xenpvh"), xml_of(TOO_OLD).replace(uuid_of(1), NIL_UUID)):
            with self.subTest(xml):
                self.assert_let(xml)

    def test_bootloader(self):
        """libvirt 0.3's XML of a guest that pygrub boots has no <os>, so the guest is para-virtualized."""
        pygrub = "<bootloader>/usr/bin/pygrub</bootloader>"
        xml = xml_of(TOO_OLD).replace('<os><type arch="x86_64">hvm</type></os>', pygrub)
        self.assertNotIn("<os>", xml)
        self.assert_let(xml)
        self.assert_refused(xml.replace(pygrub, ""))
        self.assert_refused(xml_of(TOO_OLD).replace("<os>", pygrub + "<os>"))

    def test_acknowledged(self):
        self.assert_let(xml_of(TOO_OLD).replace("</kernel>", "</kernel><acknowledged/>"))
        for key in ("guest", uuid_of(1)):
            self.put(KERNELS, f"[Acknowledged]\n{key}=true\n")
            self.assert_let(xml_of(TOO_OLD))
        self.put(KERNELS, f"[Acknowledged]\n{uuid_of(1)}=false\nguest=true\nother=true\n")
        self.assert_refused(xml_of(TOO_OLD))

    def test_sources(self):
        """The first source with a report counts, as in the daemon: metadata, kernels.conf, the domain's <kernel>."""
        self.assert_refused(xml_of(boot_kernel="/boot/vmlinuz-" + TOO_OLD))
        self.put(KERNELS, f"[Kernels]\nguest={TOO_OLD}\n")
        self.assert_refused(xml_of())
        self.assert_refused(xml_of(boot_kernel="/boot/vmlinuz-" + FITTING))
        self.assert_let(xml_of(FITTING))
        self.put(KERNELS, f"[Kernels]\nguest={TOO_OLD}\n{uuid_of(1)}={FITTING}\n")
        self.assert_let(xml_of(boot_kernel="/boot/vmlinuz-" + TOO_OLD))
        self.assert_refused(xml_of(TOO_OLD))

    def test_exact_package(self):
        """A report source of lower rank makes a report exact."""
        self.put_facts(host_architecture="i686", host_processor="intel")
        self.assert_let(xml_of("2.4.21-50.EL i686"))
        self.put(KERNELS, "[Kernels]\nguest=kernel-2.4.21-50.EL.athlon\n")
        self.assert_refused(xml_of("2.4.21-50.EL i686"), why="RHEL 3.9 kernel athlon, compiled for AMD,")
        self.put(KERNELS, "[Kernels]\nguest=kernel-2.4.21-50.EL.i686\n")
        self.assert_let(xml_of("2.4.21-50.EL i686"))
        self.put(KERNELS, "")
        self.assert_let(xml_of("kernel-2.4.21-50.EL.athlon\n2.4.21-50.EL i686"))  # one report does not narrow itself

    def test_host(self):
        """The gate uses this machine's facts; the daemon's configuration overrides them."""
        self.put_facts(host_architecture="x86_64", host_processor="intel")
        self.assert_refused(xml_of(RHEL_3_SMP), why="needs an i686 host kernel; this host runs x86_64 .table 12.2.")
        self.put_facts(host_architecture="i686", host_processor="intel", grace="7", uri="xen:///system")
        self.assert_let(xml_of(RHEL_3_SMP))
        self.put_facts(host_architecture="i686", host_processor="amd")
        self.assert_refused(xml_of(RHEL_3_SMP), why="does not fit this host's AMD processor .table 12.1.")
        self.put_facts(host_architecture="", host_processor="")
        self.assert_let(xml_of(FITTING))
        self.put_facts(host_kernel="2.6.18-8.el5xen")
        self.assert_refused(xml_of(FITTING), why="this host runs 5.0")
        self.put_facts(host_kernel="2.6.18-8.el5xen", uri="xen+ssh://root@elsewhere/")
        self.assert_let(xml_of(FITTING))
        self.put(CONFIG, "")
        self.assert_let(xml_of(FITTING))

    def test_arch(self):
        """The architecture of <os><type arch=…> narrows which kernels the report can mean."""
        self.assert_refused(xml_of("2.4.21-50.EL", arch="ia64"), why="is not supported for RHEL 3")


@unittest.skipUnless("XPV_INSPECT" in os.environ, "the inspector is not built")
class Disks(Gate):
    """The gate reads the domain's disks, on an x86_64 host with Intel processors."""

    FITTING, TOO_OLD = ("kernel-2.6.18-398.el5.x86_64",), ("kernel-2.6.18-8.el5.x86_64",)

    def setUp(self):
        super().setUp()
        self.put_facts(host_architecture="x86_64", host_processor="intel")
        os.symlink(os.environ["XPV_INSPECT"], self.place(INSPECTOR))

    def put_inspector(self, script):
        """Replaces the inspector by a shell script."""
        os.unlink(self.place(INSPECTOR))
        os.chmod(self.put(INSPECTOR, "#!/bin/sh\n" + script), 0o755)

    def make(self, kernels, layout="plain", guest=images.RHEL_5):
        return images.make(layout, replace(guest, kernels=kernels), os.path.join(self.folder, layout))

    def xml(self, *disks, kernel=None, format="raw", boot="", **kwargs):
        devices = "".join(f'<disk type="file" device="disk"><driver name="file" type="{format}"/><source file="{disk}"/>'
                          f'<target dev="hd{"abcd"[number]}"/></disk>' for number, disk in enumerate(disks))
        return xml_of(kernel, devices=devices, **kwargs).replace("</os>", boot + "</os>")

    def test_incompatible(self):
        self.assert_refused(self.xml(*self.make(self.TOO_OLD)), why="RHEL 5.0 kernel x86_64 is older than RHEL 5.1")

    def test_several_disks(self):
        self.assert_refused(self.xml(*self.make(self.TOO_OLD, "lvm-two-disks")), why="is older than RHEL 5.1")

    def test_repaired(self):
        """What is on the disk now counts, whatever was there before."""
        xml = self.xml(*self.make(self.TOO_OLD))
        self.assert_refused(xml)
        self.assertEqual(self.xml(*self.make(self.FITTING)), xml)
        self.assert_let(xml)
        self.make(self.TOO_OLD)
        self.assert_refused(xml)

    def test_default(self):
        """The kernel that boots by default counts, not others that are installed."""
        both = self.FITTING + self.TOO_OLD
        self.assert_let(self.xml(*self.make(both)))
        self.assert_refused(self.xml(*self.make(both[::-1])))

    def test_precedence(self):
        """Every other report source goes above the disk, and an acknowledged domain may start."""
        disks = self.make(self.TOO_OLD)
        self.assert_let(self.xml(*disks, kernel=FITTING))
        self.assert_let(self.xml(*disks, boot_kernel="/boot/vmlinuz-" + FITTING))
        self.assert_let(self.xml(*disks, metadata='<guest xmlns="urn:xenpv:compat:1"><acknowledged/></guest>'))
        self.put(KERNELS, f"[Kernels]\nguest={FITTING}\n")
        self.assert_let(self.xml(*disks))
        self.put(KERNELS, "[Acknowledged]\nguest=true\n")
        self.assert_let(self.xml(*disks))
        self.put(KERNELS, "")
        self.assert_refused(self.xml(*self.make(self.FITTING), kernel=TOO_OLD))

    def test_narrowing(self):
        """The installed packages narrow the report of another source."""
        for package, let in (("kernel-2.4.21-50.EL.ia32e", True), ("kernel-2.4.21-50.EL.x86_64", False),
                             ("kernel-2.4.21-50.EL.athlon", False)):
            xml = self.xml(*self.make((package,), guest=images.RHEL_3), kernel="2.4.21-50.EL")
            with self.subTest(package):
                if let:
                    self.assert_let(xml)
                else:
                    self.assert_refused(xml, why=f"kernel {package.rpartition('.')[2]}, compiled for AMD")
        self.assert_let(xml.replace("2.4.21-50.EL<", "2.4.21-52.EL<"))  # not on the disk: nothing is narrowed

    def test_not_from_disk(self):
        """A domain that boots from CD or network is not judged by its disks."""
        disks = self.make(self.TOO_OLD)
        self.assert_let(self.xml(*disks, boot='<boot dev="cdrom"/>'))
        self.assert_let(self.xml(*disks, boot='<boot dev="network"/><boot dev="hd"/>'))
        self.assert_refused(self.xml(*disks, boot='<boot dev="hd"/><boot dev="cdrom"/>'))

    def test_nothing_known(self):
        for xml in (self.xml(*self.make((), "empty")), self.xml(os.path.join(self.folder, "none")), self.xml(""),
                    self.xml(self.folder), self.xml(*self.make(self.TOO_OLD), format="qcow2"), self.xml(),
                    self.xml(*self.make((), "windows")), self.xml(*self.make(self.TOO_OLD), os_type="linux")):
            with self.subTest(xml):
                self.assert_let(xml)

    def test_other_reports_stay(self):
        """If the disks cannot be read, the domain is judged by the other sources."""
        for kernel, check in ((TOO_OLD, self.assert_refused), (FITTING, self.assert_let)):
            check(self.xml(os.path.join(self.folder, "none"), kernel=kernel))

    def test_not_installed(self):
        xml = self.xml(*self.make(self.TOO_OLD))
        os.unlink(self.place(INSPECTOR))
        os.symlink("/nonexistent", self.place(INSPECTOR))
        self.assert_let(xml)

    def assert_without(self, why):
        done = self.run_gate(self.xml(*self.make(self.TOO_OLD)), *START)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        self.assertRegex(done.stderr.decode(), f"^xenpv-compatctl: domain guest is judged without its disks: .*{why}.*\n$")

    def test_failures(self):
        for script, why in (("exit 1", "cannot be understood"), ("echo x", "cannot be understood"), ("kill -SEGV $$", "."),
                            ("cat; echo '{}'", "cannot be understood"), ("yes", "takes longer than 2 s")):
            with self.subTest(script):
                self.put_inspector(script + "\n")
                self.assert_without(why)
        os.chmod(self.place(INSPECTOR), 0o644)
        self.assert_without("Permission denied")

    def test_hangs(self):
        """An inspector that hangs is killed, and does not keep the hook's output open, for which libvirt waits."""
        process = os.path.join(self.folder, "process")
        for script in ("exec sleep 1000", "sleep 10 & wait"):
            self.put_inspector(f"echo $$ > {process}\n{script}\n")
            with self.subTest(script):
                self.assert_without("reading takes longer than 2 s")
                with open(process, encoding="ascii") as file:
                    pid = int(file.read())
                with open(f"/proc/{pid}/stat", encoding="ascii") if os.path.exists(f"/proc/{pid}") else open(
                        os.devnull, encoding="ascii") as file:
                    self.assertRegex(file.read(), r"^(\d+ \(.*\) Z .*)?$")

    def test_hostile(self):
        """Escape sequences on the guest's disk do not reach the messages."""
        guest = replace(images.RHEL_5, release="\x1b[2J", grub="default=0\ntitle x\n\tkernel /vmlinuz-2.6.18-8.el5\x1b[2J\n")
        done = self.run_gate(self.xml(*self.make(self.TOO_OLD, guest=guest)), *START)
        self.assertNotIn(b"\x1b", done.stderr)


class Calls(Gate):
    def test_operations(self):
        """The gate lets every other operation pass and prints nothing; libvirt takes output of "migrate" for XML."""
        for operation in ("start begin -", "started begin -", "stopped end -", "release end -", "release end destroyed",
                          "migrate begin -", "restore begin -", "reconnect begin -", "attach begin -", "prepare end -",
                          "prepare - -", "- start start", "reload begin SIGHUP", "port-created begin -", "frob begin -",
                          "  - -", "PREPARE begin -"):
            with self.subTest(operation):
                self.assert_let(xml_of(TOO_OLD), ["guest", *operation.split(" ")])

    def test_arguments(self):
        for arguments in ((), ("guest",), ("guest", "prepare"), ("guest", "prepare", "begin"), ("--frob", "prepare")):
            with self.subTest(arguments):
                self.assert_let(xml_of(TOO_OLD), arguments)
        self.assert_refused(xml_of(TOO_OLD), [*START, "of tomorrow"])
        for option in ("--frob", "--host-kernel"):
            done = self.run_gate("", option)
            self.assertEqual((done.returncode, done.stdout), (0, b""))
            self.assertIn(option.encode(), done.stderr)
        self.assertIn(b"gate", self.run_gate("", "--help").stdout)

    def test_names(self):
        """Names that look like options are taken for names."""
        for name in ("--help", "--version", "--json", "--frob", "-h", "--", "-", "", "check", b"\xff", "a b\n"):
            with self.subTest(name):
                self.assert_refused(xml_of(TOO_OLD), [name, "prepare", "begin", "-"])
                self.assert_refused(xml_of(TOO_OLD), ["guest", "prepare", "begin", name])
                self.assert_let(xml_of(TOO_OLD), [name, "migrate", "begin", "-"])

    def test_not_a_domain(self):
        bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        for xml in ("", "\0", "\n", "gibberish", "<domain/>", "<network/>", xml_of(TOO_OLD)[:-1],
                    bomb + xml_of(TOO_OLD), "\0" + xml_of(TOO_OLD),
                    xml_of(TOO_OLD).replace(uuid_of(1), "x"), b"\xff" * 1000,
                    "<a>" * 100_000):
            with self.subTest(xml[:100]):
                self.assert_let(xml, why="XML")

    def test_size(self):
        """The XML may be as long as libvirt itself allows; a longer one is not judged."""
        def padded(size):
            return xml_of(TOO_OLD) + "<!--" + " " * size + "-->"
        self.assert_refused(padded(3 * 1024 * 1024))
        self.assert_let(padded(5 * 1024 * 1024), why="longer")
        self.assert_let(padded(50 * 1024 * 1024), why="longer")

    def test_closed(self):
        xml = os.path.join(self.folder, "xml")
        with open(xml, "w", encoding="utf-8") as file:
            file.write(xml_of(TOO_OLD))
        for redirections, status in (("<&-", 0), (f"<{xml} >&-", 0), ("</", 0), (f"<{xml} 2>&-", 1),
                                     (f"<{xml} >/dev/full", 1), (f"<{xml} 2>/dev/full", 1), ("<&- >&- 2>&-", 0)):
            with self.subTest(redirections):
                done = subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", *self.argv(*START)],
                                      env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
                                      check=False)
                self.assertEqual((done.returncode, done.stdout), (status, b""))

    def test_broken_files(self):
        """If a file cannot be read, the domain may start: the file might acknowledge it, or name another host."""
        for path, text in ((KERNELS, "no key file"), (KERNELS, "[Kernels\n"), (KERNELS, "[Kernels]\nguest\0=a\n"),
                           (CONFIG, "no key file"), (CONFIG, "[xenpv-compatd]\n\0host-processor=amd\n"),
                           (CONFIG, "[xenpv-compatd]\nhost-processor=arm\n"),
                           (CONFIG, "[xenpv-compatd]\nhost-kernel=\\q\n")):
            with self.subTest((path, text)):
                place = self.put(path, text)
                self.assert_let(xml_of(TOO_OLD), why=path)
                os.unlink(place)
        os.mkdir(place)
        self.assert_let(xml_of(TOO_OLD), why=CONFIG)

    def test_never_ends(self):
        """The gate ends although standard input stays open, and SIGALRM is blocked as in libvirt's signal mask."""
        with subprocess.Popen(self.argv(*START), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT,
                              preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])) as process:
            process.stdin.write(xml_of(TOO_OLD).encode())
            process.stdin.flush()
            self.assertEqual(process.wait(TIMEOUT), 0)
            self.assertEqual(process.stdout.read(), b"")

    def test_file_never_ends(self):
        place = self.put(KERNELS)
        os.unlink(place)
        os.mkfifo(place)
        self.assert_let(xml_of(TOO_OLD))


class Script(Gate):
    """The example hook fails only if the gate refuses; it succeeds if the program is killed or missing."""

    def run_script(self, program):
        with open(os.path.join(os.environ["XPV_BUILD"], "ctl", "libxl-hook.example"), encoding="utf-8") as file:
            text, n = re.subn("^.*/xenpv-compatctl gate", program + " gate", file.read(), flags=re.M)
        self.assertEqual(n, 1)
        hook = os.path.join(self.folder, "libxl")
        with open(hook, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(hook, 0o755)
        return subprocess.run([hook, "--help", *START[1:]], input=xml_of(TOO_OLD).encode(), env=ENVIRONMENT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)

    def test_refusal(self):
        done = self.run_script(CTL)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"domain guest may not start", done.stderr)

    def test_no_program(self):
        for program in ("/nonexistent/xenpv-compatctl", "sh -c 'kill -SEGV $$'", "sh -c 'exit 74'", "true"):
            with self.subTest(program):
                self.assertEqual(self.run_script(program).returncode, 0)


class Libvirtd(machine.TestCase):
    def setUp(self):
        super().setUp()
        example = os.path.join(os.environ["XPV_BUILD"], "ctl", "libxl-hook.example")
        self.put("/etc/libvirt/hooks/qemu", "", copy_of=example, mode=0o755)
        self.put("/etc/libvirt/hooks/qemu.d/calls", '#!/bin/sh\necho "$*" >> /root/calls\n', mode=0o755)
        self.put("/etc/libvirt/qemu.conf", 'stdio_handler = "file"\nuser = "root"\ngroup = "root"\n'
                                           'security_driver = "none"\nnamespaces = []\ncgroup_controllers = []\n')

    def virsh(self, *arguments, check=True):
        return self.machine.run("virsh", "--quiet", "--connect=qemu:///system", *arguments, check=check)

    def calls(self):
        """Returns: the hook's operations since the last call."""
        lines = self.run_there("sh", "-c", "cat /root/calls; rm /root/calls").splitlines()
        return [line.partition(" ")[2] for line in lines]

    def test_start(self):
        xml = domain_xml("guest", 1, TOO_OLD).replace('type="test"', 'type="qemu"')
        self.put("/root/old.xml", xml)
        self.put("/root/new.xml", xml.replace(TOO_OLD, FITTING))
        self.put("/root/kernels.conf", "[Acknowledged]\nguest=true\n")
        self.boot()
        self.run_there("systemctl", "start", "libvirtd")
        self.virsh("define", "/root/old.xml")
        status, text = self.virsh("start", "guest", check=False)
        self.assertEqual(status, 1)
        self.assertRegex(text, "Hook script execution failed: .* unexpected exit status 1: xenpv-compatctl: domain "
                               "guest may not start .*: RHEL 5.0 kernel i686-PAE is older than RHEL 5.1, .*Update the "
                               f"guest to RHEL 5.1.*{uuid_of(1)}=true")
        self.assertEqual(self.virsh("domstate", "guest")[1].strip(), "shut off")
        self.assertEqual(self.calls()[0], "prepare begin -")

        # libvirtd still works, and kernels.conf lets the domain start.
        self.run_there("cp", "/root/kernels.conf", KERNELS)
        self.virsh("start", "guest")
        self.assertEqual(self.calls(), ["prepare begin -", "start begin -", "started begin -"])

        # A running domain is left alone, also when libvirtd restarts and finds it.
        self.run_there("rm", KERNELS)
        self.run_there("systemctl", "restart", "libvirtd")
        self.virsh("desc", "guest", "--live", "waits until libvirtd has found it")
        self.assertEqual(self.virsh("domstate", "guest")[1].strip(), "running")
        self.assertEqual(self.calls(), ["reconnect begin -"])
        self.virsh("destroy", "guest")
        ends = [call.rpartition(" ")[0] for call in self.calls()]  # libvirt 11 adds the reason
        self.assertEqual(ends, ["stopped end", "release end"])

        self.virsh("define", "/root/new.xml")
        self.virsh("start", "guest")
        self.assertEqual(self.virsh("domstate", "guest")[1].strip(), "running")


if __name__ == "__main__":
    harness.main()
