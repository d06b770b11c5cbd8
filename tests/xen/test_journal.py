# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks dom0's journal after all other tests."""
import re

import harness
import xentest

DENIAL = re.compile("denied|not permitted|not allowed|not support BPF|rejected|SIGSYS|apparmor=|type=1326", re.IGNORECASE)
# The denial that test_unprivileged causes, as user 65534.
WANTED = re.compile(r'Rejected send message, .* sender="[^"]*" \(uid=65534 .*destination="org.xenpv.Compat1"')
# The warnings that other tests cause, of the daemon, and of systemd when they kill it.
CAUSED = re.compile(f"trying again$|{harness.ALERT}|floods xenstore"
                    "|Main process exited, code=killed, status=9/KILL|Failed with result 'signal'")


def lines(options):
    return xentest.host.run(f"journalctl --quiet --boot {options}")[1].splitlines()


class Journal(xentest.TestCase):
    def test_no_denial(self):
        """The bus, the kernel and systemd's hardening denied the daemon nothing. If a denial is only an errno, only a
        warning of the daemon can show it."""
        said = lines("--output=short-precise")
        self.assertGreater(len(said), 100)
        self.assertEqual([line for line in said if DENIAL.search(line) and not WANTED.search(line)], [])

    def test_no_other_warning(self):
        """The daemon logged only the warnings that the tests caused, and ended only when they killed it."""
        unit = f"--output=cat --unit={xentest.UNIT}"
        self.assertNotEqual(lines(unit), [])
        self.assertEqual([line for line in lines(unit + " --priority=warning") if not CAUSED.search(line)], [])
