# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of README and the manuals print what they show, on the example host of tests/demo.

test_systemd.py runs the examples that need a whole machine.
"""
import os
import subprocess

import examples
import harness


class Examples(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.start_example()
        path = os.path.dirname(os.environ["XPV_CTL"]) + os.pathsep + os.environ["PATH"]
        self.env = dict(self.environment(), PATH=path)

    def run_piped(self, command):
        return subprocess.run(["sh", "-c", command], env=dict(os.environ, **self.env), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False).stdout

    def run_on_terminal(self, command):
        return examples.run_on_terminal(["sh", "-c", command], self.env)

    def test_readme(self):
        with open(os.path.join(harness.SOURCE, "README.md"), encoding="utf-8") as file:
            examples.check(self, examples.in_markdown(file.read()), self.run_piped)

    def test_manuals(self):
        for page in ("ctl/xenpv-compatctl.1", "dbus/org.xenpv.Compat1.5"):
            text = examples.render(os.path.join(os.environ["XPV_BUILD"], page))
            examples.check(self, examples.in_manual(text), self.run_on_terminal)


if __name__ == "__main__":
    harness.main()
