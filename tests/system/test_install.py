# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what "meson install" installs into a folder, and where it would install with other options."""
import configparser
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

SOURCE = os.environ["XPV_SOURCE"]
UNIT = "xenpv-compatd.service"
METRICS = "xenpv-compat-metrics.service"
INSPECT = "xenpv-compat-inspect.service"
MESSAGE_IDS = {"8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21", "3a7e2b9c41d84f6fb0c5d28e96a1f073"}


def install(root):
    subprocess.run(["meson", "install", "-C", os.environ["XPV_BUILD"], "--no-rebuild", "--quiet", "--destdir", root],
                   check=True, stdout=subprocess.DEVNULL)


class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="xenpv-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        install(cls.root)

    def find(self, name):
        """Returns: the path of the only file with this name, and that path without the root."""
        found = glob.glob(os.path.join(self.root, "**", name), recursive=True)
        self.assertEqual(len(found), 1, (name, found))
        return found[0], found[0][len(self.root):]

    def run_program(self, *argv):
        result = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return result.returncode, result.stdout


class Installed(TestCase):
    def test_places(self):
        for name, place in (
                (UNIT, "(/usr)?/lib/systemd/system/"),
                (METRICS, "(/usr)?/lib/systemd/system/"),
                ("xenpv-compat-metrics.timer", "(/usr)?/lib/systemd/system/"),
                ("xenpv-compat.rules.yml", "/share/doc/xenpv-compat/"),
                ("xenpv-compat.catalog", "/usr/lib/systemd/catalog/"),
                ("org.xenpv.Compat1.conf", "/usr/share/dbus-1/system.d/"),
                ("org.xenpv.Compat1.service", "/usr/share/dbus-1/system-services/"),
                ("org.xenpv.Compat1.xml", "/share/dbus-1/interfaces/"),
                ("org.xenpv.Compat1.5", "/share/man/man5/"),
                ("remote.conf.example", "/share/doc/xenpv-compat/"),
                ("example-client.c", "/share/doc/xenpv-compat/"),
                ("NEWS.md", "/share/doc/xenpv-compat/"),
                ("libxl-hook.example", "/share/doc/xenpv-compat/"),
                ("xenpv-compatctl.1", "/share/man/man1/"),
                ("xenpv-compatd.8", "/share/man/man8/"),
                ("xenpv-compatd.conf.5", "/share/man/man5/"),
                ("xenpv-compatd", "/libexec/"),
                ("xenpv-compatctl", "/bin/"),
                *(("xenpv-compat-inspect.1", "/share/man/man1/"),
                  (INSPECT, "(/usr)?/lib/systemd/system/"),
                  ("xenpv-compat-inspect.path", "(/usr)?/lib/systemd/system/"),
                  ("remote-disks.conf.example", "/share/doc/xenpv-compat/"),
                  ("xenpv-compat-inspect", "/bin/")) * ("XPV_INSPECT" in os.environ)):
            with self.subTest(name):
                found = glob.glob(os.path.join(self.root, "**", name), recursive=True)
                found = [path for path in found if os.path.isfile(path) and "completion" not in path]
                self.assertEqual(len(found), 1, found)
                self.assertRegex(found[0], f"{place}{name}$")

    def test_hook(self):
        """The example hook is a valid script, and calls the installed program."""
        path = self.find("libxl-hook.example")[0]
        self.assertEqual(self.run_program("sh", "-n", path), (0, ""))
        with open(path, encoding="utf-8") as file:
            program = re.search(r'(?m)^(\S+) gate "\$@"$', file.read())[1]
        self.assertTrue(os.access(self.root + program, os.X_OK))

    def test_activation(self):
        """The bus starts the unit that owns the bus name."""
        service = configparser.RawConfigParser()
        service.optionxform = str
        service.read(self.find("org.xenpv.Compat1.service")[0])
        unit, place = self.find(UNIT)
        with open(unit, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(dict(service["D-BUS Service"]), {
            "Name": "org.xenpv.Compat1", "Exec": "/usr/bin/systemctl start " + os.path.basename(place), "User": "root"})
        self.assertIn("\nBusName=org.xenpv.Compat1\n", text)
        self.assertTrue(os.access(self.root + re.search("(?m)^ExecStart=(.*)$", text)[1], os.X_OK))

    def test_xml(self):
        for name in ("org.xenpv.Compat1.conf", "org.xenpv.Compat1.xml"):
            self.assertEqual(self.run_program("xmllint", "--noout", "--nonet", self.find(name)[0]), (0, ""))
        dtd = "/usr/share/xml/dbus-1/introspect.dtd"  # busconfig.dtd lacks the newer rules
        self.assertEqual(self.run_program("xmllint", "--noout", "--nonet", "--dtdvalid", dtd,
                                          self.find("org.xenpv.Compat1.xml")[0]), (0, ""))

    def test_catalog(self):
        """The catalog compiles, has both entries, and names only fields that the daemon sends."""
        self.assertEqual(self.run_program("journalctl", "--root", self.root, "--update-catalog"), (0, ""))
        status, listed = self.run_program("journalctl", "--root", self.root, "--list-catalog")
        self.assertEqual((status, {line.split()[0] for line in listed.splitlines()}), (0, MESSAGE_IDS))
        with open(os.path.join(SOURCE, "daemon", "alerts.c"), encoding="utf-8") as file:
            sent = set(re.findall('"(XENPV_[A-Z_]*)"', file.read()))
        with open(os.path.join(SOURCE, "daemon", "alerts.h"), encoding="utf-8") as file:
            self.assertEqual(set(re.findall('MESSAGE_ID_[A-Z]* "([0-9a-f]*)"', file.read())), MESSAGE_IDS)
        with open(self.find("xenpv-compat.catalog")[0], encoding="utf-8") as file:
            text = file.read()
        named = set(re.findall("@([A-Z_]*)@", text))
        self.assertLessEqual({"XENPV_DOMAIN_NAME", "XENPV_DOMAIN_UUID"}, named)
        self.assertLessEqual(named, sent)
        self.assertEqual(len(re.findall("(?m)^Documentation: man:xenpv-compatd[(]8[)]$", text)), len(MESSAGE_IDS))
        self.assertNotIn("$", text)


class Options(unittest.TestCase):
    """Checks where files go with other options of "meson setup". Nothing is built. One folder is configured again, which
    takes half the time."""

    # Folders in which other programs look, whatever the prefix: the option, and pkg-config's package, variable and end.
    OTHERS = (("dbuspolicydir", "dbus-1", "datadir", "/dbus-1/system.d"),
              ("dbussystemservicedir", "dbus-1", "system_bus_services_dir", ""),
              ("systemdcatalogdir", "systemd", "catalogdir", ""),
              ("systemdsystemunitdir", "systemd", "systemdsystemunitdir", ""))

    @classmethod
    def setUpClass(cls):
        cls.build = tempfile.mkdtemp(prefix="xenpv-")
        cls.addClassCleanup(shutil.rmtree, cls.build)

    def configure(self, prefix, folders):
        """Returns: the folders of files that are not below the prefix. `folders`: of OTHERS."""
        options = [f"-D{other[0]}={folder}" for other, folder in zip(self.OTHERS, folders)]
        if os.listdir(self.build):
            options.append("--reconfigure")
        subprocess.check_output(["meson", "setup", self.build, SOURCE, "--prefix=" + prefix, *options])
        places = json.loads(subprocess.check_output(["meson", "introspect", "--installed", self.build])).values()
        return {os.path.dirname(path) for path in places if not path.startswith(prefix)}

    def test_prefix(self):
        expected = set()
        for _, module, variable, below in self.OTHERS:
            folder = subprocess.check_output(["pkg-config", "--variable=" + variable, module], text=True).strip()
            expected.add(folder + below)
        self.assertEqual(self.configure("/usr/local/", [""] * len(self.OTHERS)), expected)
        for name, text in ((UNIT, "ExecStart=/usr/local/libexec/xenpv-compatd\n"),
                           ("xenpv-compat.catalog", "\n/usr/local/etc/xenpv-compat/kernels.conf:\n"),
                           ("libxl-hook.example", "\n/usr/local/bin/xenpv-compatctl gate ")):
            with open(glob.glob(f"{self.build}/*/{name}")[0], encoding="utf-8") as file:
                self.assertIn(text, file.read())

    def test_folders(self):
        """The options override what this machine's pkg-config says."""
        folders = [f"/folder{i}" for i in range(len(self.OTHERS))]
        self.assertEqual(self.configure("/p/", folders), set(folders))


class Unit(TestCase):
    """systemd's tools check the units, beside this machine's own units."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        unit = glob.glob(os.path.join(cls.root, "**", UNIT), recursive=True)[0]
        folder = os.path.dirname(unit)
        for name in os.listdir(folder[len(cls.root):]):
            path = os.path.join(folder[len(cls.root):], name)
            if os.path.isfile(path) and not os.path.exists(os.path.join(folder, name)):
                shutil.copy(path, os.path.join(folder, name))
        os.makedirs(os.path.join(cls.root, "usr", "bin"), exist_ok=True)
        shutil.copy("/bin/kill", os.path.join(cls.root, "usr", "bin"))
        os.makedirs(os.path.join(cls.root, "bin"), exist_ok=True)
        shutil.copy("/bin/sh", os.path.join(cls.root, "bin"))

    def verify(self, *units, manuals="yes"):
        """Checks units, and that the manuals that they name are there, which takes longest."""
        path = os.path.dirname(glob.glob(os.path.join(self.root, "**", "man8"), recursive=True)[0])
        self.assertEqual(self.run_program("env", f"MANPATH={path}", "systemd-analyze", "verify", f"--man={manuals}",
                                          "--root", self.root, *units), (0, ""))

    def exposure(self, unit=UNIT):
        status, text = self.run_program("systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=100",
                                        "--root", self.root, unit)
        self.assertEqual(status, 0, text)
        return re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)[1]

    def test_unit(self):
        self.verify(UNIT, METRICS, "xenpv-compat-metrics.timer")
        for unit in (UNIT, METRICS):
            self.assertLessEqual(float(self.exposure(unit)), 1.0)

    @unittest.skipUnless("XPV_INSPECT" in os.environ, "the inspector is not built")
    def test_inspector(self):
        """The inspector reads root's files and block devices, and its unit allows little more."""
        self.verify(INSPECT, "xenpv-compat-inspect.path")
        self.assertLessEqual(float(self.exposure(INSPECT)), 1.5)

    def check_drop_in(self, unit, name):
        """The drop-in states the exposure that systemd-analyze measures."""
        local = self.exposure(unit)
        folder = os.path.join(self.root, "etc/systemd/system", unit + ".d")
        os.makedirs(folder)
        self.addCleanup(shutil.rmtree, folder)
        drop_in = shutil.copy(self.find(name + ".example")[0], os.path.join(folder, name))
        self.verify(unit, manuals="no")
        with open(drop_in, encoding="utf-8") as file:
            text = file.read().replace("\n# ", " ")
        self.assertEqual(re.search("from ([0-9.]+) to ([0-9.]+) ", text).groups(), (local, self.exposure(unit)))

    def test_remote(self):
        self.check_drop_in(UNIT, "remote.conf")

    @unittest.skipUnless("XPV_INSPECT" in os.environ, "the inspector is not built")
    def test_remote_disks(self):
        self.check_drop_in(INSPECT, "remote-disks.conf")


if __name__ == "__main__":
    harness.main()
