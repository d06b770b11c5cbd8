# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the README shows is what happens: its console examples, on the example host of tests/demo."""
import os
import re
import subprocess

import harness


def examples(text):
    """Commands and what the page says that they print."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = example.partition("\n")
            yield command, output


class Readme(harness.TestCase):
    def test_examples(self):
        with open(os.path.join(harness.SOURCE, "README.md"), encoding="utf-8") as file:
            shown = list(examples(file.read()))
        self.assertGreater(len(shown), 5)
        self.start_example()
        path = os.path.dirname(os.environ["XPV_CTL"]) + os.pathsep + os.environ["PATH"]
        for command, output in shown:
            with self.subTest(command):
                printed = subprocess.run(["sh", "-c", command], env=dict(os.environ, **self.environment(), PATH=path),
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
                printed = re.sub(r"on host [^,]+,", "on host xenhost,", printed)
                self.assertEqual(printed.rstrip("\n"), output.rstrip("\n"))


if __name__ == "__main__":
    harness.main()
