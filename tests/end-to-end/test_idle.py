"""Of everything that looks idle, what truly is goes: after the window, a warning, and a fresh read."""

import time
import unittest

from harness import NANO, Story, nanoseconds, wait_for

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
[defaults]
idle_for = "6s"
idle_warning = "2s"
idle_max_gap = "5s"
startup_grace = "0s"
protect = ["*-keep"]
notify = ["hook"]
[team.research]
labels = ["research/*"]
protected_ids = [215]
[team.young]
labels = ["young/*"]
startup_grace = "1h"
[notifier.hook]
type = "webhook"
url = "${hook}"
"""

IDLE = {"gpu_util": 0}
BUSY = {"gpu_util": {"jitter": [60, 98]}}

TRULY_IDLE = {
    101: IDLE,
    102: {"gpu_util": {"jitter": [0, 4]}},
    103: {"gpu_util": 4.99},
}

# Each for a reason of its own not idle, not known to be idle, or exempt.
SPARED = {
    201: {"gpu_util": None},
    202: {"gpu_util": -1},
    203: {"gpu_util": "n/a"},
    204: {"gpu_util": 0, "gpu_temp": 0, "cpu_util": 0, "mem_usage": 0, "vmem_usage": 0},
    205: {"gpu_util": 0, "gpu_temp": None},
    206: {"gpu_util": {"jitter": [60, 98]}, "zero_every": 2},
    207: {"gpu_util": 250},
    208: {"gpu_util": 0, "stale": True},
    209: {"state": "loading", "gpu_util": 0},
    210: {"state": "offline", "gpu_util": 0},
    211: {"state": "stopped", "gpu_util": 0},
    212: {"gpu_util": 5},
    213: {"gpu_util": {"flap": "3s", "low": 0, "high": 90}},
    214: IDLE,  # its label is protected
    215: IDLE,  # in protected_ids
    216: IDLE,  # protected by command
    217: IDLE,  # too young
    218: IDLE,  # of nobody's team
    219: {"state": "outbid", "gpu_util": 0},
    220: {"state": "crashed", "gpu_util": 0},
    221: BUSY,
    222: BUSY,
}
LABELS = {214: "research/model-keep", 217: "young/one", 218: "scratch/x"}


def fleet(lives):
    return [{"id": number, "label": LABELS.get(number, f"research/{number}"), "dph_base": 2,
             "start": "-10m", "behaviour": [life]} for number, life in lives.items()]


def steps(audit, number):
    """Outcome -> time in nanoseconds (the first), of the audit records of that instance."""
    found = {}
    for record in audit:
        if record.get("instance_id") == number:
            found.setdefault(record["outcome"], nanoseconds(record["timestamp"]))
    return found


class Idle(Story):
    def start(self, lives, config=CONFIG):
        self.simulator = self.stage.simulator({"credit": 500, "instances": fleet(lives)})
        self.hook = self.stage.receiver()
        self.daemon = self.stage.daemon(config)
        self.daemon.wait_ready()

    def test_only_the_truly_idle_go(self):
        begun = time.time_ns()
        self.start({**TRULY_IDLE, **SPARED})
        answer = self.daemon.command("protect", instance=216, duration="1h", reason="a demo")
        self.assertEqual(answer.status, 200, answer.text)
        wait_for("three are gone", lambda: len(self.simulator.destroyed()) >= 3)
        # Everybody else has had a whole window more, and then some.
        sweeps = self.simulator.sweeps()
        wait_for("another window has passed", lambda: self.simulator.sweeps() >= sweeps + 9)
        destroyed = self.simulator.destroyed()
        self.assertEqual(sorted(destroyed), sorted(TRULY_IDLE))
        for number, at in destroyed.items():
            with self.subTest(instance=number):
                self.check_course(number, at, begun)
        self.check_afterwards()

    def check_course(self, number, at, begun):
        self.assertGreaterEqual(at - begun, 6 * NANO, "the window had not passed")
        [warning] = [a for a in self.hook.alerts("idle_warning")
                     if number in [i["id"] for i in a["instances"]]]
        # Times in alerts are whole seconds.
        self.assertGreaterEqual(at - nanoseconds(warning["time"]), 2 * NANO)
        course = steps(self.daemon.audit(), number)
        order = ["warned", "verified", "intended", "requested"]
        times = [course[step] for step in order]
        self.assertEqual(times, sorted(times), course)
        self.assertLess(at - course["verified"], 10 * NANO)
        self.assertLessEqual(course["intended"] - at, 0, "on disk before it was sent")
        self.assertGreaterEqual(course["verified"] - course["warned"], 1.9 * NANO)
        lines = self.simulator.request_lines()
        reads = [i for i, line in enumerate(lines) if "select_filters" in line and str(number)
                 in line and line.startswith("GET /api/v1/instances/")]
        deletes = [i for i, line in enumerate(lines) if line.startswith("DELETE")]
        self.assertTrue(reads and deletes and min(reads) < max(deletes))

    def check_afterwards(self):
        wait_for("it was told", lambda: sum(
            len(a["instances"]) for a in self.hook.alerts("instance_destroyed")) == 3)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.sum(
            "vastwatch_actions_total", team="research", rule="idle", action="destroy",
            outcome="done"), 3)
        for number in TRULY_IDLE:
            self.assertEqual(metrics.all("vastwatch_instance_info", instance=str(number)), [])
        for number in (201, 202, 203, 204, 205, 207):
            self.assertEqual(metrics.all("vastwatch_instance_gpu_utilization_ratio",
                                         instance=str(number)), [], "unknown is not zero")

    def test_busy_again_at_the_fresh_read_stays(self):
        # The pace leaves two seconds between the sweep that finds them idle and the fresh read.
        config = CONFIG.replace('poll_interval = "1s"', 'poll_interval = "5s"')
        config = config.replace('request_interval = "10ms"', 'request_interval = "2s"')
        config = config.replace('idle_max_gap = "5s"', 'idle_max_gap = "20s"')
        self.start({301: IDLE, 302: IDLE, 303: BUSY, 304: BUSY, 305: BUSY}, config)
        wait_for("the fresh read is asked for", lambda: [
            a["step"] for a in self.daemon.json("actions")["actions"]] == ["verifying"] * 2)
        self.simulator.change(301, behaviour=[BUSY])
        wait_for("the other one goes", lambda: 302 in self.simulator.destroyed())
        sweeps = self.simulator.sweeps()
        wait_for("one more sweep", lambda: self.simulator.sweeps() >= sweeps + 2)
        self.assertEqual(list(self.simulator.destroyed()), [302])
        course = steps(self.daemon.audit(), 301)
        self.assertIn("verified", course)
        self.assertIn("dropped", course)
        self.assertNotIn("intended", course)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.sum("vastwatch_actions_total", outcome="dropped"), 1)

    def test_the_clock_does_not_run_out_before_the_warning_is_delivered(self):
        self.simulator = self.stage.simulator(
            {"credit": 500, "instances": fleet({401: IDLE, 402: BUSY, 403: BUSY})})
        self.hook = self.stage.receiver()
        self.hook.order(down=True)
        self.daemon = self.stage.daemon(CONFIG)

        def waits():
            return [a for a in self.daemon.json("actions")["actions"] if a["wait"] == "warning"]

        [action] = wait_for("only the delivery is missing", waits)
        self.assertEqual(action["instance"], 401)
        self.assertLess(nanoseconds(action["due"]), time.time_ns())
        self.assertEqual(self.simulator.destroyed(), {})
        self.hook.order(down=False)
        wait_for("it goes", lambda: self.simulator.destroyed())
        [warning] = self.hook.alerts("idle_warning")
        self.assertEqual([i["id"] for i in warning["instances"]], [401])
        self.assertIn(401, self.simulator.destroyed())


if __name__ == "__main__":
    unittest.main()
