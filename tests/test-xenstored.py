# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the tests' own xenstored with libxenstore, as the tools of xenstore-utils use it."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import xenstored  # noqa: E402


@unittest.skipUnless(shutil.which("xenstore-ls"), "no xenstore-utils")
class Tools(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="xenpv-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.server = xenstored.Xenstored(os.path.join(self.folder, "xenstored"))
        self.addCleanup(self.server.stop)

    def run_tool(self, *argv, status=0):
        done = subprocess.run(argv, env=dict(os.environ, XENSTORED_PATH=self.server.path), capture_output=True,
                              text=True, timeout=xenstored.TIMEOUT, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def test_write_and_read(self):
        self.run_tool("xenstore-write", "/a/b", "one", "/a/c", r"two\n\x00\xff")
        self.assertEqual(self.server.read("/a/c"), b"two\n\0\xff")
        self.assertEqual(self.server.read("/a"), b"")
        self.assertEqual(self.run_tool("xenstore-read", "/a/b", "/a/c"), "one\ntwo\\n\\000\\xff\n")
        self.run_tool("xenstore-read", "/nothing", status=1)
        self.run_tool("xenstore-exists", "/a/b")
        self.run_tool("xenstore-exists", "/a/d", status=1)

    def test_list_and_remove(self):
        self.run_tool("xenstore-write", "/a/b/c", "1", "/a/d", "2", "/ab", "3")
        self.assertEqual(self.run_tool("xenstore-list", "/a").split(), ["b", "d"])
        self.assertEqual(self.run_tool("xenstore-list", "/ab"), "")
        self.assertEqual(self.run_tool("xenstore-ls", "-f"),
                         '/a = ""\n/a/b = ""\n/a/b/c = "1"\n/a/d = "2"\n/ab = "3"\n')
        self.run_tool("xenstore-rm", "/a/b")
        self.assertEqual(self.run_tool("xenstore-list", "/a").split(), ["d"])
        self.run_tool("xenstore-list", "/a/b", status=1)
        self.run_tool("xenstore-chmod", "/a", "r0")

    def test_long_list(self):
        """A list that is too long for one answer comes in parts."""
        names = [f"name-of-a-child-{i}" for i in range(600)]
        for name in names:
            self.server.write(f"/a/{name}")
        self.assertEqual(self.run_tool("xenstore-list", "/a").split(), names)
        self.assertGreater(self.server.count("DIRECTORY_PART"), 1)

    def test_refused(self):
        for path in ("/a//b", "/a/", "/a b", "/ä", "a/b", ""):
            self.run_tool("xenstore-write", path, "x", status=1)

    def test_watch(self):
        argv = ["xenstore-watch", "-n", "5", "/a/b"]
        env = dict(os.environ, XENSTORED_PATH=self.server.path)
        watch = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True)
        self.server.wait_for(lambda: self.server.watched())
        self.run_tool("xenstore-write", "/a/b/c", "1")
        self.run_tool("xenstore-write", "/a/b", "1")
        self.run_tool("xenstore-write", "/a/bc", "1")
        self.run_tool("xenstore-rm", "/a/b/c")
        self.run_tool("xenstore-rm", "/a")  # the event names the watched path
        told, _ = watch.communicate(timeout=xenstored.TIMEOUT)
        self.assertEqual(told.split(), ["/a/b", "/a/b/c", "/a/b", "/a/b/c", "/a/b"])
        self.server.wait_for(lambda: not self.server.connections)
        self.assertEqual(self.server.watched(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
