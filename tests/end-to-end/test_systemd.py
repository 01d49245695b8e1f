"""What the service tells systemd: READY, STATUS, WATCHDOG, RELOADING, STOPPING."""

import signal
import socket
import time
import unittest

from harness import Story, wait_for

CONFIG = """
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
request_interval = "10ms"
[team.a]
labels = ["a/*"]
daily_cap = 0.5
"""


class Systemd(Story):
    def setUp(self):
        super().setUp()
        self.simulator = self.stage.simulator({"credit": 500, "instances": [
            {"id": i, "label": "a/x", "dph_base": 1, "storage_cost": 0, "start": "-20m",
             "behaviour": [{}]} for i in (1, 2)]})
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.stage.folder / "notify"))
        self.socket.setblocking(False)
        self.addCleanup(self.socket.close)
        self.messages = []
        self.daemon = self.stage.daemon(CONFIG, environment={
            "NOTIFY_SOCKET": str(self.stage.folder / "notify"), "WATCHDOG_USEC": "2000000"})

    def heard(self, word, after=0):
        """The messages since that one which contain a line that begins with the word."""
        while True:
            try:
                self.messages.append((time.monotonic(), self.socket.recv(8192).decode()))
            except BlockingIOError:
                break
        return [(at, text) for at, text in self.messages[after:]
                if any(line.startswith(word) for line in text.splitlines())]

    def test_it_tells_how_it_is(self):
        wait_for("READY=1", lambda: self.heard("READY=1"))
        [(_, status)] = wait_for("what it sees", lambda: [
            m for m in self.heard("STATUS=") if "2 instances" in m[1]][:1])
        self.assertIn("/h", status)
        self.assertIn("a", status)
        self.assertNotIn("\n", status.removeprefix("READY=1\n").strip())
        pings = wait_for("five pings", lambda: len(self.heard("WATCHDOG=1")) >= 5
                         and self.heard("WATCHDOG=1"))
        times = [at for at, _ in pings]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        self.assertLess(max(gaps), 2, "never later than systemd would wait")

        mark = len(self.messages)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for("RELOADING=1", lambda: self.heard("RELOADING=1", mark))
        [(_, reloading)] = self.heard("RELOADING=1", mark)
        self.assertRegex(reloading, r"MONOTONIC_USEC=\d+")
        wait_for("READY=1 after it", lambda: self.heard("READY=1", mark))

        mark = len(self.messages)
        self.assertEqual(self.daemon.end(), 0)
        self.assertTrue(self.heard("STOPPING=1", mark))

    def test_a_bad_file_ends_the_reloading_as_well(self):
        wait_for("READY=1", lambda: self.heard("READY=1"))
        mark = len(self.messages)
        self.stage.write_config(CONFIG + "\n[nonsense]\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for("RELOADING=1", lambda: self.heard("RELOADING=1", mark))
        wait_for("READY=1 after it", lambda: self.heard("READY=1", mark))


if __name__ == "__main__":
    unittest.main()
