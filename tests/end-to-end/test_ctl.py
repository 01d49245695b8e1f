"""The operator's command against a running service: each command, its JSON, its exit code."""

import json
import os
import re
import subprocess
import unittest

from harness import API_KEY, LIMIT, Story, program, wait_for

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
[defaults]
idle_for = "10m"
idle_warning = "1m"
startup_grace = "0s"
protect = ["*-keep"]
notify = ["hook"]
[team.research]
labels = ["research/*"]
daily_cap = 500
[team.reaped]
labels = ["reaped/*"]
idle_for = "2s"
idle_warning = "0s"
[notifier.hook]
type = "webhook"
url = "${hook}"
[notifier.dead]
type = "webhook"
url = "http://127.0.0.1:9/never"
"""

IDLE, BUSY = {"gpu_util": 0}, {"gpu_util": 88}
SHOWN = "research/\x1b[31mred\r\nx"


def fleet():
    lives = {1: ("research/idle", IDLE), 2: ("research/busy", BUSY), 3: (SHOWN, BUSY),
             4: ("research/model-keep", IDLE), 5: ("research/dark", {"gpu_util": None})}
    lives.update({10 + i: ("reaped/x", IDLE) for i in range(6)})
    return [{"id": number, "label": label, "dph_base": 2, "start": "-10m", "behaviour": [life]}
            for number, (label, life) in lives.items()]


class Command(Story):
    def setUp(self):
        super().setUp()
        self.simulator = self.stage.simulator({"credit": 500, "instances": fleet()})
        self.stage.receiver()
        self.daemon = self.stage.daemon(CONFIG)
        self.daemon.wait_ready()
        # Six of eleven idle at once are too many to go without being asked about.
        wait_for("something is held", lambda: self.daemon.json("holds")["holds"])

    def run_command(self, *arguments, socket=None):
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("VASTWATCH_")}
        run = subprocess.run(
            [program("vastwatchctl"), "--socket", str(socket or self.daemon.socket), *arguments],
            capture_output=True, text=True, timeout=LIMIT, check=False, env=surroundings)
        self.assertNotIn(API_KEY, run.stdout + run.stderr)
        self.assertNotIn("\x1b", run.stdout + run.stderr, "no terminal, no control sequences")
        return run

    def say(self, *arguments, code=0):
        """What it prints, after its exit code was the expected one."""
        run = self.run_command(*arguments)
        self.assertEqual(run.returncode, code, (arguments, run.stdout, run.stderr))
        return run.stdout + run.stderr

    def json(self, *arguments, code=0):
        run = self.run_command(*arguments, "--json")
        self.assertEqual(run.returncode, code, (arguments, run.stdout, run.stderr))
        return json.loads(run.stdout)

    def test_what_it_shows(self):
        status = self.say("status")
        for part in ("enforcing", "11 instances", "research", "unassigned", "$500.00", "approve"):
            self.assertIn(part, status)
        self.assertEqual({t["name"] for t in self.json("status")["teams"]},
                         {"research", "reaped", "unassigned"})
        table = self.say("instances")
        self.assertRegex(table, r"(?m)^ *1 +research +research/idle .* 0% ")
        self.assertRegex(table, r"(?m)^ *2 +research .* 88% ")
        self.assertRegex(table, r"(?m)^ *5 +research .* \? ")
        rows = self.json("instances", "--team", "research")["instances"]
        self.assertEqual([r["id"] for r in rows], [1, 2, 3, 4, 5])
        self.assertEqual([r["label"] for r in rows if r["id"] == 3], [SHOWN])
        idle = {r["id"] for r in self.json("instances", "--idle")["instances"]}
        self.assertEqual(idle, {1, 4, *range(10, 16)})
        self.say("instances", "--team", "nobody", code=1)
        self.assertIn("research/idle", self.say("top"))
        findings = self.json("findings")["findings"]
        self.assertIn((1, "idle"), {(f["instance"], f["rule"]) for f in findings})
        self.assertIn("idle", self.say("findings"))
        alerts = self.json("alerts")["alerts"]
        self.assertIn("action_held", {a["kind"] for a in alerts})
        self.assertIn("wait for your decision", self.say("alerts"))
        self.assertEqual({a["instance"] for a in self.json("actions")["actions"]
                          if a["step"] == "held"}, set(range(10, 16)))
        self.say("actions")
        self.check_house_keeping()

    def check_house_keeping(self):
        text = self.say("config")
        self.assertIn("daily_cap = 500", text)
        self.assertIn("daily_cap = 500", self.json("config")["toml"])
        self.assertIn("main", self.say("doctor"))
        self.assertIsInstance(self.json("doctor"), dict)
        self.assertIn("whole", self.say("audit", "verify"))
        self.assertTrue(self.json("audit", "verify")["ok"])
        self.assertIn("hold", self.say("audit"))
        records = [json.loads(line) for line in
                   self.say("audit", "--team", "reaped", "--json").splitlines()]
        self.assertEqual({r["team"] for r in records}, {"reaped"})

    def test_explain_reads_like_an_answer(self):
        idle = self.say("explain", "1")
        self.assertRegex(idle.splitlines()[0], r"^Instance 1 will be .*destroy.* in 9m")
        self.assertIn("protect 1", idle)
        busy = self.say("explain", "2")
        self.assertRegex(busy.splitlines()[0], r"^Instance 2 is busy \(88%")
        self.assertRegex(self.say("explain", "5").splitlines()[0], r"unknown.*left alone")
        kept = self.say("explain", "4")
        self.assertRegex(kept.splitlines()[0], r"^Instance 4 is left alone: its label exempts it")
        self.assertIn("there is no instance 999", self.say("explain", "999", code=1))
        for number, samples in ((1, "idle"), (2, "busy"), (5, "unknown")):
            answer = self.json("explain", str(number))
            self.assertEqual(answer["instance"]["id"], number)
            self.assertEqual(answer["instance"]["evidence"], samples)
        self.say("protect", "1", "--for", "2h", "--reason", "a demo")
        shown = self.say("explain", "1")
        self.assertRegex(shown.splitlines()[0], r"^Instance 1 is left alone: protected by uid:\d+")
        self.assertIn("a demo", shown)

    def test_what_it_changes(self):
        self.say("protect", "1", "--for", "1h")
        self.say("unprotect", "1")
        self.say("unprotect", "2", code=1)
        self.say("protect", "999", code=1)
        self.say("pause", "--for", "1h", "--reason", "a demo")
        self.assertIn("paused", self.say("status"))
        self.assertEqual(self.daemon.metrics().get("vastwatch_enforcement_paused"), 1)
        self.say("resume")
        self.say("resume", code=1)
        self.say("poll")
        self.assertIn("200", self.say("test-notifier", "hook"))
        self.say("test-notifier", "dead", code=1)
        self.say("test-notifier", "nobody", code=1)
        self.say("dismiss", "77", code=1)
        self.assertEqual(self.simulator.destroyed(), {}, "nothing goes before it is approved")
        self.assertTrue(self.json("approve")["ok"])
        wait_for("what was approved goes",
                 lambda: sorted(self.simulator.destroyed()) == list(range(10, 16)))
        wait_for("it is in the log", lambda: re.search(
            r"confirmed +1[0-5]", self.say("audit", "--team", "reaped")))
        self.assertTrue(self.json("audit", "verify")["ok"])
        self.assertTrue(self.json("reload")["ok"])

    def test_its_exit_codes(self):
        self.say("nonsense", code=2)
        self.say(code=2)
        self.say("explain", code=2)
        self.say("explain", "seven", code=2)
        self.say("protect", "1", "--for", "soon", code=2)
        self.say("status", "--colour", code=2)
        self.assertIn("explain", self.say("--help"))
        self.assertIn("vastwatchctl", self.say("--version"))
        run = self.run_command("status", socket=self.stage.folder / "nothing.sock")
        self.assertEqual(run.returncode, 3)
        self.assertIn("nothing.sock", run.stderr)


if __name__ == "__main__":
    unittest.main()
