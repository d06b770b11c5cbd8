# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the Debian package from the tarball of "meson dist", checks it, and installs and removes it in a container."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import closing  # noqa: E402
import test_install  # noqa: E402
import test_systemd  # noqa: E402
from test_systemd import AS_NOBODY, METRICS, METRICS_FILE, NAME, URI  # noqa: E402

PROGRAM = "/usr/libexec/xenpv-compatd"
DEB = "/opt/xenpv-compat.deb"
KERNELS = "/etc/xenpv-compat/kernels.conf"
TIMER = METRICS + ".timer"
INSPECT = "xenpv-compat-inspect.path"
# Files that dpkg, systemd and libvirtd write during the test.
NOT_OURS = ("/etc/libvirt/", "/run/libvirt", "/run/systemd/", "/var/cache/", "/var/lib/dpkg/", "/var/lib/libvirt/",
            "/var/log/")
packages = None  # the folder in which they are built


def run(*argv, **kwargs):
    """Returns: the program's output. If the program fails, the output is in the error."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **kwargs)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {result.returncode}:\n{result.stdout}")
    return result.stdout


def make(folder):
    """Builds the packages in a folder, without the tarball's tests: "meson test" has run the same here."""
    build = os.environ["XPV_BUILD"]
    project = json.loads(run("meson", "introspect", "--projectinfo", build))
    name = f"{project['descriptive_name']}-{project['version']}"
    run("meson", "dist", "-C", build, "--no-tests")
    run("tar", "-C", folder, "-xf", os.path.join(build, "meson-dist", name + ".tar.xz"))
    run("dpkg-buildpackage", "--no-sign", cwd=os.path.join(folder, name),
        env=dict(os.environ, DEB_BUILD_OPTIONS="nocheck"))


def the_one(pattern):
    """Returns: the only file of this name among the packages."""
    found = glob.glob(os.path.join(packages, pattern))
    if len(found) != 1:
        raise AssertionError(f"{pattern}: {found}")
    return found[0]


def files_of(folder):
    return {os.path.join(path, name)[len(folder):] for path, _, names in os.walk(folder) for name in names}


class Contents(unittest.TestCase):
    def test_lintian(self):
        run("lintian", "--fail-on", "error", the_one("*.changes"))

    def test_files(self):
        """The package has the files of "meson install", at the same paths, and its own documentation."""
        with tempfile.TemporaryDirectory() as installed, tempfile.TemporaryDirectory() as unpacked:
            test_install.install(installed)
            run("dpkg-deb", "--extract", the_one("xenpv-compat_*.deb"), unpacked)
            packaged = {re.sub("^(/usr/share/man/.*)[.]gz$", r"\1", path) for path in files_of(unpacked)}
            self.assertEqual(packaged ^ files_of(installed), {"/usr/share/doc/xenpv-compat/changelog.gz",
                                                              "/usr/share/doc/xenpv-compat/copyright"})
            self.assertTrue(os.path.isdir(unpacked + "/etc/xenpv-compat"))

    def test_version(self):
        """The package has the project's version and depends on the libraries that it needs."""
        show = ("dpkg-deb", "--show", "--showformat", "${Version} ${Depends}", the_one("xenpv-compat_*.deb"))
        version, depends = run(*show).split(" ", 1)
        self.assertEqual(run(os.environ["XPV_CTL"], "--version"), f"xenpv-compatctl {version}\n")
        for name in "dbus-system-bus", "libglib2.0-0", "libsystemd0", "libvirt0", "libxenstore4":
            self.assertIn(name, depends)


