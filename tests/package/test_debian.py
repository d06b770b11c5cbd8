# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the Debian packages as README says, checks them, and installs, upgrades and removes them in containers.

    test_debian.py 12|13 TARBALL [TEST…]      TARBALL: of "meson dist"
"""
import contextlib
import glob
import json
import os
import re
import shutil
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import closing  # noqa: E402
import examples  # noqa: E402
import harness  # noqa: E402
import test_install  # noqa: E402
import test_systemd  # noqa: E402
import trees  # noqa: E402
from test_systemd import AS_NOBODY, METRICS, METRICS_FILE, NAME, ROOT, URI, images  # noqa: E402
from trees import run, run_in  # noqa: E402

PACKAGES = ("xenpv-compat", "xenpv-compat-inspect", "cockpit-xenpv-compat")
PROGRAM = "/usr/libexec/xenpv-compatd"
CONFIG = "/etc/xenpv-compat/xenpv-compatd.conf"
KERNELS = "/etc/xenpv-compat/kernels.conf"
TIMER = METRICS + ".timer"
INSPECT = "xenpv-compat-inspect.path"
ALERT = "MESSAGE_ID=8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21"
HOST = "host-kernel=2.6.18-53.el5xen", "host-processor=intel"
# The release before this one.
OLD, OLD_COMMIT = "xenpv-compat_0.1.0_*.deb", "efdd8a15afde8d15525cc5a9c36c4fb5bcb69936"
# Files that apt, dpkg, systemd and libvirtd write during the test.
NOT_OURS = ("/etc/libvirt/", "/run/libvirt", "/run/systemd/", "/var/cache/", "/var/lib/apt/", "/var/lib/dpkg/",
            "/var/lib/libvirt/", "/var/lib/systemd/", "/var/log/", "/var/tmp/")


def readme_commands(word):
    """Returns: the commands of the README's only block that has the word."""
    with open(os.path.join(trees.SOURCE, "README.md"), encoding="utf-8") as file:
        [block] = [block for block in re.findall(r"(?m)^\n((?:    .*\n)+)", file.read()) if word in block]
    return [line.strip() for line in block.splitlines()]


class Made:
    """The packages of a release, in the folder `home`, and the layers of machines: `fresh` is a Xen host, and `ready` one
    where the dependencies of the packages are installed. On both, apt finds the dependencies in its cache."""

    def __init__(self, release, tarball, folder):
        self.folder = folder
        self.builder = trees.make(release, "builder", *trees.BUILDER, trees.build_dep())
        host = trees.make(release, "host", *trees.XEN_HOST)
        self.home = self.build(tarball)
        with trees.cache_of(release) as cache:
            if not glob.glob(os.path.join(cache, OLD)):
                shutil.copy(the_one(OLD, self.build_old()), cache)
            self.old = shutil.copy(the_one(OLD, cache), folder)
            self.fresh = (os.path.join(cache, "downloads"), host)
            self.ready = (self.get_needed(host, os.path.join(cache, "downloads/var/cache/apt/archives")), host)

    def build(self, tarball):
        """Builds the packages as README says. Returns: the folder with the packages."""
        home = tempfile.mkdtemp(dir=self.folder)
        os.mkdir(os.path.join(home, "xenpv-compat"))
        run("tar", "-xf", tarball, "-C", os.path.join(home, "xenpv-compat"), "--strip-components=1")
        run_in([self.builder], tempfile.mkdtemp(dir=self.folder), home,
               "cd xenpv-compat\n" + readme_commands("dpkg-buildpackage")[0])
        return home

    def build_old(self):
        archive = os.path.join(self.folder, "old.tar")
        run("git", "-C", trees.SOURCE, "archive", "--prefix=old/", "--output=" + archive, OLD_COMMIT)
        return self.build(archive)

    def get_needed(self, host, archives):
        """Downloads the dependencies of the packages. Returns: a layer where they are installed."""
        os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
        layer = tempfile.mkdtemp(dir=self.folder)
        ours = " ".join("./" + os.path.basename(the_one(name + "_*.deb", self.home)) for name in PACKAGES)
        fetch = "apt-get --quiet=2 --download-only install " + ours
        run_in([host], layer, self.home, f"""
            {fetch} || {{ apt-get --quiet=2 update; {fetch}; }}
            apt-get --quiet=2 install $(apt-get --simulate install {ours} | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p' | grep -v xenpv)
            """, archives)
        return os.path.join(layer, "upper")


