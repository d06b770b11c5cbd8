# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the properties of the host and of a domain as C lists on standard output, so that daemon and client take them from
the XML.

usage: properties.py XML
"""
import re
import sys
from xml.dom import minidom

LISTS = {"org.xenpv.Compat1.Manager": "XPV_HOST_PROPERTIES(PROPERTY, DICTIONARY)",
         "org.xenpv.Compat1.Domain": "XPV_DOMAIN_PROPERTIES(PROPERTY)"}
MACROS = {"a{su}": "DICTIONARY"}  # sd-bus needs a function to send these
CHANGES = {"const": "CONST", "false": "SILENT", "true": "CHANGES"}
UNKNOWN = {"s": "''", "as": "[]", "b": "false", "t": "0", "i": "0", "a{su}": "{}"}
PLACES = ("OfReport", "OfLink")
HEAD = """\
/* Made of org.xenpv.Compat1.xml by properties.py. */
#pragma once

/* PROPERTY(CONSTANT, member, name, signature, changes, places, label, unknown) for each property, in the order of the XML;
 * DICTIONARY() for those of the type a{su}.
 * changes: CONST, CHANGES, or SILENT (without a signal)
 * places: OF_REPORT or OF_LINK, as the XML's annotations say, else OF_WHOLE
 * label: for people
 * unknown: its value if nothing is known, as GVariant text */"""


def annotations(node):
    return {note.getAttribute("name").rpartition(".")[2]: note.getAttribute("value")
            for note in node.getElementsByTagName("annotation")}


def row(node):
    name, signature, notes = node.getAttribute("name"), node.getAttribute("type"), annotations(node)
    words = re.split(r"(?<=.)(?=[A-Z])", name)
    member = "_".join(words).lower()
    fields = (member.upper(), member, f'"{name}"', f'"{signature}"', CHANGES[notes.get("EmitsChangedSignal", "true")],
              next((f"OF_{place[2:].upper()}" for place in PLACES if notes.get(place) == "true"), "OF_WHOLE"),
              f'"{notes.get("Label") or " ".join(words).capitalize()}"',
              f'"{notes.get("Unknown") or UNKNOWN[signature]}"')
    return f"    {MACROS.get(signature, 'PROPERTY')}({', '.join(fields)})"


def main():
    root = minidom.parse(sys.argv[1]).documentElement
    print(HEAD)
    for interface in root.getElementsByTagName("interface"):
        rows = map(row, interface.getElementsByTagName("property"))
        print(" \\\n".join([f"\n#define {LISTS[interface.getAttribute('name')]}", *rows]))


if __name__ == "__main__":
    main()
