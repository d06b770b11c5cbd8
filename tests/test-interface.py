# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus interface keeps what release 0.1.0 had, and its comments tell since when there is more.

usage: test-interface.py OLD NEW      both XML
"""
import re
import sys
import unittest
from xml.dom import minidom

TYPES = ("method", "property", "signal")
EMITS_CHANGED = "org.freedesktop.DBus.Property.EmitsChangedSignal"
old_path, new_path = sys.argv[1:]


def outline(node):
    """Returns: what a client relies on: types, and names of arguments."""
    notes = [note.getAttribute("value") for note in node.getElementsByTagName("annotation")
             if note.getAttribute("name") == EMITS_CHANGED]
    arguments = [[arg.getAttribute(name) for name in ("name", "type", "direction")]
                 for arg in node.getElementsByTagName("arg")]
    return node.nodeName, node.getAttribute("type"), node.getAttribute("access"), arguments, notes


def comment(node):
    while node.nodeType != node.COMMENT_NODE:
        node = node.previousSibling
    return " ".join(node.data.split())


def members(path):
    """Returns: the members of all interfaces, by interface and name."""
    root = minidom.parse(path).documentElement
    return {(node.parentNode.getAttribute("name"), node.getAttribute("name")): node
            for name in TYPES for node in root.getElementsByTagName(name)}


class Interface(unittest.TestCase):
    def setUp(self):
        self.old, self.new = members(old_path), members(new_path)

    def test_old(self):
        """No member of 0.1.0 is gone or has other types, and none is said to be newer."""
        for name, node in self.old.items():
            with self.subTest(name):
                self.assertEqual(outline(self.new[name]), outline(node))
                self.assertNotRegex(comment(self.new[name]), r"Since \d")

    def test_new(self):
        """Each other member says since when it is there."""
        for name in self.new.keys() - self.old.keys():
            with self.subTest(name):
                self.assertRegex(comment(self.new[name]), r"Since \d+\.\d+\.( |$)")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
