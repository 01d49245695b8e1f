"""Drives the real vastsim over real sockets: its wire, its faults, its start and its end.

What the simulated service answers is tested in tests/unit/vastsim_model; here is what needs a
process and a connection. Usage: smoke_test.py path/to/vastsim
"""

import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

PROGRAM = sys.argv.pop(1)
LIMIT = 20  # seconds until a start or an end has failed


class Simulator:
    """One running vastsim."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        port_file = pathlib.Path(self.folder.name) / "ports.json"
        self.process = subprocess.Popen(
            [PROGRAM, "--port-file", str(port_file), "--key", "smoke", *arguments],
            stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + LIMIT
        while not port_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"vastsim ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError("vastsim did not start")
            time.sleep(0.01)
        self.ports = json.loads(port_file.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=LIMIT)
        self.folder.cleanup()
        return self.process.returncode, output

    def connect(self, timeout=LIMIT):
        return http.client.HTTPConnection("127.0.0.1", self.ports["listen"], timeout=timeout)

    def ask(self, method, path, body=None, connection=None):
        own = connection or self.connect()
        headers = {"Authorization": "Bearer smoke"}
        try:
            own.request(method, path, None if body is None else json.dumps(body), headers)
            response = own.getresponse()
            text = response.read()
        finally:
            if connection is None:
                own.close()
        return response.status, json.loads(text)

    def order(self, method, path, body=None):
        control = http.client.HTTPConnection("127.0.0.1", self.ports["control"], timeout=LIMIT)
        control.request(method, path, None if body is None else json.dumps(body))
        answer = json.loads(control.getresponse().read())
        control.close()
        return answer


def listing(simulator, connection=None):
    rows = []
    token = ""
    while True:
        query = urllib.parse.urlencode({"after_token": token, "select_cols": '["id", "label"]'})
        status, page = simulator.ask("GET", "/api/v1/instances/?" + query, None, connection)
        assert status == 200, page
        rows += page["instances"]
        if page["next_token"] is None:
            return rows
        token = page["next_token"]


class Wire(unittest.TestCase):
    """Faults on the wire, as a client sees them."""

    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator("--generate", "60", "--rate-scale", "0")

    @classmethod
    def tearDownClass(cls):
        cls.simulator.stop()

    def strike(self, **fault):
        answer = self.simulator.order("POST", "/fault", {"count": 1, **fault})
        self.assertTrue(answer["ok"], answer)

    def test_a_fleet_is_swept_over_one_connection(self):
        connection = self.simulator.connect()
        rows = listing(self.simulator, connection)
        self.assertEqual(len({row["id"] for row in rows}), 60)
        connection.close()

    def test_a_truncated_answer_ends_early(self):
        self.strike(kind="truncate")
        with self.assertRaises(http.client.IncompleteRead):
            self.simulator.ask("GET", "/api/v1/instances/")

    def test_a_reset_is_a_reset(self):
        self.strike(kind="reset")
        with self.assertRaises(ConnectionResetError):
            self.simulator.ask("GET", "/api/v1/instances/")

    def test_a_hanging_answer_never_comes(self):
        self.strike(kind="hang")
        connection = self.simulator.connect(timeout=0.3)
        with self.assertRaises(socket.timeout):
            self.simulator.ask("GET", "/api/v1/instances/", None, connection)
        connection.close()

    def test_a_dripping_answer_arrives_whole(self):
        self.strike(kind="drip")
        status, user = self.simulator.ask("GET", "/api/v0/users/current/")
        self.assertEqual((status, user["balance"]), (200, 0))

    def test_latency_delays_one_client_and_no_other(self):
        self.strike(kind="latency", ms=400, endpoint="user")
        slow = self.simulator.connect()
        begun = time.monotonic()
        slow.request("GET", "/api/v0/users/current/", headers={"Authorization": "Bearer smoke"})
        listing(self.simulator)
        self.assertEqual(slow.getresponse().status, 200)
        self.assertGreaterEqual(time.monotonic() - begun, 0.4)
        slow.close()

    def test_a_lost_answer_was_obeyed(self):
        doomed = listing(self.simulator)[-1]["id"]
        self.strike(kind="lost-answer", endpoint="destroy")
        with self.assertRaises(ConnectionResetError):
            self.simulator.ask("DELETE", "/api/v0/instances/", {"instance_ids": [doomed]})
        journal = self.simulator.order("GET", "/journal?kind=unloading")["journal"]
        self.assertIn(doomed, [entry["id"] for entry in journal])

    def test_a_page_of_html_is_no_json(self):
        self.strike(kind="html502")
        with self.assertRaises(json.JSONDecodeError):
            self.simulator.ask("GET", "/api/v1/instances/")


class Life(unittest.TestCase):
    """Start, time and end."""

    def test_it_stops_on_sigterm_and_had_said_where_it_was(self):
        simulator = Simulator("--generate", "1")
        code, output = simulator.stop()
        self.assertEqual(code, 0)
        self.assertIn(simulator.ports["url"], output)
        self.assertEqual(len(output.splitlines()), 1)

    def test_requests_too_close_together_are_refused(self):
        with Simulator("--generate", "1") as simulator:
            self.assertEqual(simulator.ask("GET", "/api/v1/instances/")[0], 200)
            self.assertEqual(simulator.ask("GET", "/api/v1/instances/")[0], 429)

    def test_by_hand_time_moves_bills_exactly(self):
        account = {
            "credit": 100, "charge_lag": "0s", "unload_delay": "0s",
            "instances": [{"id": 7, "label": "t/x", "dph_base": 2, "storage_cost": 0,
                           "behaviour": [{"gpu_util": 0}]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(account, file)
            file.flush()
            start = "2026-11-21T00:00:00Z"
            with Simulator("--account", file.name, "--manual-time", start) as simulator:
                simulator.order("POST", "/advance", {"by": "90m"})
                simulator.ask("DELETE", "/api/v0/instances/7/", {})
                simulator.order("POST", "/advance", {"by": "5h"})
                truth = simulator.order("GET", "/truth")["accounts"][0]
                self.assertEqual(truth["teams"]["t"]["spend"], "3")
                day = json.dumps({"day": {"gte": 1795219200, "lte": 1795219200}})
                query = urllib.parse.urlencode({"select_filters": day})
                _, charges = simulator.ask("GET", "/api/v0/charges/?" + query)
                self.assertEqual([row["amount"] for row in charges["results"]], [3.0])

    def test_a_bad_account_file_is_named_with_its_mistakes(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"instances": [{"colour": "red"}]}')
            file.flush()
            run = subprocess.run([PROGRAM, "--account", file.name, "--key", "k"],
                                 capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("instance.colour: unknown key", run.stderr)

    def test_it_serves_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = folder + "/key.pem", folder + "/certificate.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-addext",
                 "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                check=True, capture_output=True)
            with Simulator("--generate", "3", "--tls-cert", certificate, "--tls-key",
                           key) as simulator:
                trust = ssl.create_default_context(cafile=certificate)
                connection = http.client.HTTPSConnection(
                    "127.0.0.1", simulator.ports["listen"], timeout=LIMIT, context=trust)
                status, page = simulator.ask("GET", "/api/v1/instances/", None, connection)
                self.assertEqual((status, page["total_instances"]), (200, 3))
                connection.close()


if __name__ == "__main__":
    unittest.main()
