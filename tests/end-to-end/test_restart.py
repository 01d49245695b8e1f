"""Ended or killed at any moment, it goes on where it was: spend, idle clocks, alerts, actions."""

import unittest

from harness import Story, wait_for

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
request_timeout = "30s"
[defaults]
idle_for = "1h"
idle_warning = "0s"
idle_max_gap = "60s"
startup_grace = "0s"
notify = ["hook"]
[team.a]
labels = ["a/*"]
daily_cap = 20
cap_action = "alert"
[[alert]]
team = "a"
window = "day"
at = ["10%", "50%"]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""

BUSY = {"gpu_util": 90}


def fleet(count, idle):
    return [{"id": i, "label": "a/x", "dph_base": 5, "storage_cost": 0, "start": "-10m",
             "behaviour": [{"gpu_util": 0} if i <= idle else BUSY]} for i in range(1, count + 1)]


class Restart(Story):
    def start(self, count=3, idle=1):
        self.simulator = self.stage.simulator({"credit": 500, "instances": fleet(count, idle)})
        self.hook = self.stage.receiver()

    def run_daemon(self, config=CONFIG):
        self.daemon = self.stage.daemon(config)
        self.daemon.wait_ready()

    def figures(self):
        metrics = self.daemon.metrics()
        return (metrics.get("vastwatch_team_spend_dollars", team="a", window="day"),
                metrics.sum("vastwatch_instance_idle_seconds", instance="1"), metrics)

    def check_spend(self, metrics):
        truth = self.simulator.truth(metrics.at_ns)["teams"]["a"]
        for window in ("day", "month", "lifetime"):
            self.check_micro(metrics.get("vastwatch_team_spend_dollars", team="a", window=window),
                             truth["spend"], window)

    def go_on_after(self, end):
        self.start()
        self.run_daemon()
        wait_for("the threshold is told", lambda: self.hook.alerts("budget_threshold"))
        wait_for("it has idled", lambda: self.figures()[1] >= 3)
        spend, idle, metrics = self.figures()
        self.check_spend(metrics)
        # What is not yet on disk may be told again after a kill: it is told when it is delivered.
        wait_for("nothing is owed", lambda: self.daemon.metrics().get(
            "vastwatch_alerts_pending", notifier="hook") == 0)
        told = [a["id"] for a in self.hook.alerts(status=None)]
        end()
        self.run_daemon()
        after_spend, after_idle, metrics = self.figures()
        self.assertGreater(after_spend, spend)
        self.assertGreater(after_idle, idle, "the period goes on over the gap")
        self.check_spend(metrics)
        sweeps = self.simulator.sweeps()
        wait_for("it looked again", lambda: self.simulator.sweeps() >= sweeps + 3)
        self.assertEqual([a["id"] for a in self.hook.alerts(status=None)], told, "nothing twice")
        self.check_audit()

    def check_audit(self):
        numbers = [record["seq"] for record in self.daemon.audit()]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_ended_and_started_again_it_goes_on(self):
        self.go_on_after(lambda: self.assertEqual(self.daemon.end(), 0))

    def test_killed_and_started_again_it_goes_on(self):
        self.go_on_after(lambda: self.daemon.kill())

    def doomed(self):
        return CONFIG.replace('idle_for = "1h"', 'idle_for = "3s"')

    def kill_at_destroy(self, **fault):
        """Kills it while its request for instance 1 is unanswered."""
        self.start()
        self.simulator.fault(endpoint="destroy", **fault)
        self.run_daemon(self.doomed())
        intended = lambda: [r for r in self.daemon.audit() if r["outcome"] == "intended"]
        wait_for("the intent is on disk", intended)
        wait_for("the request is there",
                 lambda: self.simulator.requests().get("destroy_bulk", 0) +
                 self.simulator.requests().get("destroy", 0) > 0)
        self.daemon.kill()
        self.simulator.clear()

    def done(self):
        return self.daemon.metrics().sum(
            "vastwatch_actions_total", team="a", rule="idle", action="destroy", outcome="done")

    def test_killed_after_a_destroy_was_obeyed_it_confirms_and_does_not_repeat(self):
        self.kill_at_destroy(kind="lost-answer", how="hang")
        self.run_daemon(self.doomed())
        wait_for("it is confirmed", lambda: self.done() == 1)
        wait_for("it is told", lambda: self.hook.alerts("instance_destroyed"))
        destroys = [e for e in self.simulator.journal("api.destroy")]
        self.assertEqual(len(destroys), 1, destroys)
        self.assertEqual(len(self.hook.alerts("instance_destroyed")), 1)
        self.assertEqual([r["outcome"] for r in self.daemon.audit()
                          if r.get("instance_id") == 1][-1], "confirmed")
        self.check_audit()

    def test_killed_before_a_destroy_was_obeyed_it_does_it_after_all(self):
        self.kill_at_destroy(kind="hang")
        self.assertEqual(self.simulator.destroyed(), {})
        self.run_daemon(self.doomed())
        # The next try is half a minute after the one whose fate is unknown.
        wait_for("it goes", lambda: 1 in self.simulator.destroyed())
        wait_for("it is confirmed", lambda: self.done() == 1)
        self.assertEqual(list(self.simulator.destroyed()), [1])


if __name__ == "__main__":
    unittest.main()
