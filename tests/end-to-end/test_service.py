"""How the service starts, reloads and ends: signals, bad files, a second one, its arguments."""

import signal
import subprocess
import unittest

from harness import API_KEY, LIMIT, Story, program, wait_for

CONFIG = """
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
request_timeout = "20s"
[defaults]
idle_max_gap = "30s"
startup_grace = "0s"
notify = ["hook"]
[team.a]
labels = ["a/*"]
daily_cap = 100
[notifier.hook]
type = "webhook"
url = "${hook}"
"""


class Service(Story):
    def setUp(self):
        super().setUp()
        self.simulator = self.stage.simulator({"credit": 500, "instances": [
            {"id": 1, "label": "a/x", "dph_base": 1, "start": "-20m",
             "behaviour": [{"gpu_util": 0}]}]})
        self.hook = self.stage.receiver()

    def start(self, **more):
        self.daemon = self.stage.daemon(CONFIG, **more)
        self.daemon.wait_ready()

    def cap(self):
        return self.daemon.metrics().get("vastwatch_team_cap_dollars", team="a", window="day")

    def good(self):
        return self.daemon.metrics().get("vastwatch_config_last_reload_successful")

    def hang_up(self, text, event):
        """Writes the file, sends SIGHUP, waits until the log tells of it."""
        before = len(self.daemon.lines(event))
        self.stage.write_config(text)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(event, lambda: len(self.daemon.lines(event)) > before)

    def idle_seconds(self):
        return self.daemon.metrics().sum("vastwatch_instance_idle_seconds", instance="1")

    def test_a_good_file_takes_effect_and_a_bad_one_changes_nothing(self):
        self.start()
        idle = wait_for("it idles", lambda: self.idle_seconds() >= 2 and self.idle_seconds())
        spend = self.daemon.metrics().get("vastwatch_team_spend_dollars", team="a", window="day")
        self.hang_up(CONFIG.replace("daily_cap = 100", "daily_cap = 120"), "config_reloaded")
        self.assertEqual((self.cap(), self.good()), (120, 1))
        self.assertGreaterEqual(self.idle_seconds(), idle)

        bad = CONFIG.replace("daily_cap = 100", "daily_cap = -5\ndaily_cup = 1")
        self.hang_up(bad, "config_rejected")
        self.assertEqual((self.cap(), self.good()), (120, 0))
        [line] = self.daemon.lines("config_rejected")
        for part in ("vastwatch.conf:", "daily_cap", "daily_cup"):
            self.assertIn(part, line)
        wait_for("it is told", lambda: self.hook.alerts("config_rejected"))

        self.hang_up(CONFIG, "config_reloaded")
        self.assertEqual((self.cap(), self.good()), (100, 1))
        self.assertGreaterEqual(self.idle_seconds(), idle)
        self.assertGreaterEqual(self.daemon.metrics().get(
            "vastwatch_team_spend_dollars", team="a", window="day"), spend)
        wait_for("that is told, too", lambda: self.hook.alerts("config_rejected", "resolved"))

    def test_a_new_account_is_watched_after_a_reload_and_an_old_one_no_more(self):
        self.start()
        more = self.stage.simulator({"credit": 5, "key": "another-key-0123456789", "instances": [
            {"id": 900, "label": "a/y", "behaviour": [{}]}]}, name="vastsim-2")
        table = f'''
[account.second]
api_key_file = "{self.stage.folder}/second.key"
url = "{more.url}"
poll_interval = "1s"
request_interval = "10ms"
'''
        (self.stage.folder / "second.key").write_text("another-key-0123456789\n")
        (self.stage.folder / "second.key").chmod(0o600)
        self.stage.names["api"] = self.simulator.url
        self.hang_up(CONFIG + table, "config_reloaded")
        wait_for("it is seen", lambda: self.daemon.metrics().all(
            "vastwatch_instance_info", instance="900"))
        wait_for("ready again", self.daemon.ready)
        self.hang_up(CONFIG, "config_reloaded")
        polls = more.sweeps()
        sweeps = self.simulator.sweeps()
        wait_for("the first is polled", lambda: self.simulator.sweeps() >= sweeps + 3)
        self.assertLessEqual(more.sweeps(), polls + 1)

    def test_the_command_reload_says_how_it_went(self):
        self.start()
        command = [program("vastwatchctl"), "--socket", str(self.daemon.socket), "reload"]

        def reload():
            return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT,
                                  check=False)

        self.assertEqual(reload().returncode, 0)
        self.stage.write_config(CONFIG.replace("daily_cap = 100", 'daily_cap = "much"'))
        run = reload()
        self.assertEqual(run.returncode, 1)
        self.assertIn("daily_cap", run.stdout + run.stderr)
        self.assertEqual(self.cap(), 100)
        self.daemon.end()
        self.assertEqual(reload().returncode, 3)

    def test_it_ends_within_five_seconds_even_when_the_api_hangs(self):
        self.start()
        self.simulator.fault("hang", endpoint="*")
        sweeps = self.simulator.sweeps()
        wait_for("a request hangs", lambda: self.simulator.sweeps() > sweeps)
        self.assertEqual(self.daemon.end(), 0)
        self.assertLess(self.daemon.took, 5)
        self.assertFalse(self.daemon.socket.exists(), "it takes its socket along")

    def test_a_second_one_on_the_same_state_is_refused(self):
        self.start()
        second = self.stage.daemon(CONFIG, wait=False, name="second")
        self.assertEqual(second.wait_end(), 1)
        self.assertIn("in use by another vastwatchd", second.log())
        self.assertTrue(self.daemon.alive)
        self.assertEqual(self.daemon.control("GET", "/-/healthy").status, 200)

    def run_daemon(self, *arguments):
        return subprocess.run([program("vastwatchd"), *arguments], capture_output=True, text=True,
                              timeout=LIMIT, check=False, env={"VAST_API_KEY": API_KEY})

    def test_its_arguments(self):
        good = self.stage.write_config(CONFIG, "good.conf")
        bad = self.stage.write_config(
            CONFIG.replace('poll_interval = "1s"', 'poll_interval = "soon"')
            .replace("[team.a]", "[team.a]\ncolour = 1"), "bad.conf")
        run = self.run_daemon("--check-config", "--config", str(good))
        self.assertEqual(run.returncode, 0, run.stderr)
        run = self.run_daemon("--check-config", "--config", str(bad))
        self.assertEqual(run.returncode, 1)
        output = run.stdout + run.stderr
        self.assertRegex(output, r"bad\.conf:\d+:\d+: account\.main\.poll_interval: ")
        self.assertRegex(output, r"bad\.conf:\d+:\d+: team\.a\.colour: ")
        run = self.run_daemon("--check-config", "--config", "/nonexistent/vastwatch.conf")
        self.assertEqual(run.returncode, 2)
        self.assertIn("/nonexistent/vastwatch.conf", run.stdout + run.stderr)
        run = self.run_daemon("--version")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, r"^vastwatchd \d+\.\d+\.\d+\n$")
        run = self.run_daemon("--help")
        self.assertEqual(run.returncode, 0)
        self.assertIn("--check-config", run.stdout)
        run = self.run_daemon("--config", str(bad))
        self.assertEqual(run.returncode, 78, "it does not start on a bad file")


if __name__ == "__main__":
    unittest.main()
