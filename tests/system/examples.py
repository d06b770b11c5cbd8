# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads and runs the examples in README and the manuals: a command follows "$ ", its further lines follow "> ", and its
output comes next."""
import os
import re
import subprocess

import terminal

# The columns that a manual's margins leave of 80.
COLUMNS = 70
PLAIN = {"LC_ALL": "C.UTF-8", "NO_COLOR": "1", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}


def render(page, columns=100):
    """Returns: the text of a manual as man prints it."""
    env = dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH=str(columns))
    return subprocess.run(["man", "-l", page], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout


def in_markdown(text):
    return transcripts(re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S))


def in_manual(text):
    blocks = re.finditer(r"^( +)\$ .*\n(?:(?:\1.*)?\n)*", text, re.M)
    return transcripts(re.sub(f"^{block[1]}", "", block[0], flags=re.M) for block in blocks)


def transcripts(blocks):
    """Returns: pairs of a command and the output that the page shows for it."""
    for block in blocks:
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, output = re.fullmatch(r"(.*\n(?:>.*\n)*)((?:.|\n)*)", example).groups()
            yield re.sub(r"^> ?", "", command, flags=re.M), output


def normal(output):
    """Replaces host names and times, which differ from machine to machine."""
    output = re.sub(r"on host [^,]+,", "on host xenhost,", output)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}[+-][\d:]{5}", "2026-11-22T09:41:07+01:00", output).strip("\n")


def check(test, shown, run):
    """Compares the output of run(command) with the output that the page shows, for each example."""
    shown = list(shown)
    test.assertTrue(shown)
    for command, output in shown:
        with test.subTest(command):
            test.assertEqual(normal(run(command)), normal(output))


def run_on_terminal(argv, env=None):
    return terminal.run(argv, COLUMNS, dict(PLAIN, **(env or {})))[1]
