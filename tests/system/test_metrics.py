# SPDX-License-Identifier: LGPL-2.1-or-later
"""promtool, node_exporter and an OpenMetrics parser read the metrics that the client prints."""
import os
import re
import stat
import subprocess
import urllib.request

import harness
from harness import domain_xml, uuid_of
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

INCOMPATIBLE, REASON = "2.6.18-8.el5PAE", "guest-release-unsupported"
REPORTS = {**dict.fromkeys(harness.REPORT_SOURCES, 0), "direct-boot": 1, "metadata": 9}  # of the example host
OPTIONS = ["--host-architecture=x86_64", "--host-kernel=2.6.18-398.el5xen"]


def read(families, prefix="xenpv_compat_"):
    """Returns: a dictionary from (name without prefix, labels) to value."""
    return {(sample.name[len(prefix):], frozenset(sample.labels.items())): sample.value
            for family in families for sample in family.samples if sample.name.startswith(prefix)}


def series(name, /, **labels):
    return name, frozenset(labels.items())


def run_series(name, number, kernel=INCOMPATIBLE, reasons=REASON):
    return series("incompatible_domain", name=name, uuid=uuid_of(number), kernel=kernel, reasons=reasons)


class Metrics(harness.TestCase):
    def metrics(self, status=0):
        """Returns: the printed metrics, after promtool and both parsers have read them."""
        done = self.ctl("metrics")
        self.assertEqual(done.returncode, status, done.stderr)
        checked = subprocess.run(["promtool", "check", "metrics"], input=done.stdout, capture_output=True, text=True,
                                 check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))
        parsed = read(openmetrics_parser.text_string_to_metric_families(done.stdout))
        self.assertEqual(read(parser.text_string_to_metric_families(done.stdout)), parsed)
        return parsed

    def test_example(self):
        self.start_example()
        metrics = self.metrics()
        host = self.client.host()
        self.assertAlmostEqual(metrics.pop(series("last_update_timestamp_seconds")) * 1e6, host["LastUpdate"], delta=1)
        self.assertEqual(metrics, {
            series("up"): 1, series("connected"): 1, series("build_info", version=host["Version"]): 1,
            series("domains", verdict="compatible"): 4, series("domains", verdict="incompatible"): 3,
            series("domains", verdict="unknown"): 3, series("domains", verdict="not-applicable"): 3,
            series("disks_read"): 1, **{series("reports", source=source): number for source, number in REPORTS.items()},
            run_series("erp39-smp", 5, "kernel-smp-2.4.21-50.EL.i686", "host-architecture-mismatch"): 1,
            # This domain is acknowledged.
            run_series("legacy38", 6, "2.4.21-47.0.1.ELhugemem", f"{REASON}, host-architecture-mismatch"): 0})

    def test_runs(self):
        """A domain that does not run has no series; series stay while libvirt is away."""
        virt = self.libvirtd(domain_xml("guest", 1, INCOMPATIBLE), domain_xml("other", 2, INCOMPATIBLE))
        self.start(virt.uri, *OPTIONS)
        self.assertLessEqual({run_series("guest", 1), run_series("other", 2)}, set(self.metrics()))
        virt.domain("guest").destroy()
        self.client.wait_for_change(uuid_of(1), State="shut-off")
        before = self.metrics()
        self.assertNotIn(run_series("guest", 1), before)
        self.assertEqual(before[series("domains", verdict="incompatible")], 2)
        virt.end()
        self.client.wait_for(lambda: not self.client.host()["Connected"], "the loss of libvirt")
        self.assertEqual(self.metrics(), {**before, series("connected"): 0})

    def test_never_connected(self):
        self.start("test+unix:///default?socket=/nonexistent")
        metrics = self.metrics()
        self.assertEqual((metrics[series("up")], metrics[series("connected")],
                          metrics[series("last_update_timestamp_seconds")]), (1, 0, 0))

    def test_no_daemon(self):
        """Without the daemon, "up" is the only series, and it is 0."""
        self.assertEqual(self.metrics(status=4), {series("up"): 0})
        self.assertRegex(self.ctl("metrics").stderr, "^xenpv-compatctl: .*does not run")
        self.bus.end()
        self.assertEqual(self.metrics(status=4), {series("up"): 0})

    def test_no_json(self):
        done = self.ctl("metrics", "--json")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("“metrics” does not take --json", done.stderr)


