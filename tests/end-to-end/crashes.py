"""What the stories about crashes share: seeds, a receiver inside the test, what must never differ.

A seed is fresh in every run and printed; VASTWATCH_SEED=<number> repeats one.
"""

import collections
import decimal
import http.server
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import threading
import urllib.parse

import webhook_receiver
from harness import API_KEY, nanoseconds, program

SAMPLE = re.compile(r'^(vastwatch_[a-z_]+)\{([^}]*)\} (\S+)$', re.MULTILINE)


def fresh_seed(what):
    seed = int(os.environ.get("VASTWATCH_SEED") or secrets.randbits(32))
    print(f"{what}: seed {seed} (VASTWATCH_SEED={seed} repeats it)", flush=True)
    return seed


class WholeRequests(webhook_receiver.Handler):
    """A request that its sender's end cut off was not received."""

    def read_body(self):
        length = int(self.headers.get("Content-Length", "0"))
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionResetError("half a request")
        return data.decode("utf-8", "surrogateescape")


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class LocalReceiver:
    """webhook_receiver.py in a thread of this process: many stories at once can afford it."""

    def __init__(self):
        self.server = QuietServer(("127.0.0.1", 0), WholeRequests)
        self.server.daemon_threads = True
        self.server.state = webhook_receiver.State(None, [])
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        self.parsed = []

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        """All that was taken, oldest first, with what the headers call it as `webhook`."""
        requests = self.server.state.requests
        while len(self.parsed) < len(requests):
            request = requests[len(self.parsed)]
            self.parsed.append(dict(
                json.loads(request["body"]), webhook=request["headers"]["webhook-id"]))
        return self.parsed

    def alerts(self, kind, status="firing"):
        return [a for a in self.taken() if a["kind"] == kind and a["status"] == status]


def told_apart(alerts):
    """What is wrong with these alerts: the same thing told under two ids, or one id meaning two."""
    problems = []
    meanings = collections.defaultdict(set)
    for alert in alerts:
        instances = tuple(sorted(i["id"] for i in alert["instances"]))
        meaning = (alert["kind"], alert["status"], alert.get("team"), alert.get("account"),
                   alert.get("window"), alert.get("threshold"), instances)
        meanings[meaning].add(alert["id"])
        if alert["webhook"] != alert["id"]:
            problems.append(f"alert {alert['id']} is sent as {alert['webhook']}")
    for meaning, ids in meanings.items():
        if len(ids) > 1:
            problems.append(f"told as {len(ids)} alerts {sorted(ids)}: {meaning}")
    bodies = {}
    for alert in alerts:
        if bodies.setdefault(alert["id"], alert) != alert:
            problems.append(f"alert {alert['id']} says different things")
    return problems


class Spend:
    """The spend that scrapes show, per team and window; it must never fall.

    A daemon that has not looked yet says so, and is not believed: what it saw in the first moments
    of its first life may have been shown just before a kill took it.
    """

    def __init__(self, family="vastwatch_team_spend_dollars", always=False):
        self.family = family
        self.always = always
        self.seen = {}
        self.falls = []
        self.scrapes = 0

    def look(self, text, where=""):
        self.scrapes += 1
        if not self.always and sample(text, "vastwatch_account_stale") > 0:
            return
        for name, labels, value in SAMPLE.findall(text):
            if name != self.family:
                continue
            now = decimal.Decimal(value)
            before = self.seen.get(labels)
            if before is not None and now < before:
                self.falls.append(f"{labels} fell from {before} to {now} {where}")
            self.seen[labels] = now


def sample(text, name, *parts):
    """The sum of the samples of that name whose labels contain all these parts."""
    return sum(decimal.Decimal(value) for found, labels, value in SAMPLE.findall(text)
               if found == name and all(part in labels for part in parts))


def audit_verify(control_socket):
    """What `vastwatchctl audit verify` has against the log; empty when it is content."""
    done = subprocess.run(
        [program("vastwatchctl"), "--socket", str(control_socket), "audit", "verify"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return "" if done.returncode == 0 else f"audit verify: {done.returncode} {done.stdout}"


def ask_state(state, sql):
    """What the database of a daemon that has ended answers."""
    name = urllib.parse.quote(str(state / "state.db"))
    database = sqlite3.connect(f"file:{name}?mode=ro", uri=True)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def state_problems(state):
    """What is wrong with the state directory of a daemon that has ended."""
    problems = [f"{p.name} was set aside" for p in state.glob("*corrupt*")]
    verdict = ask_state(state, "PRAGMA integrity_check")
    if verdict != [("ok",)]:
        problems.append(f"state.db: {verdict[:3]}")
    for audit in state.glob("audit*"):
        if API_KEY in audit.read_text(errors="replace"):
            problems.append(f"the API key is in {audit.name}")
    return problems


def audit_problems(records, destroys):
    """The audit log against the requests the account got: intent first, each step once noted."""
    problems = []
    numbers = [record["seq"] for record in records]
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append(f"the audit log's numbers are {numbers}")
    for entry in destroys:
        for number in entry["detail"]["ids"]:
            intents = [r for r in records if r.get("instance_id") == number
                       and r["outcome"] == "intended"
                       and nanoseconds(r["timestamp"]) <= entry["at_ns"]]
            if not intents:
                problems.append(f"instance {number} was destroyed without an intent on record")
    return problems
