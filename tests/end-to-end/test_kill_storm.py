"""Two hundred SIGKILLs at random instants, during an idle reaping and three budget thresholds.

Under load (sixty instances, scrapes and status without pause) exactly the idle instance goes, in
time; each threshold is told as one alert; spend never falls; the audit log is whole.
"""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import unittest

import crashes
from harness import NANO, Story, nanoseconds, program, wait_for

KILLS = int(os.environ.get("VASTWATCH_KILLS", "200"))

CONFIG = """
[daemon]
listen = "127.0.0.1:${port}"
control_socket = "${dir}/control.sock"
state_directory = "${dir}/state"
timezone = "${zone}"
log_level = "debug"
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
[defaults]
idle_for = "30s"
idle_warning = "8s"
idle_max_gap = "60s"
startup_grace = "0s"
notify = ["hook"]
[team.a]
labels = ["a/*"]
daily_cap = 100000
cap_action = "alert"
[team.b]
labels = ["b/*"]
[[alert]]
team = "a"
window = "day"
at = [20, 34, 48]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""
THRESHOLDS = ["$20.00", "$34.00", "$48.00"]

IDLE = 1007
BUSY = {"gpu_util": {"jitter": [60, 98]}}
# Fifty at $72/h: team a burns a dollar a second. Ten more belong to b.
FLEET = [{"id": 1000 + i, "label": "a/x" if i < 50 else "b/y", "dph_base": 72, "storage_cost": 0,
          "start": "-5s", "behaviour": [{"gpu_util": 0} if 1000 + i == IDLE else BUSY]}
         for i in range(60)]

SECOND_TRY = 30  # seconds after a request whose fate a kill left unknown


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Load(threading.Thread):
    """Scrapes and reads the status, as fast as the daemon lets it, in whatever life it is."""

    def __init__(self, port, control_socket):
        super().__init__(daemon=True)
        self.port = port
        self.control_socket = control_socket
        self.spend = crashes.Spend()
        self.statuses = 0
        self.over = threading.Event()
        self.start()

    def run(self):
        turn = 0
        while not self.over.wait(0.02):
            turn += 1
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as one:
                    one.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    text = self.whole(one)
            except OSError:
                continue
            if text is not None:
                self.spend.look(text)
            if turn % 20 == 0:
                self.look_at_status()

    @staticmethod
    def whole(one):
        """The answer's text; None when a kill cut it off."""
        data = b""
        while chunk := one.recv(65536):
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:")]
        if length and len(body) == length[0]:
            return body.decode()
        return None

    def look_at_status(self):
        done = subprocess.run(
            [program("vastwatchctl"), "--socket", str(self.control_socket), "status", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
        if done.returncode != 0:
            return
        self.statuses += 1
        status = json.loads(done.stdout)
        if not status["ready"]:
            return
        self.spend.look("".join(
            f'vastwatch_team_spend_dollars{{status="{team["name"]}",window="{window["window"]}"}} '
            f'{window["spend"]}\n'
            for team in status["teams"] for window in team["windows"]))


class KillStorm(Story):
    def setUp(self):
        super().setUp()
        self.random = random.Random(crashes.fresh_seed("kill storm"))
        self.lives = []  # (began, ended) in nanoseconds of the wall clock
        # Up this many seconds, it has looked, read again, noted its intent and asked: set by how
        # long this machine takes from the start to the first look.
        self.enough = 1.0

    def start(self):
        self.daemon = self.stage.daemon(CONFIG, wait=False)
        self.began = time.time_ns()

    def storm(self):
        killed = 0
        while killed < KILLS:
            self.start()
            if killed == 0:
                self.daemon.wait_alive("it has looked", lambda: self.daemon.lines("poll_done"))
                self.enough = max(1.0, 8 * (time.time_ns() - self.began) / NANO)
            long = killed == 0 or self.random.random() < 0.1
            time.sleep(self.enough + 0.2 if long else self.random.uniform(0.005, 0.4))
            code = self.daemon.process.poll()
            self.assertIsNone(code, self.daemon.log()[-2000:])
            self.daemon.kill()
            self.assertEqual(self.daemon.process.returncode, -signal.SIGKILL)
            self.lives.append((self.began, time.time_ns()))
            self.stage.running.remove(self.daemon)
            killed += 1

    def test_two_hundred_kills_change_nothing(self):
        begun = time.time_ns()
        self.stage.names["port"] = free_port()
        self.simulator = self.stage.simulator({"credit": 900000, "instances": FLEET})
        self.hook = crashes.LocalReceiver()
        self.addCleanup(self.hook.close)
        self.stage.names["hook"] = self.hook.url
        load = Load(self.stage.names["port"], self.stage.folder / "control.sock")
        self.storm()
        self.start()
        self.daemon.wait_alive("it has started", lambda: self.daemon.lines("started"))
        self.daemon.port = self.stage.names["port"]
        self.daemon.wait_ready()
        wait_for("the idle one is gone", self.simulator.destroyed)
        wait_for("that is told", lambda: self.hook.alerts("instance_destroyed"))
        wait_for("all thresholds are told",
                 lambda: len(self.hook.alerts("budget_threshold")) >= len(THRESHOLDS))
        self.lives.append((self.began, time.time_ns()))
        metrics = self.daemon.metrics()
        load.over.set()
        load.join()
        self.assertEqual(crashes.audit_verify(self.daemon.socket), "")
        self.check_destroy(begun)
        self.check_alerts()
        self.assertEqual(load.spend.falls, [])
        self.assertGreater(load.spend.scrapes, KILLS / 2)
        self.check_money(metrics)
        self.assertEqual(self.daemon.end(), 0)
        self.assertEqual(crashes.state_problems(self.daemon.state), [])
        print(f"{len(self.lives) - 1} kills in {(time.time_ns() - begun) / NANO:.0f} s, "
              f"{load.spend.scrapes} scrapes, {load.statuses} statuses", flush=True)

    def moment_of_enough(self, earliest):
        """When it had been up long enough at a stretch after `earliest`."""
        for began, ended in self.lives:
            moment = max(began, earliest) + int(self.enough * NANO)
            if moment <= ended:
                break
        return moment

    def check_destroy(self, begun):
        destroys = self.simulator.journal("api.destroy")
        self.assertEqual([one for entry in destroys for one in entry["detail"]["ids"]], [IDLE],
                         "exactly the idle one, and once")
        at = destroys[0]["at_ns"]
        records = self.daemon.audit()
        self.assertEqual(crashes.audit_problems(records, destroys), [])
        intents = [nanoseconds(record["timestamp"]) for record in records
                   if record["outcome"] == "intended" and record["instance_id"] == IDLE]
        warning = self.hook.alerts("idle_warning")[0]
        self.assertEqual([i["id"] for i in warning["instances"]], [IDLE])
        self.assertGreaterEqual(at - begun, 30 * NANO, "it had not idled long enough")
        self.assertGreaterEqual(at - nanoseconds(warning["time"]), 8 * NANO)
        # Idle was first seen within the first life. An intent with which it was killed may have
        # been carried out, so that it is looked at before it is tried again.
        deadline = self.moment_of_enough(begun) + 30 * NANO
        bound = self.moment_of_enough(deadline)
        for intent in intents[:-1]:
            bound = max(bound, self.moment_of_enough(intent + SECOND_TRY * NANO))
        print(f"destroyed {(at - begun) / NANO:.2f} s after the first start, at the latest it "
              f"were {(bound - begun) / NANO:.2f} s; {len(intents)} intents", flush=True)
        self.assertLessEqual(at, bound)

    def check_alerts(self):
        self.assertEqual(crashes.told_apart(self.hook.taken()), [])
        told = self.hook.alerts("budget_threshold")
        first = []
        for alert in told:
            if alert["threshold"] not in first:
                first.append(alert["threshold"])
        self.assertEqual(first, THRESHOLDS)
        self.assertEqual(len({alert["id"] for alert in told}), len(THRESHOLDS))
        print(f"{len(told)} deliveries of {len(THRESHOLDS)} thresholds", flush=True)

    def check_money(self, metrics):
        """All gaps accrued: the true spend, and the idle one up to the look that missed it."""
        truth = self.simulator.truth(metrics.at_ns)["teams"]
        for team, most in (("a", 0.5), ("b", 0.000001)):
            shown = metrics.get("vastwatch_team_spend_dollars", team=team, window="day")
            over = float(shown) - float(truth[team]["spend"])
            self.assertGreaterEqual(over, -0.000001, team)
            self.assertLessEqual(over, most, team)


if __name__ == "__main__":
    unittest.main()
