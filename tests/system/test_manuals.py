# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manuals are well formed and describe each option, key, verb and word. test_examples.py and test_systemd.py run
their examples."""
import glob
import os
import re
import subprocess
import unittest

import examples
import guide
import harness

BUILD = os.environ["XPV_BUILD"]
SOURCE = os.environ["XPV_SOURCE"]
CTL, DAEMON = "ctl/xenpv-compatctl.1", "daemon/xenpv-compatd.8"
CONFIG, INTERFACE = "daemon/xenpv-compatd.conf.5", "dbus/org.xenpv.Compat1.5"
INSPECT = "inspect/xenpv-compat-inspect.1"
HAS_INSPECTOR = "XPV_INSPECT" in os.environ  # if it is built
PAGES = (CTL, DAEMON, CONFIG, INTERFACE) + (INSPECT,) * HAS_INSPECTOR


def read(page):
    with open(os.path.join(BUILD, page), encoding="utf-8") as file:
        return file.read().replace(r"\-", "-")


def tags(page):
    """Returns: the words that a manual describes, from the lines after .TP."""
    lines = re.findall(r"^\.TP\n(?:\.[BI]+ )?(.*)", read(page), re.M)
    return {word.rstrip("= ") for line in lines for word in re.findall(r"[\w.-]+=?|\[\w+\]", line)}


def help_of(program):
    return subprocess.run([os.environ[program], "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def options(program):
    return set(re.findall(r"--[a-z-]+(?==| )", help_of(program)))


def words(name):
    """Returns: the words of a table of common/words.c."""
    with open(os.path.join(SOURCE, "common", "words.c"), encoding="utf-8") as file:
        return re.findall('"(.+?)"', re.search(name + r"_words\[\] = \{(.*?)\n\};", file.read(), re.S)[1])


def words_of_sources():
    found = set()
    for folder in ("common", "ctl", "daemon", "dbus", "inspect", "cockpit", "tests"):
        for path in glob.glob(os.path.join(SOURCE, folder, "**", "*.*"), recursive=True):
            if path.endswith((".c", ".h", ".js", ".xml")):
                with open(path, encoding="utf-8") as file:
                    found.update(re.findall(r"\w+", file.read()))
    return found


class Form(unittest.TestCase):
    def test_lint(self):
        for page in PAGES:
            path = os.path.join(BUILD, page)
            for argv in (["mandoc", "-T", "lint", path], ["man", "--warnings", "-l", "-Tutf8", "-Z", path]):
                done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
                complaints = done.stderr if argv[0] == "man" else done.stdout
                self.assertEqual((done.returncode, complaints), (0, ""), argv)

    def test_reader(self):
        """Each line fits on a terminal, and examples use characters that can be copied and run."""
        for page in PAGES:
            for line in examples.render(os.path.join(BUILD, page), columns=80).splitlines():
                self.assertLessEqual(len(line), 80, (page, line))
        for page in glob.glob(os.path.join(SOURCE, "*", "*.[158].in")):
            with open(page, encoding="utf-8") as file:
                for block in re.findall(r"^\.EX\n(.*?)^\.EE", file.read(), re.M | re.S):
                    self.assertNotRegex(block, r"(?m)^[^.].*((?<!\\)-|['`^~])",
                                        page + r": write \-, \(aq, \(ga, \(ha, \(ti")

    def test_references(self):
        """The manuals that other manuals refer to exist."""
        there = {os.path.basename(page).rpartition(".")[::2] for page in PAGES}
        for page in PAGES:
            for name, section in re.findall(r"([\w.-]*(?:xenpv)[\w.-]*) ?\((\d)\)", read(page)):
                self.assertIn((name, section), there, page)


class Complete(unittest.TestCase):
    """A manual describes all that exists, and nothing else."""

    def test_client(self):
        told = tags(CTL)
        self.assertEqual(options("XPV_CTL"), {tag for tag in told if tag.startswith("--")})
        verbs = re.findall(r"^  ([a-z]+)", help_of("XPV_CTL").split("\nVerbs:\n")[1].split("\n\n")[0], re.M)
        self.assertEqual(verbs, re.findall(r"^\.SS (\S+)", read(CTL), re.M))
        status = re.findall(r"^  (\d+) ", help_of("XPV_CTL").split("\nExit status:\n")[1], re.M)
        self.assertEqual(set(status), {tag for tag in told if tag.isdigit()})

    def test_daemon(self):
        self.assertEqual(options("XPV_DAEMON"), {tag for tag in tags(DAEMON) if tag.startswith("--")})

    @unittest.skipUnless(HAS_INSPECTOR, "the inspector is not built")
    def test_inspector(self):
        told = tags(INSPECT)
        self.assertEqual(options("XPV_INSPECT"), {tag for tag in told if tag.startswith("--")})
        status = re.findall(r"^  (\d+) ", help_of("XPV_INSPECT").split("\nExit status:\n")[1], re.M)
        self.assertEqual(set(status), {tag for tag in told if tag.isdigit()})
        with open(os.path.join(SOURCE, "common", "inspection.c"), encoding="utf-8") as file:
            keys = re.findall(r'_member\(members, "(\w+)"', file.read())
        for key in keys:
            self.assertRegex(read(INSPECT), rf"(?m)^\.(B|BR|RB) {key}\b")

    def test_configuration(self):
        keys = {option[2:] for option in options("XPV_DAEMON")} - {"config", "help", "version"}
        self.assertEqual(tags(CONFIG), keys | {"[Kernels]", "[Acknowledged]"})
        text = " ".join(read(CONFIG).split())
        for key, default in re.findall(r"--(\S+)=.*\((\S+)\)$", help_of("XPV_DAEMON"), re.M):
            if key in keys:
                self.assertRegex(text, rf"\.B {key} .*?[Bb]y default (\.BR )?{re.escape(default)} ?\.", key)

    def test_words(self):
        told = tags(DAEMON)
        for name in ("verdict", "reason", "warning"):
            self.assertLessEqual(set(words(name)), told)

    def test_report_sources(self):
        """The manual and README list them in their order."""
        section = read(DAEMON).partition("\n.SH REPORTS\n")[2].partition("\n.SH")[0]
        self.assertEqual(re.findall(r"^\.TP\n\.B (\S+)$", section, re.M), harness.REPORT_SOURCES)
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
            self.assertEqual(re.findall(r"^\| `(\S+)` \|", file.read(), re.M), harness.REPORT_SOURCES)

    def test_tables(self):
        """The table of xenpv-compatd(8) is the Guide's, and the client judges by it."""
        rows = re.findall(r"^RHEL ([\d.]+)  +(.*?)  +(\w+)  +(.*)$", read(DAEMON), re.M)
        told = {(int(release[0]), variant): (release, processor, hosts.split(", "))
                for release, variants, processor, hosts in rows for variant in variants.split(", ")}
        names = {"intel": "Intel", "amd": "AMD", "": "any"}
        self.assertEqual(told, {
            (major, variant): (f"{major}.{guide.MINIMUM[major]}", names[guide.PROCESSORS.get(cell, "")],
                               guide.hosts(variant, major))
            for (variant, major), cell in guide.CELLS.items() if cell != "-"})
        for (major, variant), (_, processor, hosts) in told.items():
            option = [] if processor == "any" else ["--host-processor", processor.lower()]
            first = guide.first_supported(major)
            for host in ("i686", "x86_64", "ia64"):
                kernels = [guide.package(variant, guide.version(major, number)) for number in (first, first - 1)]
                status = [self.check(kernel, "--host-architecture", host, *option) for kernel in kernels]
                self.assertEqual(status, [0 if host in hosts else 1, 1], (kernels, host))

    def check(self, kernel, *options):
        argv = [os.environ["XPV_CTL"], "check", kernel, "--host-kernel=2.6.18-53.el5xen", *options]
        return subprocess.run(argv, stdout=subprocess.DEVNULL, check=False).returncode


