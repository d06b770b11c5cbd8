# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client's output on terminals of several widths: its columns, what is cut, its colours, and its messages when
something fails."""
import os
import re
import shutil
import unicodedata

import harness
import terminal
from harness import domain_xml, uuid_of

CTL = os.environ["XPV_CTL"]
WIDTHS = (200, 132, 80, 60, 40)
INTEL, LARGESMP = "kernel-smp-2.4.21-50.EL.i686", "2.6.9-89.0.11.ELlargesmp x86_64"
GUESTS = {  # names, some with wide or combining characters, and their kernels
    "日本語サーバー": INTEL,
    "combining-e\u0301-o\u0308": LARGESMP,
    "emoji-🚀-👩\u200d💻-❤\ufe0f": "2.6.18-398.el5PAE",
    "한국어": "gibberish",
    "a-guest-whose-name-is-rather-long.example.com": None,
    "web51": "kernel-PAE-2.6.18-53.1.4.el5.i686",
}
FACTS = ["--host-architecture=x86_64", "--host-processor=intel", "--host-kernel=2.6.18-53.el5xen"]
STYLES = {"compatible": "32", "incompatible": "1;31", "unknown": "33", "not-applicable": "2"}


def plain(text):
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def cells(line):
    """Returns: the text in each column of a terminal; the second column of a wide character is empty."""
    found = []
    for character in line:
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            found[-1] += character
        else:
            found += [character, ""] if unicodedata.east_asian_width(character) in "WF" else [character]
    return found


def text_at(line, column):
    """Returns: the word that begins in a column, or None if no blank is before it."""
    row = cells(line)
    return "".join(row[column:]).split(" ")[0] if column < len(row) and row[column - 1] == " " else None


class OnTerminal(harness.TestCase):
    def environment(self):
        return dict(super().environment(), LC_ALL="C.UTF-8", TERM="xterm", COLUMNS="")

    def run_ctl(self, *arguments, columns=80, env=None):
        return terminal.run([CTL, *arguments], columns, {**self.environment(), **(env or {})})

    def lines(self, *arguments, columns=80, env=None):
        return plain(self.run_ctl(*arguments, columns=columns, env=env)[1]).splitlines()

    def assert_fits(self, lines, columns):
        for line in lines:
            self.assertLessEqual(len(cells(line)), columns, line)
            self.assertEqual(line, line.rstrip())

    def assert_fails(self, status, pattern, *arguments, argv=None, env=None):
        argv = [*(argv or [CTL]), *(arguments or ["list"])]
        done, text = terminal.run(argv, 80, {**self.environment(), **(env or {})})
        self.assertEqual(done, status, text)
        self.assert_fits(plain(text).splitlines(), 80)
        self.assert_says(plain(text).splitlines(), pattern)

    def assert_says(self, lines, pattern):
        """The text matches a pattern, however it is broken into lines."""
        self.assertRegex(" ".join(" ".join(lines).split()), pattern)


class Shown(OnTerminal):
    def setUp(self):
        super().setUp()
        domains = (domain_xml(name, i + 1, kernel) for i, (name, kernel) in enumerate(GUESTS.items()))
        self.start("test://" + self.write("node.xml", f"<node>{''.join(domains)}</node>"), *FACTS)

    def test_list(self):
        """Columns line up; they are cut if they are too wide, and left out if that is not enough."""
        headings = {200: "NAME STATE VERDICT KERNEL WHY", 132: "NAME STATE VERDICT KERNEL WHY",
                    80: "NAME STATE VERDICT KERNEL WHY", 60: "NAME STATE VERDICT WHY", 40: "NAME VERDICT"}
        for columns in WIDTHS:
            with self.subTest(columns=columns):
                lines = self.lines("list", columns=columns)
                self.assert_fits(lines, columns)
                self.assertEqual(lines[0].split(), headings[columns].split())
                rows = lines[1:lines.index("")]
                self.assertEqual([text_at(row, lines[0].index("VERDICT")) for row in rows],
                                 ["unknown", "compatible", "compatible", "compatible", "incompatible", "unknown"])
                self.assertTrue(rows[4].startswith("日本語サーバー "))
                self.assertEqual(any("long.example.com" in row for row in rows), columns > 132)
                self.assert_says(lines[len(rows) + 2:],
                                 "^6 domains: 3 compatible, 1 incompatible, 2 unknown — on host .*x86_64, intel, "
                                 r"kernel 2.6.18-53.el5xen \(RHEL 5.1\)$")

    def test_clusters(self):
        """Joiners and variation selectors, which terminals draw differently, are left out on terminals only."""
        self.assertIn("emoji-🚀-👩💻-❤ ", "\n".join(self.lines("list")))
        self.assertIn("emoji-🚀-👩\u200d💻-❤\ufe0f ", self.ctl("list").stdout)

    def test_other_charset(self):
        """A character that the terminal's charset lacks is replaced by as many columns."""
        shown, lines = self.lines("list"), self.lines("list", env={"LC_ALL": "C"})
        self.assertTrue("\n".join(lines).isascii())
        self.assertEqual([len(line) for line in lines[:7]], [len(cells(line)) for line in shown[:7]])
        lines = self.lines("check", "blöd", env={"CHARSET": "ISO-8859-1"})
        self.assertIn('The report "bl\ufffdd" does not name', lines[1])  # 0xf6 is not valid UTF-8

    def test_colour(self):
        """Verdicts are coloured on a terminal, unless NO_COLOR or TERM=dumb is set."""
        text = self.run_ctl("list")[1]
        for name, verdict in (("web51", "compatible"), ("日本語サーバー", "incompatible"), ("한국어", "unknown")):
            self.assertRegex(text, rf"(?m)^{name} +running +\x1b\[{STYLES[verdict]}m{verdict}\x1b\[0m ")
        self.assertIn(f"\x1b[{STYLES['incompatible']}mincompatible\x1b[0m\n", self.run_ctl("show", uuid_of(1))[1])
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            for arguments in (["list"], ["show", uuid_of(1)], ["check", INTEL]):
                self.assertNotIn("\x1b", self.run_ctl(*arguments, env=env)[1])
        self.assertIn("\x1b", self.run_ctl("list", env={"NO_COLOR": ""})[1])

    def test_show(self):
        """Each property has a line; the rest of a long one continues below its beginning, or below the label."""
        for columns in WIDTHS:
            with self.subTest(columns=columns):
                lines = self.lines("show", "日本語サーバー", columns=columns)
                self.assert_fits(lines, columns)
                value = len("Network drivers:  ") if columns > 58 else 2
                for line in lines:
                    self.assertTrue(re.match(r"\w[\w ]*:( |$)", line) or re.match(" " * value + r"\S", line), line)
                self.assert_says(lines, "Name: 日本語サーバー .*Verdict: incompatible .*Remedy: Run the guest "
                                        "on an i686 host with an Intel processor, or reinstall it as 64-bit ")

    def test_host(self):
        for columns in WIDTHS:
            with self.subTest(columns=columns):
                lines = [line for line in self.lines("host", columns=columns) if "node.xml" not in line]
                self.assert_fits(lines, columns)
                self.assert_says(lines, "RHEL release: 5.1 .*libvirt answers: yes .*Domains: 3 compatible, "
                                        "1 incompatible, 2 unknown, 0 not-applicable ")

    def test_help(self):
        for program in (CTL, os.environ["XPV_DAEMON"]):
            self.assert_fits(terminal.run([program, "--help"], 80, {"LC_ALL": "C.UTF-8"})[1].splitlines(), 80)