def the_one(pattern, folder):
    """Returns: the only file of this name in the folder."""
    found = glob.glob(os.path.join(folder, pattern))
    if len(found) != 1:
        raise AssertionError(f"{pattern}: {found}")
    return found[0]


made = None


def files_of(folder):
    return {os.path.join(path, name)[len(folder):] for path, _, names in os.walk(folder) for name in names}


class Contents(unittest.TestCase):
    def test_lintian(self):
        """The release's own lintian finds no errors and no warnings."""
        run_in([made.builder], tempfile.mkdtemp(dir=made.folder), made.home,
               "lintian --allow-root --fail-on error,warning *.changes")

    def test_files(self):
        """The packages together have the files of "meson install", each one once, and their own documentation."""
        packaged = []
        with tempfile.TemporaryDirectory() as installed:
            test_install.install(installed)
            installed = {re.sub("^(/usr)?/lib/systemd", "/usr/lib/systemd", path) for path in files_of(installed)}
        for name in PACKAGES:
            with tempfile.TemporaryDirectory() as unpacked:
                run("dpkg-deb", "--extract", the_one(name + "_*.deb", made.home), unpacked)
                files = {re.sub("^(/usr)?/lib/systemd", "/usr/lib/systemd", path) for path in files_of(unpacked)}
                own = {f"/usr/share/doc/{name}/{file}" for file in ("changelog.gz", "copyright")}
                if name == "xenpv-compat":
                    own.add(f"/usr/share/doc/{name}/NEWS.Debian.gz")
                self.assertLessEqual(own, files)
                packaged += [re.sub("^(/usr/share/(?:man|doc)/.*)[.]gz$", r"\1", path) for path in files - own]
                self.assertEqual(os.path.isdir(unpacked + "/etc/xenpv-compat"), name == "xenpv-compat")
        self.assertEqual(sorted(packaged), sorted(installed))

    def test_version(self):
        """The packages have the project's version and depend on the libraries that they need."""
        version = run(os.environ["XPV_CTL"], "--version").split()[1]
        for name, needs in (("xenpv-compat", ("dbus-system-bus", "libglib2.0-0", "libsystemd0", "libvirt0", "libxenstore4")),
                            ("xenpv-compat-inspect", ("libext2fs2", "libglib2.0-0")),
                            ("cockpit-xenpv-compat", ("cockpit-bridge", f"xenpv-compat (>= {version})"))):
            show = ("dpkg-deb", "--show", "--showformat", "${Version} ${Depends}", the_one(name + "_*.deb", made.home))
            self.assertEqual(run(*show).split(" ", 1)[0], version)
            for need in needs:
                self.assertIn(need, run(*show))


class Machine(test_systemd.Service):
    """A Xen host without Xen: libvirtd's test driver simulates it."""

    def install(self):
        for path in glob.glob(os.path.join(made.home, "*.deb")):
            self.put("/root/" + os.path.basename(path), "", copy_of=path)
        self.put("/root/old.deb", "", copy_of=made.old)
        self.put("/root/xenpv-compat/README.md", "")
        self.put("/etc/apt/apt.conf.d/test", 'APT::Get::Assume-Yes "true";\n')

    def setUp(self):
        self.layers = made.ready
        super().setUp()

    def boot(self, options=(f"uri={URI}", *HOST)):
        # Release 0.1.0 has a condition instead of the assertion.
        self.put_drop_in("[Unit]\nAssertPathExists=\nConditionPathExists=\n[Service]\nExecStart=\nExecStart=" +
                         " ".join([PROGRAM, *("--" + option for option in options)]) + "\n")
        super().boot()
        self.before = self.files()

    def sh(self, command):
        return self.run_there("sh", "-ec", "cd /root/xenpv-compat\n" + command, timeout=300)

    def add(self, *names):
        self.sh("dpkg --install " + " ".join(f"../{name}_*.deb" for name in names))

    def files(self):
        """Returns: the paths of the machine's files, without NOT_OURS."""
        text = self.run_there("find", "/etc", "/run", "/usr", "/var", "-xdev")
        return {path for path in text.splitlines() if not path.startswith(NOT_OURS)}

    def changed(self):
        """Returns: files that were added or removed since the start."""
        return self.files() ^ self.before

    def catalog(self):
        return "xenpv-compat" in self.run_there("journalctl", "--list-catalog")

    def assert_gone(self):
        """Nothing runs, and only files that the admin has made are left."""
        self.assertEqual(self.machine.run("pgrep", "xenpv", check=False), (1, ""))
        self.assertRegex(self.machine.run("busctl", "introspect", NAME, "/", check=False)[1], "was not provided")
        self.assertFalse(self.catalog())
        self.assertEqual({path for path in self.changed() if path.startswith("/usr/")}, set())


