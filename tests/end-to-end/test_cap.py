"""A team that burns a dollar a second is caught at its cap, between two looks at it."""

import decimal
import unittest

from harness import NANO, Story, nanoseconds, wait_for

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "20s"
[defaults]
idle_action = "off"
notify = ["hook"]
[team.burner]
labels = ["burner/*"]
daily_cap = 30
[team.other]
labels = ["other/*"]
daily_cap = 1000
[[alert]]
team = "burner"
window = "day"
at = ["50%", "80%", "100%"]
forecast = true
notify = ["hook"]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""

CAP = 30


def fleet():
    """Forty at $90/h each, disks apart: a dollar a second; eight of others."""
    burner = [{"id": 1000 + i, "label": f"burner/{i}", "dph_base": 90, "storage_cost": 0,
               "num_gpus": 8, "start": "-5s", "behaviour": [{"gpu_util": 95}]} for i in range(40)]
    other = [{"id": 2000 + i, "label": "other/x" if i % 2 else "nobody", "dph_base": 3,
              "start": "-5s", "behaviour": [{"gpu_util": 0 if i > 3 else 90}]} for i in range(8)]
    return burner + other


class Cap(Story):
    def true_crossing(self, simulator):
        """When the team's true spend reached the cap, in nanoseconds: its rate was constant."""
        team = simulator.truth(self.early)["teams"]["burner"]
        rate = decimal.Decimal(team["burn"]) / 3600 / NANO
        return self.early + int((CAP - decimal.Decimal(team["spend"])) / rate)

    def test_the_first_destroy_leaves_within_a_second_of_the_crossing(self):
        # The documented least intervals between requests are in force on both sides.
        simulator = self.stage.simulator({"credit": 50000, "instances": fleet()}, rate_scale=1)
        self.early = int(simulator.order("GET", "/ready")["now_ns"])
        hook = self.stage.receiver()
        daemon = self.stage.daemon(CONFIG)
        wait_for("the first destroy", simulator.destroyed)
        crossing = self.true_crossing(simulator)
        requests = simulator.journal("api.destroy")
        late = requests[0]["at_ns"] - crossing
        self.assertGreaterEqual(late, -NANO // 100, "before the cap was reached")
        self.assertLessEqual(late, NANO, f"{late / NANO:.3f} s after the crossing")

        # What appears while the cap is exceeded meets the same.
        newcomer = simulator.add(label="burner/late", dph_base=90, behaviour=[{"gpu_util": 95}])
        wait_for("the newcomer goes", lambda: newcomer in simulator.destroyed())
        destroyed = simulator.destroyed()
        self.assertEqual(sorted(destroyed), sorted([*range(1000, 1040), newcomer]))
        bulk = requests[0]["detail"]["ids"]
        self.assertEqual(len(bulk), 40, "all in one request")
        self.assertEqual(max(destroyed[n] for n in bulk), requests[0]["at_ns"])
        self.check_alerts(hook, crossing)
        self.check_metrics(daemon, simulator)

    def check_alerts(self, hook, crossing):
        wait_for("the cap is told", lambda: hook.alerts("cap_reached"))
        thresholds = [a for a in hook.alerts("budget_threshold") if a["team"] == "burner"]
        self.assertEqual([a["threshold"] for a in thresholds], ["50%", "80%", "100%"])
        for alert, share in zip(thresholds, (0.5, 0.8, 1.0)):
            due = crossing - int((1 - share) * CAP * NANO)  # a dollar a second
            self.assertLess(abs(nanoseconds(alert["time"]) - due), 3 * NANO, alert["threshold"])
            self.assertAlmostEqual(alert["spend"], share * CAP, delta=3)
        self.assertEqual(len(hook.alerts("cap_reached")), 1)
        self.assertEqual(len(hook.alerts("budget_forecast")), 1)
        told = [a for a in hook.alerts(status=None) if a.get("team") == "other"]
        self.assertEqual(told, [])

    def check_metrics(self, daemon, simulator):
        metrics = daemon.metrics()
        self.assertEqual(metrics.sum("vastwatch_team_instances", team="other"), 4)
        self.assertGreaterEqual(
            metrics.get("vastwatch_cap_overshoot_dollars_count", window="day"), 1)
        spend = metrics.get("vastwatch_team_spend_dollars", team="burner", window="day")
        self.assertGreaterEqual(spend, CAP)
        statistics = simulator.order("GET", "/requests")
        self.assertEqual({name: e["too_frequent"] for name, e in statistics.items()
                          if e["too_frequent"]}, {}, "every least interval was kept")


if __name__ == "__main__":
    unittest.main()