class Check(OnTerminal):
    def test_check(self):
        for columns in WIDTHS:
            with self.subTest(columns=columns):
                lines = self.lines("check", *FACTS, INTEL, "ナンセンス", columns=columns)
                self.assert_fits([line for line in lines if "%{" not in line], columns)  # that word is longer
                text = " " * (16 if columns > 55 else 2)
                self.assertEqual(lines[0].split(), ["incompatible", INTEL] if columns > 40 else ["incompatible"])
                self.assertTrue(all(line.startswith(text) for line in lines[1:4]), lines)
                self.assert_says(lines, "^incompatible kernel-smp-.* RHEL 3.9 .* What to do: Run the guest .* unknown ナンセンス "
                                        "The report “ナンセンス” does not name a kernel. .* 2 reports: 1 incompatible, 1 unknown")


class Failures(OnTerminal):
    """A failure's message says what went wrong and what helps, and breaks at blanks."""

    def test_no_bus(self):
        self.assert_fails(4, "^xenpv-compatctl: could not connect to the system bus.*: No such file.*; start D-Bus, "
                             "and then the daemon with “systemctl start xenpv-compatd”$",
                          env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})

    def test_no_daemon(self):
        self.assert_fails(4, "^xenpv-compatctl: .* xenpv-compatd does not run .*; start it with "
                             "“systemctl start xenpv-compatd”$")

    def test_no_way_to_the_bus(self):
        """This user may not connect to the bus's socket."""
        program = os.path.join(self.folder, "xenpv-compatctl")
        shutil.copy(CTL, program)
        os.chmod(self.bus.socket, 0)
        argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.getuid() == 0 else []
        counters = os.path.join(self.folder, "counters")  # for coverage data
        os.mkdir(counters)
        os.chmod(counters, 0o777)
        self.assert_fails(4, "^xenpv-compatctl: this user may not connect to the system bus.*Permission denied.*; "
                             "ask as a user who may, such as root$", argv=[*argv, program],
                          env={"GCOV_PREFIX": counters})

    def test_no_libvirt(self):
        self.start("test+unix:///default?socket=/nonexistent")
        why = "does not answer, and nothing has been read from it yet; “journalctl -u xenpv-compatd” says why."
        self.assert_fails(0, f"^0 domains — on host .* Warning: libvirt .* {why}$")
        self.assert_fails(1, f"^xenpv-compatctl: libvirt .* {why} xenpv-compatctl: no domain named .* “web51”$",
                          "show", "web51")

    def test_dash(self):
        self.assert_fails(2, "^xenpv-compatctl: Unknown option -dash .*comes after “--”.*; see “.* --help”$",
                          "show", "-dash")


