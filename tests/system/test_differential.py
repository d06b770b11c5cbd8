# SPDX-License-Identifier: LGPL-2.1-or-later
"""From equal facts, the client's check, CheckKernel and a published domain say the same of any report."""
import json
import os
import re

import harness
from gi.repository import GLib
from harness import domain_xml

HOSTS = [  # architecture, processor, kernel
    ("x86_64", "intel", "2.6.18-53.el5xen"),
    ("x86_64", "amd", "2.6.18-8.1.15.el5xen"),
    ("i686", "intel", "6.1.0-18-amd64"),
    ("i686", "", "2.6.18-398.el5xen"),
]
FIELDS = ("Kernel", "Verdict", "Reasons", "Warnings", "Release", "Variant", "Processor", "RequiredHostArchitectures",
          "DriverSource", "Explanation", "Remedy")


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def reports():
    with open(os.path.join(harness.SOURCE, "tests", "data", "nvra.tsv"), encoding="utf-8") as file:
        packages = [line.split("\t")[0] for line in file][1::15]
    return packages + [package.rpartition(".")[0] for package in packages[::7]] + [
        "2.4.21-50.EL", "2.4.21-50.ELsmp", "2.4.21-47.ELhugemem i686", "2.6.9-67.ELlargesmp", "2.6.18-53.1.4.el5PAE",
        "2.6.18-398.el5xen", "2.6.18-53.el5kdump", "2.4.21-57.ELvmnix", "2.6.32-71.el6", "6.1.0-18-amd64", "gibberish",
        "vmlinuz-2.6.18-128.el5", "2.6.9-89.0.7.EL ppc64", "kernel--.EL.", "2.6.18-\ufffd.el5", "x" * 5000,
        "Linux naboo 2.4.21-50.ELsmp #1 SMP Tue May 8 17:18:29 EDT 2007 i686 i686 i386 GNU/Linux",
        "Linux xxxxx 2.4.21-37.EL #1 SMP Wed Sep 7 13:32:18 EDT 2005 x86_64 x86_64 x86_64 GNU/Linux"]


class Differential(harness.TestCase):
    def check(self, lines, architecture, processor, kernel):
        done = self.ctl("check", "-", "--json", "--host-architecture", architecture, "--host-processor", processor,
                        "--host-kernel", kernel, stdin="\n".join(lines))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check_kernel(self, report, architecture, processor, kernel):
        facts = {"host-architecture": architecture, "host-processor": processor, "host-kernel": kernel}
        facts = {key: GLib.Variant("s", value) for key, value in facts.items()}
        verdict, reasons, results = self.client.manager("CheckKernel", "(sa{sv})", report, facts)
        return dict(results, Verdict=verdict, Reasons=reasons)

    def test_same_answers(self):
        texts = reports()
        domains = [domain_xml(f"guest-{n}", n + 1, text) for n, text in enumerate(texts)]
        node = "<node><cpu><model>x86_64</model></cpu>" + "".join(domains) + "</node>"
        for facts in HOSTS:
            architecture, processor, kernel = facts
            self.start("test://" + self.write("node.xml", node), f"--host-architecture={architecture}",
                       f"--host-processor={processor}", f"--host-kernel={kernel}")
            published = {domain["Name"]: domain for domain in self.client.domains().values()}
            checked = self.check(texts, *facts)
            self.assertEqual(len(checked), len(texts))
            for n, text in enumerate(texts):
                with self.subTest(report=text[:80], host=facts):
                    expected = {name: checked[n][snake(name)] for name in FIELDS}
                    self.assertEqual({name: published[f"guest-{n}"][name] for name in FIELDS}, expected)
                    self.assertEqual(self.check_kernel(text, *facts), expected)
            self.stop_daemon()
            self.client.wait_for(lambda: not self.client.owner, "the name's loss")


if __name__ == "__main__":
    harness.main()
