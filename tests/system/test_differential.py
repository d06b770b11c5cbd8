# SPDX-License-Identifier: LGPL-2.1-or-later
"""With the same facts, the client's check, CheckKernel and a published domain give the same answer for each report,
and its verdict is that of the oracle."""
import glob
import itertools
import json
import os
import random
import re
from xml.sax.saxutils import escape

import harness
import oracle
from gi.repository import GLib
from harness import domain_xml

ARCHITECTURES = ("", "i686", "x86_64", "ia64")
PROCESSORS = ("", "intel", "amd")
KERNELS = ("", "2.6.18-8.1.15.el5xen", "2.6.18-53.el5xen", "6.1.0-18-amd64")
OS_TYPES = {"hvm": "hvm", "pv": "linux", "pvh": "xenpvh"}
FIELDS = ("Kernel", "Verdict", "Reasons", "Warnings", "Release", "Variant", "Processor", "RequiredHostArchitectures",
          "DriverSource", "Explanation", "Remedy")
MUTANTS = 2000
SEED = 20080612
SHARE = int(os.environ.get("XPV_SHARE", "1"))  # one of this many reports and hosts is tried


def packages():
    """Returns: names of real packages. Each means exactly one kernel, whatever the host's facts are."""
    with open(os.path.join(harness.SOURCE, "tests", "data", "nvra.tsv"), encoding="utf-8") as file:
        return [line.split("\t")[0] for line in file][1:]


# Characters that cannot be written in XML, and characters that sd-bus does not carry.
NOT_IN_XML = "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]"
NOT_ON_BUS = "[\0\ufdd0-\ufdef\ufffe\uffff]"


def corpus(left_out=NOT_IN_XML):
    """Returns: the fuzzer's corpus of reports."""
    texts = []
    for path in sorted(glob.glob(os.path.join(harness.SOURCE, "tests", "fuzz", "corpus", "report", "*"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(re.sub(left_out, "", file.read()))
    return [text for text in texts if text.strip()]


def mutate(rand, texts):
    """Returns: one of the texts, with pieces cut out, repeated, or inserted from other texts."""
    text = rand.choice(texts)
    for _ in range(rand.randint(1, 4)):
        begin = rand.randint(0, len(text))
        end = min(len(text), begin + rand.randint(0, 8))
        other = rand.choice(texts)
        at = rand.randint(0, len(other))
        piece = rand.choice(("", text[begin:end] * rand.randint(2, 300), other[at:at + rand.randint(1, 30)],
                             rand.choice("\n \t-._09EL5é\ufffd'\"<&%,;:>"),
                             f" {other}", f"{other}\n", rand.choice((" i686", "\nx86_64", "i686 ", "\nia64\n"))))
        text = text[:begin] + piece + text[end:]
    return text


class Differential(harness.TestCase):
    def check(self, texts, facts):
        """Returns: the client's answers, in the order of the texts."""
        options = [f"--{name}={value}" for name, value in facts.items()]
        done = self.ctl("check", "--json", *options, "--", *texts)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(texts), done.stderr)
        return [{name: answer[harness.snake(name)] for name in FIELDS} for answer in answers]

    def check_kernel(self, text, facts):
        facts = {name: GLib.Variant("s", value) for name, value in facts.items()}
        verdict, reasons, results = self.client.manager("CheckKernel", "(sa{sv})", text, facts)
        return dict(results, Verdict=verdict, Reasons=reasons)

    def published(self, guests, host):
        """Returns: what the daemon publishes about these guests, in their order."""
        arch = "ia64" if host["host-architecture"] == "ia64" else "x86_64"
        domains = (domain_xml(f"guest-{n}", n + 1, escape(text), os_type=OS_TYPES[virtualization], arch=arch)
                   for n, (text, virtualization) in enumerate(guests))
        self.start("test://" + self.write("node.xml", f"<node>{''.join(domains)}</node>"),
                   *(f"--{name}={value}" for name, value in host.items()))
        named = {domain["Name"]: domain for domain in self.client.domains().values()}
        return [{name: named[f"guest-{n}"][name] for name in FIELDS} for n in range(len(guests))]

    def assert_judged(self, text, facts, checked):
        """Compares an answer with the oracle's."""
        verdict, reasons, release = oracle.judge(text, facts)
        self.assertEqual((checked["Verdict"], set(checked["Reasons"]), checked["Release"]), (verdict, reasons, release))

    def compare(self, guests, host, exact):
        """@exact: texts that mean the same whatever the domain's architecture is"""
        published = self.published(guests, host)
        for virtualization in OS_TYPES:
            facts = dict(host, virtualization=virtualization)
            chosen = [n for n, guest in enumerate(guests) if guest[1] == virtualization]
            texts = [guests[n][0] for n in chosen]
            for n, text, checked in zip(chosen, texts, self.check(texts, facts)):
                with self.subTest(report=text, seed=SEED, **facts):
                    self.assert_judged(text, facts, checked)
                    self.assertEqual(self.check_kernel(text, facts), checked)
                    if host["host-architecture"] or text in exact:
                        self.assertEqual(published[n], checked)
        self.stop_daemon()
        self.client.wait_for(lambda: not self.client.owner, "the name's loss")

    def test_control_characters(self):
        """Control characters, which a domain's XML cannot have, are judged alike by check and CheckKernel."""
        facts = {"host-architecture": "x86_64", "host-processor": "intel", "host-kernel": KERNELS[0]}
        texts = corpus(NOT_ON_BUS)
        texts += [f"\x1b[1m{text}\x07\r\n\x7f" for text in texts]
        self.start_example()
        for text, checked in zip(texts, self.check(texts, facts)):
            with self.subTest(report=text):
                self.assert_judged(text, facts, checked)
                self.assertEqual(self.check_kernel(text, facts), checked)

    def test_same_answers(self):
        """Each report is judged on one of the hosts, each of the corpus on all of them."""
        rand = random.Random(SEED)
        known, exact = corpus(), packages()
        releases = [package.rpartition(".")[0] for package in exact[::7]]
        mutants = [mutate(rand, known + releases) for _ in range(MUTANTS)]
        texts = exact + releases + [text for text in mutants if text.strip() and text != "-"]
        rand.shuffle(texts)
        texts = texts[::SHARE]
        hosts = list(itertools.product(ARCHITECTURES, PROCESSORS, KERNELS))[::SHARE]
        for n, host in enumerate(hosts):
            share = known + texts[n::len(hosts)]
            guests = [(text, "hvm" if m % 8 else rand.choice(["pv", "pvh"])) for m, text in enumerate(share)]
            self.compare(guests, dict(zip(("host-architecture", "host-processor", "host-kernel"), host)), set(exact))


if __name__ == "__main__":
    harness.main()
