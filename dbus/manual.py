# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes org.xenpv.Compat1(5) on standard output: the frame of the page, filled from the XML of the interfaces.

usage: manual.py FRAME XML NAME=VALUE…

The comments of the XML are the manual, in the form of gdbus-codegen(1). Each comment is before the element that it
describes, and begins with the element's name. Lines in its first paragraph that begin with "@name:" describe an argument.
An element without a comment is an error.
"""
import re
import sys
import textwrap
from xml.dom import minidom

CHANGES = {"const": ", constant", "false": ", changes without a signal", "true": ""}


def roff(text):
    """Running text: a line for each sentence, hyphens that can be copied."""
    text = " ".join(text.split()).replace("\\", r"\e")
    lines = [line for sentence in re.split(r"(?<=\.) ", text)
             for line in textwrap.wrap(sentence, 72, break_long_words=False, break_on_hyphens=False)]
    return "".join(re.sub(r"^(?=[.'])", r"\\&", line).replace("-", r"\-") + "\n" for line in lines)


def comment_before(node):
    while node := node.previousSibling:
        if node.nodeType == node.COMMENT_NODE:
            return node.data.strip()
        if node.nodeType == node.ELEMENT_NODE:
            break
    return ""


def paragraphs(text):
    return [paragraph for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def described(node):
    """The paragraphs of a node's comment, and the texts about its arguments, by their names."""
    name = node.getAttribute("name")
    comment = comment_before(node)
    if not comment.startswith(name + ":"):
        sys.exit(f"manual.py: {name} needs a comment before it that begins with “{name}:”")
    head, *rest = paragraphs(comment[len(name) + 1:])
    about, *arguments = re.split(r"^\s*@(\w+):", head, flags=re.M)
    return [part for part in (about, *rest) if part.strip()], dict(zip(arguments[::2], arguments[1::2]))


def elements(node, tag):
    return [child for child in node.childNodes if child.nodeName == tag]


def arguments_text(nodes):
    return "(" + ", ".join(f"{arg.getAttribute('type')} \\fI{arg.getAttribute('name')}\\fP" for arg in nodes) + ")"


def outline(node):
    """A member with its types."""
    name = rf"\fB{node.getAttribute('name')}\fP"
    if node.nodeName == "property":
        notes = {note.getAttribute("name"): note.getAttribute("value") for note in elements(node, "annotation")}
        changes = notes.get("org.freedesktop.DBus.Property.EmitsChangedSignal", "true")
        return f"{name} ({node.getAttribute('type')}{CHANGES[changes]})"
    results = [arg for arg in elements(node, "arg") if arg.getAttribute("direction") == "out"]
    taken = [arg for arg in elements(node, "arg") if arg not in results]
    return f"{name} {arguments_text(taken)}" + (rf" \(-> {arguments_text(results)}" if results else "")


def member(node):
    text, about = described(node)
    names = [arg.getAttribute("name") for arg in elements(node, "arg")]
    if names != list(about):
        sys.exit(f"manual.py: the comment of {node.getAttribute('name')} describes {list(about)}, not {names}")
    page = f".TP\n{outline(node)}\n" + ".IP\n".join(map(roff, text))
    if about:
        page += ".RS\n" + "".join(f".TP\n.I {name}\n{roff(part)}" for name, part in about.items()) + ".RE\n"
    return page


def interface(node):
    page = f".SH {node.getAttribute('name')}\n" + roff(described(node)[1]["short_description"] + ".")
    for title, tag in (("Methods", "method"), ("Signals", "signal"), ("Properties", "property")):
        if members := elements(node, tag):
            page += f".SS {title}\n" + "".join(map(member, members))
    return page


def main():
    frame, xml, *values = sys.argv[1:]
    root = minidom.parse(xml).documentElement
    parts = {
        **dict(value.split("=", 1) for value in values),
        "description": ".PP\n".join(map(roff, paragraphs(comment_before(root)))).rstrip("\n"),
        "interfaces": "".join(map(interface, elements(root, "interface"))).rstrip("\n"),
    }
    with open(frame, encoding="utf-8") as file:
        sys.stdout.write(re.sub("@([a-z]+)@", lambda match: parts[match[1]], file.read()))


if __name__ == "__main__":
    main()
