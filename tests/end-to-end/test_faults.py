"""Whatever the API does wrong: nothing is destroyed wrongly, it says so once, and it recovers."""

import unittest

from harness import Story, wait_for

CONFIG = """
[enforcement]
mode = "enforce"
max_staleness = "5s"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
billing_interval = "2s"
request_interval = "10ms"
request_timeout = "2s"
[defaults]
idle_for = "6s"
idle_warning = "0s"
idle_max_gap = "60s"
startup_grace = "0s"
protect = ["*-keep"]
notify = ["hook"]
[team.a]
labels = ["a/*"]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""

BUSY = {"gpu_util": {"jitter": [60, 98]}}

# (kind, parameters, how many listings it strikes). What is told to be too frequent comes last: it
# makes the pace slower for an hour.
FAULTS = [
    ("status", {"code": 500}, 2), ("html502", {}, 1), ("truncate", {}, 1), ("reset", {}, 1),
    ("bad-json", {}, 1), ("non-utf8", {}, 1), ("nan", {}, 1), ("success-false", {}, 1),
    ("null-instances", {}, 2), ("half-page", {}, 2), ("missing-row", {}, 2),
    ("repeat-token", {}, 1), ("wrong-total", {}, 1), ("empty-list", {}, 1),
    ("wrong-type", {"field": "dph_base", "value": {}}, 1),
    ("wrong-type", {"field": "gpu_util", "value": []}, 1),
    ("wrong-type", {"field": "label", "value": 17}, 1),
    ("wrong-type", {"field": "actual_status", "value": 5}, 1),
    ("429", {"form": "detail"}, 1), ("429", {"form": "success"}, 1), ("429", {"form": "plain"}, 1),
]


class Faults(Story):
    def start(self, instances, config=CONFIG):
        self.simulator = self.stage.simulator({"credit": 500, "instances": instances})
        self.hook = self.stage.receiver()
        self.daemon = self.stage.daemon(config)
        self.daemon.wait_ready()

    def settled_sweeps(self, count):
        sweeps = self.simulator.sweeps()
        wait_for("it looked again", lambda: self.simulator.sweeps() >= sweeps + count)

    def struck(self, kind):
        """How many more requests the fault will strike."""
        faults = self.simulator.order("GET", "/fault")["faults"]
        return [f for f in faults if f["kind"] == kind]

    def last_poll(self):
        return self.daemon.metrics().get(
            "vastwatch_last_successful_poll_timestamp_seconds", account="main")

    def test_no_answer_of_the_api_makes_it_lose_or_destroy_anything(self):
        # Forty of them, so that a listing has two pages; all busy.
        self.start([{"id": i, "label": "a/x", "dph_base": 1, "storage_cost": 0, "start": "-5m",
                     "behaviour": [BUSY]} for i in range(1, 41)])
        spend = 0
        for kind, parameters, count in FAULTS:
            with self.subTest(kind=kind, **parameters):
                self.simulator.fault(kind, endpoint="instances", count=count, **parameters)
                wait_for(f"{kind} has struck", lambda: not self.struck(kind))
                self.assertTrue(self.daemon.alive)
                before = self.last_poll()
                wait_for("it recovers", lambda: self.last_poll() > before)
                metrics = self.daemon.metrics()
                self.assertEqual(len(metrics.all("vastwatch_instance_info")), 40)
                now = metrics.get("vastwatch_team_spend_dollars", team="a", window="day")
                self.assertGreater(now, spend)
                spend = now
        self.settled_sweeps(3)
        metrics = self.daemon.metrics()
        truth = self.simulator.truth(metrics.at_ns)["teams"]["a"]
        self.check_micro(metrics.get("vastwatch_team_spend_dollars", team="a", window="day"),
                         truth["spend"], "spend after all that")
        self.assertEqual(self.simulator.journal("api.destroy"), [])
        self.assertEqual(self.hook.alerts("instance_destroyed"), [])
        self.check_log(2 * len(FAULTS) + 6)

    def check_log(self, most):
        lines = [line for line in self.daemon.log().splitlines() if " debug " not in line]
        self.assertLessEqual(len(lines), most, "\n".join(lines))

    def test_blind_it_acts_on_nothing_says_so_once_and_comes_back(self):
        self.start([{"id": 1, "label": "a/idle", "dph_base": 3, "behaviour": [{"gpu_util": 0}]},
                    {"id": 2, "label": "a/busy", "behaviour": [BUSY]},
                    {"id": 3, "label": "a/busy", "behaviour": [BUSY]}])
        self.settled_sweeps(2)
        self.simulator.fault("hang", endpoint="*")
        wait_for("it is not ready", lambda: not self.daemon.ready())
        self.assertIn("main", self.daemon.get("/-/ready").text)
        self.assertEqual(self.daemon.get("/-/healthy").status, 200)
        [alert] = wait_for("it is told", lambda: self.hook.alerts("api_unreachable"))
        self.assertEqual(alert["severity"], "critical")
        self.assertIn("/h", alert["text"], "the money at risk")
        self.assertEqual(self.daemon.metrics().get("vastwatch_account_stale", account="main"), 1)
        self.assertEqual(self.daemon.metrics().get(
            "vastwatch_enforcement_enabled", account="main"), 0)

        def overdue():
            found = [a for a in self.daemon.json("actions")["actions"] if a["instance"] == 1]
            return found and found[0]["wait"] in ("stale_data", "retry")

        wait_for("the idle one is overdue, and kept back", overdue)
        self.assertEqual(self.simulator.destroyed(), {})
        self.simulator.clear()
        wait_for("it is ready again", self.daemon.ready)
        wait_for("that is told", lambda: self.hook.alerts("api_unreachable", "resolved"))
        wait_for("the idle one goes", lambda: 1 in self.simulator.destroyed())
        self.assertEqual(list(self.simulator.destroyed()), [1])
        self.assertEqual(len(self.hook.alerts("api_unreachable", None)), 2)
        self.assertLessEqual(len(self.daemon.lines("poll_failed")), 1)
        self.check_log(12)

    def test_a_rejected_key_is_told_and_leaves_other_accounts_alone(self):
        accounts = [
            {"name": "one", "credit": 50, "instances": [
                {"id": 1, "label": "a/x", "behaviour": [BUSY]}]},
            {"name": "two", "key": "second-key-0123456789", "credit": 50, "instances": [
                {"id": 2, "label": "a/y", "behaviour": [BUSY]}]}]
        self.simulator = self.stage.simulator(accounts)
        self.hook = self.stage.receiver()
        second = ('[account.two]\napi_key_env = "SECOND_KEY"\nurl = "${api}"\n'
                  'poll_interval = "1s"\nrequest_interval = "10ms"\n[defaults]')
        self.daemon = self.stage.daemon(CONFIG.replace("[defaults]", second), environment={
            "SECOND_KEY": "second-key-0123456789"})
        self.daemon.wait_ready()
        for form in ("401", "404"):
            told = len(self.hook.alerts("api_key_rejected"))
            ended = len(self.hook.alerts("api_key_rejected", "resolved"))
            self.simulator.fault("auth", form=form, account="one")
            wait_for("it is told", lambda: len(self.hook.alerts("api_key_rejected")) == told + 1)
            self.assertEqual(self.hook.alerts("api_key_rejected")[-1]["account"], "main")
            wait_for("it is shown", lambda: self.daemon.metrics().get(
                "vastwatch_account_key_rejected", account="main") == 1)
            metrics = self.daemon.metrics()
            self.assertEqual(metrics.get("vastwatch_account_key_rejected", account="two"), 0)
            seen = metrics.get("vastwatch_last_successful_poll_timestamp_seconds", account="two")
            wait_for("the other is watched", lambda: self.daemon.metrics().get(
                "vastwatch_last_successful_poll_timestamp_seconds", account="two") > seen)
            self.assertEqual(len(self.daemon.metrics().all("vastwatch_instance_info")), 2)
            self.simulator.clear()
            wait_for("that it is over is told", lambda: len(
                self.hook.alerts("api_key_rejected", "resolved")) == ended + 1)
        self.check_log(14)

    def test_a_rejected_key_at_a_destroy_is_no_success(self):
        # The 404 of a bad key looks like that of an instance that is gone already.
        self.simulator = self.stage.simulator({"credit": 500, "instances": [
            {"id": i, "label": "a/x", "behaviour": [{"gpu_util": 0} if i == 1 else BUSY]}
            for i in range(1, 5)]})
        self.simulator.fault("auth", form="404", endpoint="destroy")
        self.hook = self.stage.receiver()
        self.daemon = self.stage.daemon(CONFIG)
        failed = lambda: [r for r in self.daemon.audit() if r["outcome"] == "failed"]
        wait_for("it is noted as failed", failed)
        self.settled_sweeps(4)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.sum("vastwatch_actions_total", outcome="done"), 0)
        self.assertEqual(self.hook.alerts("instance_destroyed"), [])
        self.assertEqual(len(metrics.all("vastwatch_instance_info", instance="1")), 1)


if __name__ == "__main__":
    unittest.main()