class File(harness.TestCase):
    """node_exporter reads the file that the client writes."""

    def setUp(self):
        super().setUp()
        self.exported = os.path.join(self.folder, "textfile")
        self.file = os.path.join(self.exported, "xenpv-compat.prom")
        os.mkdir(self.exported)

    def start_exporter(self):
        argv = ["prometheus-node-exporter", "--web.listen-address=127.0.0.1:0", "--collector.disable-defaults",
                "--collector.textfile", f"--collector.textfile.directory={self.exported}"]
        exporter = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(exporter.stderr.close)
        self.addCleanup(exporter.wait)
        self.addCleanup(exporter.terminate)
        for line in exporter.stderr:
            found = re.search(r'Listening on" address=(\S+)', line)
            if found:
                return f"http://{found[1]}/metrics"
        raise AssertionError("node_exporter does not start")

    def scrape(self, url):
        with urllib.request.urlopen(url, timeout=harness.TIMEOUT) as answer:
            return list(parser.text_string_to_metric_families(answer.read().decode()))

    def write_metrics(self):
        done = self.ctl("metrics", "--output", self.file)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_exporter(self):
        """No domain's name, whatever its characters, breaks its own series or a later one."""
        names = ['q"u\\o}t=e{', "back\\", "\\n", "#", "a, b", "ünï日本", "\u2028\u202e\u200b", "'$(reboot)'"]
        escape = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;"})
        virt = self.libvirtd(*(domain_xml(name.translate(escape), number, INCOMPATIBLE)
                               for number, name in enumerate(names, 1)))
        self.start(virt.uri, *OPTIONS)
        self.write_metrics()
        url = self.start_exporter()
        families = self.scrape(url)
        self.assertEqual(read(families, "node_textfile_")[series("scrape_error")], 0)
        metrics = read(families)
        for number, name in enumerate(names, 1):
            self.assertEqual(metrics[run_series(name, number)], 1)
        self.assertEqual(metrics[series("up")], 1)
        self.assertEqual(metrics[series("domains", verdict="incompatible")], len(names))
        self.stop_daemon()
        self.ctl("metrics", "--output", self.file)
        self.assertEqual(read(self.scrape(url)), {series("up"): 0})

    def test_replaced_in_one_step(self):
        self.start_example()
        with open(self.file, "w", encoding="utf-8") as old:
            old.write("x" * 100_000)
        with open(self.file, encoding="utf-8") as reader:
            self.write_metrics()
            self.assertEqual(len(reader.read()), 100_000)
        with open(self.file, encoding="utf-8") as new:
            self.assertTrue(new.read().endswith("\n# EOF\n"))
        self.assertEqual(os.listdir(self.exported), ["xenpv-compat.prom"])
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o644)

    def test_failure(self):
        """Only a regular file is replaced: root might name /dev/null."""
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        for path in ("/nonexistent/x.prom", self.exported, fifo):
            done = self.ctl("metrics", "--output", path)
            self.assertEqual((done.returncode, done.stdout), (74, ""))
            self.assertRegex(done.stderr, f"^xenpv-compatctl: cannot replace .*{path}.*\n$")
        self.assertEqual(os.listdir(self.exported), [])
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))


class Rules(harness.TestCase):
    def test_rules(self):
        for verb, file in (("check", "systemd/xenpv-compat.rules.yml"), ("test", "tests/xenpv-compat.rules-test.yml")):
            done = subprocess.run(["promtool", verb, "rules", file], cwd=harness.SOURCE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    harness.main()
