# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs tests on several Xen hosts at once.

    suite.py FOLDER NAMES…      NAMES: the names that prove.py takes, for one host

The files of host N are in FOLDER/host-N."""
import concurrent.futures
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import closing  # noqa: E402


def prove(image, folder, names):
    """Runs the tests on a host, which ends with this process. Returns: their counts, or those of one failed test."""
    host = subprocess.Popen(["setpriv", "--pdeathsig=KILL", sys.executable, "-B", "-u", os.path.join(here, "prove.py"),
                             image, folder, *names.split()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors="replace")
    for line in host.stdout:
        print(f"{os.path.basename(folder)}: {line}", end="", flush=True)
    try:
        with open(folder + ".json", encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}, 1, 1


def main(folder, *hosts):
    made = subprocess.run([os.path.join(here, "image")], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        sys.exit(1)
    image = made.stdout.strip()
    fcntl.flock(os.open(image, os.O_RDONLY), fcntl.LOCK_SH)  # held until this process ends
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folders = [os.path.join(folder, f"host-{number}") for number in range(1, len(hosts) + 1)]
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        counts = list(pool.map(prove, itertools.repeat(image), folders, hosts))
    print(f"The suite took {time.monotonic() - began:.0f} s")
    closing.close(*counts)


if __name__ == "__main__":
    main(*sys.argv[1:])