class FirstMinutes(Machine):
    """A new user installs the packages with the README's commands on a fresh host, and tries its examples."""

    def setUp(self):
        super().setUp()
        self.layers = made.fresh

    def test_readme(self):
        [disk] = images.make("boot-alone", images.RHEL_3, os.path.join(self.folder, "guest"))
        self.put("/var/lib/xen/images/guest.img", "", copy_of=disk)
        self.boot()
        self.sh(readme_commands("dpkg-buildpackage")[1])
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState")), ("enabled", "active"))
        self.assertEqual(self.show("ActiveState", INSPECT), "active")
        self.assertRegex(self.run_there("cockpit-bridge", "--packages"), "xenpv-compat.*/usr/share/cockpit/xenpv-compat")
        with open(os.path.join(trees.SOURCE, "README.md"), encoding="utf-8") as file:
            examples.check(self, examples.in_markdown(file.read()),
                           lambda command: self.machine.run("sh", "-c", command, check=False)[1])
        [command] = readme_commands("journalctl -x MESSAGE_ID")
        self.assertRegex(self.sh(command), f"Subject: Domain erp39-smp {harness.ALERT}")
        [command] = readme_commands("xenpv-compat-inspect \"$disk\"")
        self.assertRegex(self.sh(command), r"/var/lib/xen/images/guest.img (.|\n)* 2.4.21-50.ELsmp ")


