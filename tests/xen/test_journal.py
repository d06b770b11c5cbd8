# SPDX-License-Identifier: LGPL-2.1-or-later
"""What dom0's journal has when all the others have run."""
import re

import xentest

DENIAL = re.compile("denied|not permitted|not allowed|not support BPF|rejected|SIGSYS|apparmor=|type=1326", re.IGNORECASE)
# What test_unprivileged asks for, as nobody.
WANTED = re.compile(r'Rejected send message, .* sender="[^"]*" \(uid=65534 .*destination="org.xenpv.Compat1"')


class Journal(xentest.TestCase):
    def test_no_denial(self):
        """Nothing that the daemon did was refused to it, by the bus, the kernel or systemd's hardening."""
        lines = xentest.host.run("journalctl --boot --output=short-precise")[1].splitlines()
        self.assertGreater(len(lines), 100)
        self.assertEqual([line for line in lines if DENIAL.search(line) and not WANTED.search(line)],
                         [])
