"""The status page in a real browser: what it shows, asks for, and does when something changes.

The browser is Debian's chromium. playwright-core, which drives it, and axe-core, which looks for
what people with assistive technology would stumble over, come from npm into the build tree. Where
they cannot be had, this says why and is skipped, but not where CI is set.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from harness import HERE, LIMIT, Story, program

PACKAGES = ["playwright-core@1.49.1", "axe-core@4.10.2"]

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
[defaults]
idle_for = "1h"
notify = ["hook"]
[team.ml-research]
labels = ["ml-research/*"]
daily_cap = 400
[team.speech]
labels = ["speech/*"]
[team.vision]
labels = ["vision/*"]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""

LABELS = ["ml-research/llama", "ml-research/eval", "speech/asr", "vision/segment", ""]

# One of them has a label that tries to be everything at once.
FLEET = [
    {"id": 100 + i, "label": f"{LABELS[i % 5]}-{i}" if LABELS[i % 5] else "", "num_gpus": 1 + i % 8,
     "gpu_name": ["H100 SXM", "RTX 4090", "A100 PCIE"][i % 3], "dph_base": 0.4 + i % 7,
     "start": f"-{1 + i % 5}h",
     "behaviour": [
         [{}], [{"gpu_util": 0}], [{"state": "stopped"}], [{"gpu_util": None}]][i % 9 % 4]}
    for i in range(44)
] + [{"id": 99, "label": "<script>alert(1)</script>'\"<img src=x onerror=alert(2)>\u202e\x1b[31m"}]


def missing(reason):
    if os.environ.get("CI"):
        raise AssertionError(reason)
    print(f"skipped: {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)


def tools(folder):
    """The folder of the npm packages; fetched unless they are there."""
    wanted = folder / "packages.json"
    if wanted.exists() and json.loads(wanted.read_text()) == PACKAGES:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        missing(f"npm does not get {', '.join(PACKAGES)} within two minutes")
    if done.returncode != 0:
        missing(f"npm cannot fetch {', '.join(PACKAGES)}: {done.stdout[-500:]}")
    wanted.write_text(json.dumps(PACKAGES))
    return folder


class StatusPage(Story):
    def test_in_a_browser(self):
        for name in ("chromium", "node", "npm"):
            if not shutil.which(name):
                missing(f"{name} is not installed")
        # Beside the programs under test, whatever build that is.
        build = pathlib.Path(program("page_sample")).parents[2]
        fetched = tools(build / "page-tools")
        shots = build / "screenshots"
        shots.mkdir(exist_ok=True)
        samples = self.stage.folder / "samples"
        samples.mkdir()
        subprocess.run([program("page_sample"), samples], check=True, timeout=LIMIT)
        simulator = self.stage.simulator({"credit": 5000, "instances": FLEET})
        self.stage.receiver()
        daemon = self.stage.daemon(CONFIG)
        daemon.wait_ready()
        self.assertLess(len(daemon.get("/").text.encode()), 100_000)
        done = subprocess.run(
            ["node", HERE / "page_checks.mjs", fetched, shutil.which("chromium"), samples, shots,
             f"http://127.0.0.1:{daemon.port}/", simulator.ports["control_url"]],
            stdout=subprocess.PIPE, text=True, timeout=280)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        for result in results:
            print(f"{result['seconds']:6.1f} s  {result['name']}", file=sys.stderr)
            with self.subTest(result["name"]):
                self.assertIsNone(result["problem"])
        self.assertEqual(done.returncode, 0)
        self.assertGreater(len(results), 10)


if __name__ == "__main__":
    unittest.main()