class NoPolicy(OnTerminal):
    """The bus's policy for the daemon is not installed."""

    @property
    def policies(self):
        return [self.write("policy.conf", '<busconfig><policy context="default"><allow own="*"/></policy></busconfig>')]

    def test_no_right(self):
        self.start("test:///default")
        self.assert_fails(4, "^xenpv-compatctl: the system bus does not let this user ask xenpv-compatd .*; is its "
                             "policy, org.xenpv.Compat1.conf, installed\\?")


class Monitor(OnTerminal):
    """The monitor's lines stand under their headings and follow the terminal's width."""

    def setUp(self):
        super().setUp()
        self.virt = self.libvirtd(domain_xml("web1", 1, "2.6.18-398.el5PAE"))
        self.start(self.virt.uri, *FACTS)

    def add_long(self):
        domain = self.virt.define(domain_xml("a-guest-whose-name-is-rather-long.example.com", 3, INTEL))
        domain.create()
        self.client.refresh()
        return domain

    def start_monitor(self, columns):
        self.terminal = terminal.Terminal([CTL, "monitor"], columns, self.environment())
        self.addCleanup(self.terminal.close)
        self.terminal.wait_for("EVENT.*\n")
        return plain(self.terminal.text).rstrip("\n")

    def wait_for_line(self, *words):
        """Waits for the next line with these words, and forgets what came before. Returns: the line."""
        match = self.terminal.wait_for(r"(?m)^.*" + ".*".join(words) + r".*\n")
        self.terminal.data = self.terminal.text[match.end():].encode()
        return plain(match[0]).rstrip("\n")

    def stop_monitor(self):
        self.terminal.type("\x03")
        self.assertEqual(self.terminal.end(), 0)

    def test_domains(self):
        """Lines about a domain fit their columns, also if it is added later and has a wide name."""
        headings = {200: "TIME EVENT NAME STATE VERDICT KERNEL WHY", 132: "TIME EVENT NAME STATE VERDICT KERNEL WHY",
                    80: "TIME EVENT NAME STATE VERDICT WHY", 60: "TIME EVENT NAME VERDICT", 40: "EVENT NAME VERDICT"}
        for columns in WIDTHS:
            with self.subTest(columns=columns):
                heading = self.start_monitor(columns)
                self.assertEqual(heading.split(), headings[columns].split())
                domain = self.virt.define(domain_xml("日本語", 2, INTEL))
                lines = [heading, self.wait_for_line("added")]
                domain.create()
                lines += [self.wait_for_line("changed"), self.wait_for_line("alert")]
                domain.destroy()
                domain.undefine()
                lines.append(self.wait_for_line("removed"))
                self.assert_fits(lines, columns)
                for line in lines[1:]:
                    self.assertEqual(text_at(line, heading.index("NAME")), "日本語")
                    self.assertEqual(text_at(line, heading.index("VERDICT")), "incompatible")
                self.stop_monitor()

    def test_link(self):
        """Lines about libvirt and the daemon have their colours."""
        self.start_monitor(60)
        self.virt.end()
        self.wait_for_line("\x1b\\[1;31mdisconnected\x1b\\[0m  libvirt$")
        self.wait_for_line("  does not answer$")
        self.virt.start()
        self.wait_for_line("\x1b\\[32mconnected\x1b\\[0m  libvirt$")
        self.stop_daemon()
        self.wait_for_line("disconnected.*  xenpv-compatd is gone$")
        self.stop_monitor()

    def test_resize(self):
        domain = self.add_long()
        self.start_monitor(200)
        domain.suspend()
        self.assertRegex(self.wait_for_line("changed"), "long.example.com  paused .* needs another host architecture$")
        self.terminal.resize(60)
        domain.resume()
        line = self.wait_for_line("changed")
        self.assert_fits([line], 60)
        self.assertNotIn("running", line)
        self.stop_monitor()

    def test_piped(self):
        """Into a pipe, the monitor prints lines without headings or cuts."""
        domain = self.add_long()
        argv = ["sh", "-c", '"$0" monitor | cat', CTL]
        self.terminal = terminal.Terminal(argv, 40, self.environment())
        self.addCleanup(self.terminal.close)
        while "changed" not in self.terminal.text:  # it prints nothing before the first change
            for act in (domain.suspend, domain.resume):
                act()
                self.client.refresh()
            self.terminal.poll()
        self.assertRegex(self.terminal.text, r"^\d\d:\d\d:\d\d  changed  "
                                             r"a-guest-whose-name-is-rather-long.example.com  \w+ +"
                                             f"incompatible +{INTEL}  needs another host architecture\n")


if __name__ == "__main__":
    harness.main()