class Life(Machine):
    def test_life(self):
        """The packages are installed, used, installed again while the daemon runs, removed and purged."""
        self.boot()
        self.add(*PACKAGES)
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState")), ("enabled", "active"))
        self.assertEqual(self.show("ActiveState", INSPECT), "active")
        self.assertIn('"incompatible" 3', self.get(*AS_NOBODY))
        self.assertIn("incompatible", self.run_there(*AS_NOBODY, "xenpv-compatctl", "show", "erp39-smp"))
        self.assertTrue(self.catalog())
        self.run_there("sh", "-c", f"printf '[Kernels]\narchive=2.6.18-8.el5PAE\n' > {KERNELS}")

        pid = self.show("MainPID")
        self.add(*PACKAGES)
        self.assertEqual((self.show("ActiveState"), self.show("ActiveState", INSPECT)), ("active", "active"))
        self.assertNotEqual(self.show("MainPID"), pid)
        self.assertIn('"incompatible" 4', self.get(*AS_NOBODY))
        self.assertEqual(len(self.journal(ALERT)), 1)

        self.run_there("dpkg", "--remove", *PACKAGES)
        self.assert_gone()
        self.assertEqual(self.show("ActiveState", INSPECT), "inactive")
        self.assertIn(KERNELS, self.changed())
        self.run_there("dpkg", "--purge", *PACKAGES)
        self.assertEqual(self.changed(), set())

    def test_upgrade(self):
        """After an upgrade from 0.1.0, the daemon uses the same configuration and does not repeat the alert."""
        self.put_admins_files()
        self.boot(options=())
        self.run_there("dpkg", "--install", "/root/old.deb")
        self.assertEqual(self.version(), 's "0.1.0"\n')
        self.assertEqual(len(self.journal(ALERT)), 1)
        before = self.run_there("xenpv-compatctl", "list", "--json")
        pid = self.show("MainPID")

        self.sh(readme_commands("dpkg-buildpackage")[1])
        self.assertNotEqual(self.show("MainPID"), pid)
        self.assertNotEqual(self.version(), 's "0.1.0"\n')
        self.assertEqual((self.show("ActiveState"), self.show("ActiveState", INSPECT)), ("active", "active"))
        self.assertEqual(self.known(self.run_there("xenpv-compatctl", "list", "--json")), self.known(before))
        self.assertEqual(len(self.journal(ALERT)), 1)

        self.run_there("systemctl", "stop", test_systemd.UNIT)
        self.run_there("rm", "/run/xenpv-compat/alerts")
        self.run_there("systemctl", "start", test_systemd.UNIT)
        self.assertEqual(len(self.journal(ALERT)), 2)  # the saved alerts had prevented that
        self.run_there("dpkg", "--purge", *PACKAGES)
        self.assertEqual(self.changed(), {CONFIG, KERNELS, os.path.dirname(KERNELS)})

    def put_admins_files(self):
        self.put(CONFIG, "[xenpv-compatd]\n" + "\n".join((f"uri={URI}", *HOST)) + "\n")
        self.put(KERNELS, "[Kernels]\narchive=2.6.18-8.el5PAE\n[Acknowledged]\nlab54-xen=true\n")

    def version(self):
        return self.run_there("busctl", "get-property", NAME, ROOT, NAME + ".Manager", "Version")

    @staticmethod
    def known(listed):
        """Returns: those properties of each domain that are the same in both releases."""
        keys = ("name", "state", "kernel", "kernel_source", "verdict", "reasons", "acknowledged")
        return [[domain[key] for key in keys] for domain in map(json.loads, listed.splitlines())]

    def test_inspector_apart(self):
        """The inspector works without the daemon, and answers the daemon whichever of them is installed first."""
        [disk] = images.make("boot-alone", images.RHEL_3, os.path.join(self.folder, "guest"))
        self.put("/srv/guest.img", "", copy_of=disk)
        self.boot()
        self.add("xenpv-compat-inspect")
        self.assertIn("2.4.21-50.ELsmp", self.run_there(*AS_NOBODY, "xenpv-compat-inspect", "/srv/guest.img"))
        self.assertEqual(self.show("ActiveState", INSPECT), "inactive")
        self.add("xenpv-compat")
        self.assertEqual(self.show("ActiveState", INSPECT), "active")

        self.run_there("dpkg", "--purge", "xenpv-compat-inspect")
        self.assertEqual((self.show("ActiveState"), self.show("ActiveState", INSPECT)), ("active", "inactive"))
        self.add("xenpv-compat-inspect")
        self.assertEqual(self.show("ActiveState", INSPECT), "active")
        self.run_there("dpkg", "--purge", *PACKAGES[:2])
        self.assertEqual(self.changed(), set())

    def test_metrics(self):
        """The timer is off until an admin enables it, and the metrics are removed with the package."""
        self.put(os.path.dirname(METRICS_FILE) + "/others.prom", "")
        self.boot()
        self.add("xenpv-compat")
        self.assertEqual((self.show("UnitFileState", TIMER), self.show("ActiveState", TIMER)), ("disabled", "inactive"))
        self.assertNotIn(METRICS_FILE, self.changed())

        self.run_there("systemctl", "enable", "--now", TIMER)
        self.run_there("systemctl", "start", METRICS)
        self.assertIn(METRICS_FILE, self.changed())
        self.add("xenpv-compat")
        self.assertEqual((self.show("UnitFileState", TIMER), self.show("ActiveState", TIMER)), ("enabled", "active"))

        self.run_there("dpkg", "--remove", "xenpv-compat")
        self.assertEqual(self.show("ActiveState", TIMER), "inactive")
        self.assertNotIn(METRICS_FILE, self.changed())
        self.run_there("dpkg", "--purge", "xenpv-compat")
        self.assertEqual(self.changed(), set())

    def test_no_xen(self):
        """Without Xen, the packages install and the unit is enabled for the next boot, but not started."""
        self.boot()
        self.run_there("rm", "-r", f"/etc/systemd/system/{test_systemd.UNIT}.d")
        self.before = self.files()
        self.add(*PACKAGES)
        self.assertEqual((self.show("UnitFileState"), self.show("ActiveState"), self.show("AssertResult")),
                         ("enabled", "inactive", "no"))
        self.run_there("dpkg", "--purge", *PACKAGES)
        self.assertEqual(self.changed(), set())


@contextlib.contextmanager
def memory():
    """Yields: a temporary folder in memory, as an overlay cannot be made of files on another overlay."""
    with tempfile.TemporaryDirectory(prefix="xenpv-") as folder:
        run("mount", "-t", "tmpfs", "tmpfs", folder)
        try:
            yield folder
        finally:
            run("umount", folder)


if __name__ == "__main__":
    release, tarball, *names = sys.argv[1:]
    with memory() as folder:
        made = Made(release, tarball, folder)
        program = unittest.main(argv=[sys.argv[0], *names], exit=False,
                                testRunner=unittest.TextTestRunner(verbosity=2, resultclass=closing.Result))
    closing.tell(program.result.count())
