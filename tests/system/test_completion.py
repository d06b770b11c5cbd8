# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interactive bash on a pseudo terminal completes the names of the daemon's domains."""
import os
import re
import xml.sax.saxutils

import harness
import terminal
from harness import domain_xml

STRANGE = "co\\mma, $HOME `id` \"q\" it's ; & | * ? [a] {b} <c> (d) #~!e"
COLON = "a:b=c@d"
NAMES = ["-dash", COLON, STRANGE, "erp39-em64t", "erp39-smp", "two words", "日本語 サーバー", "👩\u200d💻 emoji"]


class Completion(harness.TestCase):
    def setUp(self):
        super().setUp()
        domains = (domain_xml(xml.sax.saxutils.escape(name), i + 1) for i, name in enumerate(NAMES))
        self.start("test://" + self.write("node.xml", f"<node>{''.join(domains)}</node>"))
        env = dict(self.environment(), PS1="ready> ", TERM="dumb", LC_ALL="C.UTF-8", HISTFILE="",
                   PATH=os.path.dirname(os.environ["XPV_CTL"]) + os.pathsep + os.environ["PATH"])
        self.shell = terminal.Terminal(["bash", "--norc", "--noprofile", "-i"], 500, env)
        self.addCleanup(self.shell.close)
        self.type(f". {harness.SOURCE}/ctl/xenpv-compatctl.bash-completion\n")

    def type(self, text):
        self.shell.wait_for("ready> $")
        self.shell.data = b""
        self.shell.type(text)

    def complete(self, typed):
        """Returns: the command line after the text and a tab are typed."""
        self.type(f"xenpv-compatctl {typed}\t\001printf '%s\\n' _ '\005'_\n")
        return self.shell.wait_for(r"\n_\nxenpv-compatctl (.*)_\n")[1]

    def shown(self, typed):
        """Returns: the name of the domain that the completed command shows."""
        self.type(f"xenpv-compatctl {typed}\t| head -n 1\n")
        return self.shell.wait_for(r"\nName: +(.*)\n|\nxenpv-compatctl: .*\n")[1]

    def test_names(self):
        """Names are completed whatever characters they have, and however they are quoted."""
        for typed, name in (("show -d", "-dash"), ("show -- -", "-dash"),
                            ("show a", COLON), ("show a:", COLON), ("show a:b=c", COLON), ("show a:b=c@", COLON),
                            ('show "a:b', COLON),
                            ("show co", STRANGE), ('show "co', STRANGE), ("show 'co", STRANGE),
                            ('show "co\\\\mma, \\$', STRANGE), ("show co\\\\mma\\,\\ \\$", STRANGE),
                            ("show erp39-s", "erp39-smp"), ("show tw", "two words"), ("show two\\ w", "two words"),
                            ("show 'two w", "two words"), ("show 日", NAMES[6]), ("show 👩", NAMES[7])):
            with self.subTest(typed):
                self.assertEqual(self.shown(typed), name)

    def test_verbs(self):
        verbs = re.findall(r"^  ([a-z]+)", self.ctl("--help").stdout.partition("Verbs:")[2].partition("\n\n")[0], re.M)
        self.assertIn("monitor", verbs)
        for verb in verbs:
            self.assertEqual(self.complete(verb[:-1]), f"{verb} ")

    def test_words(self):
        for typed, line in (("mon", "monitor "), ("show erp", "show erp39-"), ("show erp39-smp ", "show erp39-smp "),
                            ("show --json tw", "show --json two\\ words "),
                            ("--json show tw", "--json show two\\ words "),
                            ("--json show -- tw", "--json show -- two\\ words "),
                            ("list --f", "list --fail "), ("show --f", "show --f"), ("show -- --j", "show -- --j"),
                            ("check --host-p", "check --host-processor "),
                            ("check --host-processor i", "check --host-processor intel "),
                            ("check --host-processor=i", "check --host-processor=intel "),
                            ("check --host-processor=", "check --host-processor="),
                            ("check --host-architecture=x", "check --host-architecture=x86_64 "),
                            ("check --virtualization hvm --ho", "check --virtualization hvm --host-")):
            with self.subTest(typed):
                self.assertEqual(self.complete(typed), line)


if __name__ == "__main__":
    harness.main()