class Hacking(unittest.TestCase):
    """HACKING.md names files and symbols that exist, and the sources include each other as it says."""

    def test_includes(self):
        below = {"common": [], "ctl": ["common", "dbus"], "daemon": ["common", "dbus"], "inspect": ["common", "dbus"]}
        callers = {"libvirt/": ["connection.c", "loop.c"], "xenstore.h": ["client.c"]}
        for folder, others in below.items():
            for path in glob.glob(os.path.join(SOURCE, folder, "**", "*.[ch]"), recursive=True):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                for name in re.findall('^#include "(.*)"$', text, re.M):
                    self.assertIn(name.partition("/")[0], [folder] + others, path)
                for library in re.findall(r"^#include <(libvirt/|xenstore\.h)", text, re.M):
                    self.assertIn(os.path.basename(path), callers[library], path)

    def test_names(self):
        with open(os.path.join(SOURCE, "HACKING.md"), encoding="utf-8") as file:
            text = file.read()
        for path in re.findall(r"`((?:common|ctl|daemon|dbus|inspect|tests)/[\w/.-]+\.[\w]+)`", text):
            if "NAME" not in path and "FILE" not in path:
                self.assertTrue(os.path.exists(os.path.join(SOURCE, path)), path)
        bounds = re.findall(r"\| `(\w+)(?:\(\))?`, `(\S+)` \|$", text, re.M)
        self.assertGreater(len(bounds), 10)
        for symbol, path in bounds:
            with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
                self.assertTrue(re.search(rf"^(#define )?{symbol}\b", file.read(), re.M), (symbol, path))
        named = set(re.findall(r"`(\w+)(?:\(\)|\[\])`", text))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - words_of_sources(), set())


if __name__ == "__main__":
    harness.main()
