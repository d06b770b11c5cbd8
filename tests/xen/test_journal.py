# SPDX-License-Identifier: LGPL-2.1-or-later
"""What dom0's journal has when all the others have run."""
import re

import xentest

DENIAL = re.compile("denied|not permitted|not allowed|not support BPF|rejected|SIGSYS|apparmor=|type=1326", re.IGNORECASE)
# What test_unprivileged asks for, as nobody.
WANTED = re.compile(r'Rejected send message, .* sender="[^"]*" \(uid=65534 .*destination="org.xenpv.Compat1"')
# What the others make the daemon warn of, and systemd where they kill it.
CAUSED = re.compile("trying again$|runs a kernel that is not supported with para-virtualized drivers on this host|floods xenstore"
                    "|Main process exited, code=killed, status=9/KILL|Failed with result 'signal'")


def lines(options):
    return xentest.host.run(f"journalctl --quiet --boot {options}")[1].splitlines()


class Journal(xentest.TestCase):
    def test_no_denial(self):
        """Nothing that the daemon did was refused to it, by the bus, the kernel or systemd's hardening. What is refused by
        an errno alone, only the daemon's own warnings can tell."""
        said = lines("--output=short-precise")
        self.assertGreater(len(said), 100)
        self.assertEqual([line for line in said if DENIAL.search(line) and not WANTED.search(line)], [])

    def test_no_other_warning(self):
        """It has warned of nothing but what the tests caused, and ended by nothing but what they killed it with."""
        unit = f"--output=cat --unit={xentest.UNIT}"
        self.assertNotEqual(lines(unit), [])
        self.assertEqual([line for line in lines(unit + " --priority=warning") if not CAUSED.search(line)], [])
