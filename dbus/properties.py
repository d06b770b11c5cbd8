# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the properties of a domain as a C list on standard output, so that daemon and client take them from the XML.

usage: properties.py XML
"""
import re
import sys
from xml.dom import minidom

INTERFACE = "org.xenpv.Compat1.Domain"
CHANGES = {"const": "CONST", "false": "SILENT", "true": "CHANGES"}
UNKNOWN = {"s": "''", "as": "[]", "b": "false", "t": "0", "i": "0"}
HEAD = """\
/* Made of org.xenpv.Compat1.xml by properties.py. */
#pragma once

/* XPV_DOMAIN_PROPERTIES: PROPERTY(CONSTANT, member, name, signature, changes, places, label, unknown) for each property
 * of a domain, in the order of the XML.
 * changes: CONST, CHANGES, or SILENT (without a signal)
 * places: OF_REPORT if it follows from a report alone, else OF_DOMAIN
 * label: for people
 * unknown: its value if nothing is known, as GVariant text */
#define XPV_DOMAIN_PROPERTIES(PROPERTY)"""


def annotations(node):
    return {note.getAttribute("name").rpartition(".")[2]: note.getAttribute("value")
            for note in node.getElementsByTagName("annotation")}


def row(node):
    name, signature, notes = node.getAttribute("name"), node.getAttribute("type"), annotations(node)
    words = re.split(r"(?<=.)(?=[A-Z])", name)
    member = "_".join(words).lower()
    fields = (member.upper(), member, f'"{name}"', f'"{signature}"', CHANGES[notes.get("EmitsChangedSignal", "true")],
              "OF_REPORT" if notes.get("OfReport") == "true" else "OF_DOMAIN",
              f'"{notes.get("Label") or " ".join(words).capitalize()}"',
              f'"{notes.get("Unknown") or UNKNOWN[signature]}"')
    return f"    PROPERTY({', '.join(fields)})"


def main():
    root = minidom.parse(sys.argv[1]).documentElement
    interfaces = {node.getAttribute("name"): node for node in root.getElementsByTagName("interface")}
    print(" \\\n".join([HEAD, *map(row, interfaces[INTERFACE].getElementsByTagName("property"))]))


if __name__ == "__main__":
    main()
