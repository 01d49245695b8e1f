"""What /metrics says of an account of three pages is what the account truly costs."""

import decimal
import shutil
import subprocess
import unittest

from harness import Story, wait_for

HOSTILE = "<script>alert(1)</script>\r\nBcc: all@example.net \"x\\\n=cmd|'/c calc'!A1 \x1b[31m\u202ered"

CONFIG = """
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
billing_interval = "3s"
request_interval = "10ms"

[team.ml-research]
labels = ["ml-research/*"]
daily_cap = 10000
[team.speech]
labels = ["speech", "speech/*"]
[team.vision]
labels = ["vision/*"]
"""

# What an instance has been doing since it began.
LIVES = [
    {"gpu_util": {"jitter": [60, 98]}},
    {"gpu_util": 0},
    {"gpu_util": {"jitter": [0, 40]}},
    {"state": "running", "zero_every": 2},
]


def fleet():
    """Sixty instances: 20 + 15 + 14 of three teams, 11 of nobody."""
    prefixes = ["ml-research"] * 20 + ["speech"] * 15 + ["vision"] * 14 + ["sandbox"] * 9
    labels = [f"{prefix}/job-{i}" for i, prefix in enumerate(prefixes)] + [None, HOSTILE]
    instances = []
    for i, label in enumerate(labels):
        one = {
            "id": 7000 + i, "gpu_name": "H100 SXM" if i % 3 else "RTX 4090", "num_gpus": 1 + i % 8,
            "dph_base": round(0.137 + 0.7919 * (i % 13), 6), "storage_cost": 0.1 + 0.013 * (i % 7),
            "disk_space": 16 + 11 * i, "start": f"-{2 + i % 50}m{i % 60}s",
            "behaviour": [LIVES[i % len(LIVES)]],
        }
        if label is not None:
            one["label"] = label
        if i % 9 == 0:
            one["credit_discount"] = 0.2
        if i % 7 == 3:
            one["is_bid"] = True
        instances.append(one)
    return instances


class Accounting(Story):
    def test_figures_equal_the_truth_to_the_micro_dollar(self):
        simulator = self.stage.simulator({"credit": 5000, "instances": fleet()})
        daemon = self.stage.daemon(CONFIG)
        daemon.wait_ready()
        sweeps = simulator.sweeps()
        wait_for("it looked several times", lambda: simulator.sweeps() >= sweeps + 9)
        metrics = daemon.metrics()
        truth = simulator.truth(metrics.at_ns)

        self.assertEqual(truth["listed"], 60)
        self.assertEqual(metrics.get("vastwatch_account_instances", account="main"), 60)
        self.assertEqual(len(metrics.all("vastwatch_instance_info")), 60)
        self.check_teams(metrics, truth)
        self.check_instances(metrics, truth)
        self.check_account(metrics, truth)
        self.check_text(metrics)
        self.check_hostile_label(daemon, metrics)

    def check_teams(self, metrics, truth):
        named = {"ml-research", "speech", "vision"}
        teams = {name: dict(figures) for name, figures in truth["teams"].items() if name in named}
        others = [figures for name, figures in truth["teams"].items() if name not in named]
        nobody = {key: sum(decimal.Decimal(f[key]) for f in others)
                  for key in ("spend", "gpu", "disk", "burn", "instances")}
        self.assertEqual(nobody["instances"], 11)
        teams["unassigned"] = nobody
        for name, figures in teams.items():
            self.assertEqual(
                metrics.sum("vastwatch_team_instances", team=name), figures["instances"], name)
            self.check_micro(metrics.get("vastwatch_team_burn_dollars_per_hour", team=name),
                             figures["burn"], f"burn of {name}")
            for window in ("day", "month", "lifetime"):
                self.check_micro(
                    metrics.get("vastwatch_team_spend_dollars", team=name, window=window),
                    figures["spend"], f"{window} of {name}")
            for source in ("gpu", "disk"):
                self.check_micro(
                    metrics.get("vastwatch_spend_dollars_total", account="main", team=name,
                                source=source),
                    figures[source], f"{source} of {name}")
        cap = metrics.get("vastwatch_team_cap_dollars", team="ml-research", window="day")
        self.assertEqual(cap, 10000)

    def check_instances(self, metrics, truth):
        rates = {labels["instance"]: value
                 for labels, value in metrics.all("vastwatch_instance_dollars_per_hour")}
        spends = {labels["instance"]: value
                  for labels, value in metrics.all("vastwatch_instance_spend_dollars")}
        for one in truth["instances"]:
            number = str(one["id"])
            self.check_micro(rates.get(number), one["burn"], f"rate of {number}")
            self.check_micro(spends.get(number), one["spend"], f"spend of {number}")

    def check_account(self, metrics, truth):
        self.check_micro(metrics.get("vastwatch_account_burn_dollars_per_hour", account="main"),
                         truth["burn"], "burn of the account")
        self.check_micro(
            metrics.get("vastwatch_account_spend_dollars", account="main", window="day"),
            truth["spend"], "spend of the account")
        # The credit is as old as the latest look at it.
        credit = metrics.get("vastwatch_account_credit_dollars", account="main")
        self.assertLess(abs(credit - decimal.Decimal(truth["credit"])), 2)

    def check_text(self, metrics):
        for name in ("vastwatch_build_info", "vastwatch_last_successful_poll_timestamp_seconds",
                     "vastwatch_api_requests_total", "vastwatch_loop_lag_seconds",
                     "vastwatch_enforcement_enabled", "vastwatch_config_last_reload_successful",
                     "vastwatch_team_projected_spend_dollars", "vastwatch_instance_idle_seconds",
                     "vastwatch_instance_gpu_utilization_ratio", "process_resident_memory_bytes"):
            self.assertIn(name, metrics.types)
        self.assertEqual(metrics.types["vastwatch_spend_dollars_total"], "counter")
        if shutil.which("promtool"):
            run = subprocess.run(["promtool", "check", "metrics"], input=metrics.text,
                                 capture_output=True, text=True, check=False)
            self.assertEqual((run.returncode, run.stdout + run.stderr), (0, ""))

    def check_hostile_label(self, daemon, metrics):
        [(labels, _)] = metrics.all("vastwatch_instance_info", instance="7059")
        self.assertEqual(labels["label"], HOSTILE)
        self.assertEqual(labels["team"], "unassigned")
        page = daemon.get("/").text
        self.assertIn("7059", page)
        self.assertNotIn("<script>alert", page)
        self.assertNotIn("\x1b", page)
        self.assertNotIn("\x1b", daemon.log())
        rows = daemon.json("instances")["instances"]
        self.assertEqual([r["label"] for r in rows if r["id"] == 7059], [HOSTILE])
        self.assertEqual([r["label"] for r in rows if r["id"] == 7058], [""])


if __name__ == "__main__":
    unittest.main()