class Life(test_systemd.Service):
    def install(self):
        self.put(DEB, "", copy_of=the_one("xenpv-compat_*.deb"))
        # A container's own policy keeps packages from starting their units.
        self.put("/usr/sbin/policy-rc.d", "#!/bin/sh\n", mode=0o755)

    def boot(self):
        super().boot()
        self.dpkg("--purge", "xenpv-compat")  # this machine may have it installed
        self.before = self.files()

    def dpkg(self, *argv):
        """Runs dpkg. A container's dpkg may leave out files, such as manuals; this one does not."""
        self.run_there("dpkg", "--path-include=*", *argv)

    def files(self):
        """Returns: the paths of the machine's files, without NOT_OURS."""
        text = self.run_there("find", "/etc", "/run", "/usr", "/var", "-xdev")
        return {path for path in text.splitlines() if not path.startswith(NOT_OURS)}

    def changed(self):
        """Returns: files that were added or removed since the start."""
        return self.files() ^ self.before

    def catalog(self):
        return "xenpv-compat" in self.run_there("journalctl", "--list-catalog")

    def test_life(self):
        """The package is installed, used, installed again while the daemon runs, removed and purged."""
        start = f"{PROGRAM} --uri={URI} --host-kernel=2.6.18-53.el5xen --host-processor=intel"
        self.put_drop_in(f"[Unit]\nAssertPathExists=\n[Service]\nExecStart=\nExecStart={start}\n")
        self.boot()
        self.dpkg("--install", DEB)
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState")), ("enabled", "active"))
        self.assertEqual(self.show("ActiveState", INSPECT), "active")
        self.assertIn('"incompatible" 3', self.get(*AS_NOBODY))
        self.assertIn("incompatible", self.run_there(*AS_NOBODY, "xenpv-compatctl", "show", "erp39-smp"))
        self.assertTrue(self.catalog())
        self.run_there("sh", "-c", f"printf '[Kernels]\\narchive=2.6.18-8.el5PAE\\n' > {KERNELS}")

        pid = self.show("MainPID")
        self.dpkg("--install", DEB)
        self.assertEqual((self.show("ActiveState"), self.show("ActiveState", INSPECT)), ("active", "active"))
        self.assertNotEqual(self.show("MainPID"), pid)
        self.assertIn('"incompatible" 4', self.get(*AS_NOBODY))
        self.assertEqual(len(self.journal("MESSAGE_ID=8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21")), 1)

        self.dpkg("--remove", "xenpv-compat")
        self.assertEqual(self.machine.run("pgrep", "--exact", "xenpv-compatd", check=False), (1, ""))
        self.assertEqual(self.show("ActiveState", INSPECT), "inactive")
        self.assertRegex(self.machine.run("busctl", "introspect", NAME, "/", check=False)[1], "was not provided")
        self.assertFalse(self.catalog())
        left = self.changed()
        self.assertIn(KERNELS, left)
        self.assertEqual({path for path in left if path.startswith("/usr/")}, set())

        self.dpkg("--purge", "xenpv-compat")
        self.assertEqual(self.changed(), set())

    def test_metrics(self):
        """The timer is off until an admin enables it, and the metrics are removed with the package."""
        self.put(os.path.dirname(METRICS_FILE) + "/others.prom", "")
        self.boot()
        self.dpkg("--install", DEB)
        self.assertEqual((self.show("UnitFileState", TIMER), self.show("ActiveState", TIMER)), ("disabled", "inactive"))
        self.assertNotIn(METRICS_FILE, self.changed())

        self.run_there("systemctl", "enable", "--now", TIMER)
        self.run_there("systemctl", "start", METRICS)
        self.assertIn(METRICS_FILE, self.changed())
        self.dpkg("--install", DEB)
        self.assertEqual((self.show("UnitFileState", TIMER), self.show("ActiveState", TIMER)), ("enabled", "active"))

        self.dpkg("--remove", "xenpv-compat")
        self.assertEqual(self.show("ActiveState", TIMER), "inactive")
        self.assertNotIn(METRICS_FILE, self.changed())
        self.dpkg("--purge", "xenpv-compat")
        self.assertEqual(self.changed(), set())

    def test_no_xen(self):
        """Without Xen, the package installs and its unit is enabled for the next boot, but not started."""
        self.boot()
        self.dpkg("--install", DEB)
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState"), self.show("AssertResult")),
                         ("enabled", "inactive", "no"))
        self.dpkg("--purge", "xenpv-compat")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="xenpv-") as packages:
        make(packages)
        program = unittest.main(exit=False, testRunner=unittest.TextTestRunner(verbosity=2, resultclass=closing.Result))
    closing.close(program.result.count())
