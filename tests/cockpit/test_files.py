# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the page's files without a browser: what they must not do, and whether they fit each other and the client."""
import glob
import json
import os
import re
import subprocess
import sys
import unittest
from html.parser import HTMLParser

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "system"))
import harness  # noqa: E402

FOLDER = os.path.join(harness.SOURCE, "cockpit")
LIMIT = 60_000

# Functions that read text as markup or code, or that fetch; and what the content security policy forbids anyway.
FORBIDDEN = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|\bfetch\(|" \
    r"XMLHttpRequest|WebSocket|setInterval|\.style\.|setAttribute\(\"style|localStorage\.setItem|console\."


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def phrases(path, pattern):
    with open(os.path.join(harness.SOURCE, path), encoding="utf-8") as file:
        return dict(re.findall(pattern, file.read()))


class Html(HTMLParser):
    """Collects the files and ids that a page names, and what the content security policy would block."""

    def __init__(self):
        super().__init__()
        self.files, self.ids, self.inline = set(), [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.files |= {attributes[key] for key in ("src", "href") if key in attributes and tag in ("script", "link")}
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.inline += [(tag, key) for key in attributes if key.startswith("on") or key == "style"]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in attributes) else []


class Files(unittest.TestCase):
    names = sorted(name for name in os.listdir(FOLDER) if name != "meson.build")
    scripts = [name for name in names if name.endswith(".js")]

    def test_size(self):
        self.assertLessEqual(sum(os.path.getsize(os.path.join(FOLDER, name)) for name in self.names), LIMIT)

    def test_installed(self):
        """meson.build installs all of the page's files, and nothing else."""
        self.assertEqual(self.names, sorted(re.findall(r"'([a-z]+\.[a-z]+)'", read("meson.build"))))

    def test_licence(self):
        for name in self.names:
            if name != "manifest.json":  # JSON has no comments
                self.assertIn("SPDX-License-Identifier: LGPL-2.1-or-later", read(name)[:120], name)

    def test_syntax(self):
        """node can parse each script; tests/run installs node."""
        for name in self.scripts:
            kind = "commonjs" if name == "theme.js" else "module"
            result = subprocess.run(["node", f"--input-type={kind}", "--check"], input=read(name), text=True,
                                    env={"PATH": os.environ["PATH"]}, capture_output=True, check=False)
            self.assertEqual((result.returncode, result.stderr), (0, ""), name)

    def test_forbidden(self):
        for name in self.scripts:
            self.assertEqual(re.findall(FORBIDDEN, read(name)), [], name)
        for name in self.names:
            addresses = set(re.findall(r"https?://[^\"\s)]*", read(name)))
            self.assertLessEqual(addresses, {"http://www.w3.org/2000/svg"}, name)  # a namespace, which is not fetched

    def test_imports(self):
        """Each imported name is exported by its module and used; each exported name is imported."""
        exported, imported = {}, {}
        for name in self.scripts:
            text = read(name)
            exported[name] = set(re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", text, re.M))
            for words, module in re.findall(r'^import \{ ([^}]*) \} from "\./([a-z]+\.js)";$', text, re.M):
                words = set(words.split(", "))
                imported.setdefault(module, set()).update(words)
                for word in words:
                    self.assertGreaterEqual(len(re.findall(rf"\b{word}\b", text)), 2, (name, word))
            self.assertEqual(len(re.findall("^import ", text, re.M)), len(re.findall(r'^import \{ .* \} from "\./', text, re.M)))
        for name in self.scripts:
            self.assertEqual(exported[name], imported.get(name, set()), name)

    def test_names(self):
        """Variables and functions are used; no script has var, ==, a line above 120 columns or a trailing blank."""
        for name in self.scripts:
            text = read(name)
            for word in re.findall(r"^\s*(?:const|let|function|async function) (\w+)", text, re.M):
                self.assertGreaterEqual(len(re.findall(rf"\b{word}\b", text)), 1 if f"export const {word}" in text else 2,
                                        (name, word))
            code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            self.assertEqual(re.findall(r"\bvar\b|[^=!]==[^=]|!=[^=]", code), [], name)
        for name in self.names:
            for line in read(name).split("\n"):
                if not line.startswith("    <symbol"):
                    self.assertLessEqual(len(line), 160 if name.endswith(("css", "html")) else 120, (name, line))
                self.assertEqual(line.rstrip(), line, name)

    def test_html(self):
        html = Html()
        html.feed(read("index.html"))
        self.assertEqual(html.inline, [])
        self.assertEqual(html.files, {"page.css", "theme.js", "../base1/cockpit.js", "page.js"})
        self.assertEqual(len(set(html.ids)), len(html.ids))
        for name in self.scripts:
            self.assertLessEqual(set(re.findall(r'byId\("([^"]+)"\)', read(name))), set(html.ids), name)
        text = read("index.html") + "".join(read(name) for name in self.scripts)
        for name in [name for name in re.findall(r"[#.]([a-z-]+)[ ,.:{>\[]", read("page.css")) if not name.isdigit()]:
            self.assertIn(name, text, "page.css styles what is nowhere")

    def test_css(self):
        """The style sheet loads only Cockpit's fonts, and has colours only in its two lists."""
        text = read("page.css")
        for address in re.findall(r"url\(([^)]*)\)", text):
            self.assertRegex(address, r'^"\.\./\.\./static/fonts/[A-Za-z-]+\.woff2"$')
            self.assertTrue(glob.glob("/usr/share/cockpit/static/fonts/" + os.path.basename(address[1:-1])))
        self.assertEqual(re.findall(r"#[0-9a-f]{3,6}\b", text[text.index("* {"):]), [])
        light, dark = (set(re.findall(r"(--[a-z-]+):", block)) for block in re.findall(r":root[^{]*\{([^}]*)\}", text))
        self.assertEqual(light, dark)

    def test_manifest(self):
        manifest = json.loads(read("manifest.json"))
        self.assertEqual(set(manifest), {"version", "requires", "preload", "menu"})  # Cockpit 287 ignores “conditions”
        self.assertEqual((manifest["preload"], list(manifest["menu"])), (["index"], ["index"]))

    def test_phrases(self):
        """The page has the client's phrase for each reason and warning."""
        words = phrases("common/words.c", r'\[(XPV_(?:REASON|WARNING)_\w+)\] = "([a-z-]+)"')
        client = phrases("common/phrases.c", r'\[(XPV_(?:REASON|WARNING)_\w+)\] = "([^"]+)"')
        self.assertEqual(phrases("cockpit/words.js", r'"([a-z-]+)": "([^"]+)"'),
                         {words[name]: text for name, text in client.items()})
        self.assertGreater(len(client), 15)

    def test_interface(self):
        """Each property that a script reads from a domain or the host exists in the interface."""
        with open(os.path.join(harness.SOURCE, "dbus", "org.xenpv.Compat1.xml"), encoding="utf-8") as file:
            text = file.read()
        known = set(re.findall(r'<(?:property|method) name="(\w+)"', text))
        for name in self.scripts:
            used = set(re.findall(r"\b(?:domain|host|result|daemon\.host)\.([A-Z]\w+)", read(name)))
            self.assertLessEqual(used, known, name)


if __name__ == "__main__":
    harness.main()
