# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and tests the packages of the current commit, the Debian releases' and the RPMs at the same time."""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(here, os.pardir, "system"))
import closing  # noqa: E402
import trees  # noqa: E402

BUILD = os.environ["XPV_BUILD"]


def prove(name, *argv):
    """Runs a test program, with mounts of its own, and kills it when this process ends. Returns: its counts; one failure if
    it ends without any."""
    with tempfile.NamedTemporaryFile("r", prefix="xenpv-", suffix=".json") as counts:
        argv = [sys.executable, "-B", "-u", os.path.join(here, argv[0]), *argv[1:]]
        program = subprocess.Popen(["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", *argv],
                                   env=dict(os.environ, XPV_COUNTS=counts.name), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        for line in program.stdout:
            print(f"{name}: {line}", end="", flush=True)
        program.wait()
        return json.loads(counts.read() or "[{}, 1, 1]")


def main():
    project = json.loads(trees.run("meson", "introspect", "--projectinfo", BUILD))
    # Without the tarball's tests: "meson test" has run the same here.
    trees.run("meson", "dist", "-C", BUILD, "--no-tests")
    tarball = os.path.join(BUILD, "meson-dist", f"{project['descriptive_name']}-{project['version']}.tar.xz")
    jobs = [(f"Debian {release}", "test_debian.py", release, tarball) for release in trees.RELEASES]
    jobs.append(("RPM", "test_rpm.py", tarball))
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        counts = list(pool.map(lambda job: prove(*job), jobs))
    closing.close(*counts)


if __name__ == "__main__":
    main()
