# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the RPM packages with Debian's rpmbuild and a few of Fedora's macros, checks them, and installs and removes them.

    test_rpm.py TARBALL [TEST…]      TARBALL: of "meson dist"
"""
import glob
import os
import re
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import closing  # noqa: E402
import test_install  # noqa: E402
import test_systemd  # noqa: E402
import trees  # noqa: E402
from test_systemd import METRICS, METRICS_FILE, UNIT, URI  # noqa: E402

SPEC = os.path.join(trees.SOURCE, "rpm", "xenpv-compat.spec")
PACKAGES = ("xenpv-compat", "xenpv-compat-inspect", "cockpit-xenpv-compat")
PROGRAM = "/usr/libexec/xenpv-compatd"
INSPECT = "xenpv-compat-inspect.path"
packages = {}  # paths by name


def build(tarball, folder):
    """The spec's tests run, too: those of the units, in what was unpacked from the tarball."""
    trees.run("rpmbuild", "-bb", "--nodeps", "--load", os.path.join(here, "rpm-macros"), f"--define=_topdir {folder}",
              "--define=_sourcedir " + os.path.dirname(tarball), SPEC)
    for path in glob.glob(os.path.join(folder, "RPMS", "*", "*.rpm")):
        packages[query(path, "--queryformat", "%{NAME}")] = path


def query(package, *options):
    return trees.run("rpm", "--query", "--package", *options, package)


class Contents(unittest.TestCase):
    def test_rpmlint(self):
        trees.run("rpmlint", "--config", os.path.join(here, "rpmlint.toml"), SPEC, *packages.values())

    def test_files(self):
        """The packages together have the files of "meson install", each one once, and their licenses."""
        packaged = []
        for name in PACKAGES:
            files = query(packages[name], "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]").splitlines()
            files = [path for mode, path in (line.split(" ", 1) for line in files) if not mode.startswith("d")]
            own = [path for path in files if path.startswith((f"/usr/share/licenses/{name}", "/usr/lib/.build-id/"))]
            self.assertIn("COPYING", map(os.path.basename, own))
            packaged += [re.sub("^(/usr/share/man/.*)[.]gz$", r"\1", path) for path in files if path not in own]
        with tempfile.TemporaryDirectory() as root:
            test_install.install(root)
            installed = [os.path.join(path, name)[len(root):] for path, _, names in os.walk(root) for name in names]
        self.assertEqual(sorted(packaged), sorted(installed))
        self.assertIn("/etc/xenpv-compat\n", query(packages["xenpv-compat"], "--list"))

    def test_version(self):
        """The packages and the spec's last change have the project's version."""
        version = trees.run(os.environ["XPV_CTL"], "--version").split()[1]
        for name in PACKAGES:
            self.assertEqual(query(packages[name], "--queryformat", "%{VERSION} %{LICENSE}"), version + " LGPL-2.1-or-later")
        self.assertRegex(query(packages["xenpv-compat"], "--changelog"), rf"\A\* .* - {version}-1\n")


class Tree(unittest.TestCase):
    """The scriptlets in a tree where nothing runs, as when the image of a system is made."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(os.rmdir, folder)
        trees.run("mount", "-t", "tmpfs", "tmpfs", folder)
        self.addCleanup(trees.run, "umount", "--lazy", folder)
        upper, work, self.root = (os.path.join(folder, name) for name in ("upper", "work", "root"))
        for path in (upper, work, self.root):
            os.mkdir(path)
        trees.run("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={upper},workdir={work}", "overlay", self.root)

    def rpm(self, *argv):
        told = trees.run("env", "SYSTEMD_OFFLINE=1", "rpm", "--root", self.root, "--force-debian", "--nodeps", *argv)
        self.assertNotIn("scriptlet", told)

    def enabled(self):
        """Returns: those of the units that are enabled."""
        told = trees.run("systemctl", "--root", self.root, "list-unit-files", "--no-legend", "--state=enabled", "*xenpv*")
        return {line.split()[0] for line in told.splitlines()}

    def test_tree(self):
        """An administrator's preset enables the units, once, and nothing is left of them at the end."""
        timer = METRICS + ".timer"
        preset = os.path.join(self.root, "etc", "systemd", "system-preset", "00-test.preset")
        os.makedirs(os.path.dirname(preset), exist_ok=True)
        with open(preset, "w", encoding="ascii") as file:
            file.write(f"enable {UNIT}\nenable {timer}\n")
        self.rpm("--install", *packages.values())
        self.assertEqual(self.enabled(), {UNIT, timer})
        trees.run("systemctl", "--root", self.root, "disable", timer)
        self.rpm("--upgrade", "--force", *packages.values())
        self.assertEqual(self.enabled(), {UNIT})
        self.rpm("--erase", *PACKAGES)
        left = trees.run("find", os.path.join(self.root, "etc"), os.path.join(self.root, "usr", "lib", "systemd"),
                         "-name", "*xenpv-compat*")
        self.assertEqual(left, "")


class Life(test_systemd.Service):
    """The scriptlets, on a machine whose units are disabled by default, as on Fedora."""

    def install(self):
        for name in PACKAGES:
            self.put(f"/opt/{name}.rpm", "", copy_of=packages[name])
        self.put("/etc/systemd/system-preset/00-test.preset", "disable *\n")

    def rpm(self, *argv):
        return self.run_there("rpm", "--force-debian", "--nodeps", *argv)

    def test_life(self):
        """The packages are installed, enabled, installed again while the daemon runs, and removed."""
        self.put_drop_in("[Unit]\nAssertPathExists=\n[Service]\nExecStart=\nExecStart="
                         f"{PROGRAM} --uri={URI} --host-kernel=2.6.18-53.el5xen --host-processor=intel\n")
        self.put(os.path.dirname(METRICS_FILE) + "/others.prom", "")
        self.boot()
        files = [f"/opt/{name}.rpm" for name in PACKAGES]
        self.rpm("--install", *files)
        self.rpm("--verify", *PACKAGES)
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState")), ("disabled", "inactive"))
        self.run_there("systemctl", "enable", "--now", UNIT, METRICS + ".timer")
        self.run_there("systemctl", "start", METRICS)
        self.assertEqual(self.show("ActiveState", INSPECT), "active")
        self.assertIn('"incompatible" 3', self.get(*test_systemd.AS_NOBODY))

        pid = self.show("MainPID")
        self.rpm("--upgrade", "--force", *files)
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState")), ("enabled", "active"))
        self.assertNotEqual(self.show("MainPID"), pid)
        self.assertEqual(self.show("ActiveState", INSPECT), "active")
        self.run_there("ls", METRICS_FILE)

        self.rpm("--erase", *PACKAGES)
        self.assertEqual(self.machine.run("pgrep", "xenpv", check=False), (1, ""))
        self.assertEqual(self.show("ActiveState", INSPECT), "inactive")
        left = self.run_there("find", "/etc", "/usr", "/var/lib", "-xdev", "-path", "*xenpv*", "-not", "-path",
                              "*/lib/rpm/*", "-not", "-path", "*xenpv-test*")
        drop_in = f"/etc/systemd/system/{UNIT}.d"  # the test's own
        self.assertEqual(left.split(), [drop_in, drop_in + "/test.conf"])


if __name__ == "__main__":
    tarball, *names = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="xenpv-") as folder:
        build(tarball, folder)
        program = unittest.main(argv=[sys.argv[0], *names], exit=False,
                                testRunner=unittest.TextTestRunner(verbosity=2, resultclass=closing.Result))
    closing.tell(program.result.count())
