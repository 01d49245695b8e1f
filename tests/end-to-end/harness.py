"""What every story needs: real processes in a folder of their own, and ways to wait for them.

A Story starts what it needs through self.stage: vastsim, vastwatchd, a mail server, a webhook receiver.
Nothing here waits a fixed time for something that can be observed; every wait has a limit that
only a broken or a very slow machine meets. When a test fails, the logs of all its processes are printed.

The programs are named by the environment: VASTWATCHD, VASTWATCHCTL, VASTSIM.
"""

import contextlib
import dataclasses
import datetime
import decimal
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 90  # seconds until something that should have happened has not; generous for sanitizers
API_KEY = "e2e-key-that-must-never-be-shown-0123456789abcdef"
NANO = 1_000_000_000


def program(name):
    path = os.environ.get(name.upper())
    if not path:
        raise RuntimeError(f"the environment variable {name.upper()} has to name the program {name}")
    return path


def wait_for(what, condition, limit=LIMIT):
    """The first true value of condition(); fails the test, naming `what`, when there is none."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {limit} s still not true: {what}")
        time.sleep(0.02)


def calm_zone():
    """The IANA name of a zone where it is about noon, so that no day ends while a test runs."""
    offset = 12 - datetime.datetime.now(datetime.timezone.utc).hour
    return "UTC" if offset == 0 else f"Etc/GMT{-offset:+d}"


def nanoseconds(text):
    """An RFC 3339 time or decimal Unix seconds, in nanoseconds since 1970."""
    if re.fullmatch(r"[0-9.]+", text):
        return int(decimal.Decimal(text) * NANO)
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * NANO + int((fraction or "0").ljust(9, "0")[:9])


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclasses.dataclass
class Answer:
    status: int
    text: str
    headers: dict

    def json(self):
        return json.loads(self.text)


def ask(connection, method, path, body=None):
    with contextlib.closing(connection):
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        return Answer(response.status, text, {k.lower(): v for k, v in response.getheaders()})


def ask_port(port, method, path, body=None):
    return ask(http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT), method, path, body)


class Metrics:
    """A scrape: values by name and labels, and what kind each family is."""

    LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
    LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
    ESCAPE = re.compile(r'\\(["\\n])')

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.values = {}
        for line in text.split("\n"):
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                if name in self.types:
                    raise AssertionError(f"family {name} is opened twice")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                self.read(line)

    def read(self, line):
        found = self.LINE.match(line)
        if not found:
            raise AssertionError(f"not a sample: {line!r}")
        labels = {}
        rest = found[2] or ""
        while rest:
            label = self.LABEL.match(rest)
            if not label:
                raise AssertionError(f"bad labels: {line!r}")
            plain = lambda e: {"n": "\n"}.get(e[1], e[1])
            labels[label[1]] = self.ESCAPE.sub(plain, label[2])
            rest = rest[label.end():]
        key = (found[1], tuple(sorted(labels.items())))
        if key in self.values:
            raise AssertionError(f"twice in one scrape: {line!r}")
        self.values[key] = decimal.Decimal(found[3].replace("+Inf", "Infinity"))

    def all(self, name, **labels):
        """[(labels, value)] of the samples that have these labels."""
        return [(dict(key[1]), value) for key, value in self.values.items()
                if key[0] == name and labels.items() <= dict(key[1]).items()]

    def get(self, name, **labels):
        """The value of the one sample with exactly these labels; None when there is none."""
        return self.values.get((name, tuple(sorted(labels.items()))))

    def sum(self, name, **labels):
        return sum((value for _, value in self.all(name, **labels)), decimal.Decimal(0))

    @property
    def at_ns(self):
        return int(self.get("vastwatch_snapshot_timestamp_seconds") * NANO)


class Running:
    """A child process whose output goes to a log."""

    def __init__(self, stage, name, arguments, **options):
        self.stage = stage
        self.name = name
        self.log_path = stage.folder / f"{name}.log"
        self.log_file = self.log_path.open("a")
        self.ended = False  # by us, or it was expected to
        options.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [str(a) for a in arguments], stdout=self.log_file, stderr=subprocess.STDOUT, **options)
        stage.running.append(self)

    def wait_end(self):
        """Waits until it has ended by itself, as it should; gives the exit code."""
        self.ended = True
        return self.process.wait(LIMIT)

    @property
    def alive(self):
        return self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_alive(self, what, condition, limit=LIMIT):
        def checked():
            value = condition()
            if not value and not self.alive:
                raise AssertionError(
                    f"{self.name} ended with {self.process.returncode} before {what}")
            return value
        return wait_for(what, checked, limit)

    def end(self, number=signal.SIGTERM, limit=LIMIT):
        """Sends the signal and gives the exit code; the seconds it took are in self.took."""
        begun = time.monotonic()
        self.ended = True
        if self.alive:
            self.process.send_signal(number)
        code = self.process.wait(limit)
        self.took = time.monotonic() - begun
        self.log_file.close()
        return code

    def kill(self):
        self.ended = True
        if self.alive:
            self.process.kill()
        self.process.wait(LIMIT)
        self.log_file.close()


class Simulator(Running):
    """vastsim, with its control port."""

    def __init__(self, stage, account, *options, rate_scale=0, name="vastsim"):
        accounts = account if isinstance(account, list) else [account]
        for one in accounts:
            one.setdefault("key", API_KEY)
        file = stage.folder / f"{name}-account.json"
        file.write_text(json.dumps({"accounts": accounts}))
        port_file = stage.folder / f"{name}-ports.json"
        super().__init__(stage, name, [
            program("vastsim"), "--account", file, "--port-file", port_file, "--verbose",
            "--rate-scale", rate_scale, *options])
        self.wait_alive("it listens", port_file.exists)
        self.ports = json.loads(port_file.read_text())
        self.url = self.ports["url"]

    def order(self, method, path, body=None):
        answer = ask_port(self.ports["control"], method, path, body)
        if answer.status != 200:
            raise AssertionError(f"vastsim refuses {method} {path}: {answer.text}")
        return answer.json()

    def truth(self, at_ns=None, account=None, **query):
        """The account's figures at that moment; the amounts are decimal texts."""
        if at_ns is not None:
            query["at"] = f"{at_ns}ns"
            # Its clock may be a little behind ours.
            wait_for("that moment", lambda: int(self.order("GET", "/ready")["now_ns"]) >= at_ns)
        accounts = self.order("GET", "/truth?" + urllib.parse.urlencode(query))["accounts"]
        return next(a for a in accounts if account in (None, a["name"]))

    def journal(self, kind=""):
        entries = self.order("GET", "/journal?" + urllib.parse.urlencode({"kind": kind}))["journal"]
        return [dict(entry, at_ns=int(entry["at_ns"])) for entry in entries]

    def destroyed(self):
        """The instances a request took down so far: id -> when it was asked for (nanoseconds)."""
        when = {}
        for entry in self.journal("api.destroy"):
            if entry["detail"]["status"] == 200:
                for one in entry["detail"]["ids"]:
                    when.setdefault(one, entry["at_ns"])
        return when

    def requests(self):
        """Requests so far, per endpoint."""
        return {name: entry["requests"] for name, entry in self.order("GET", "/requests").items()}

    def sweeps(self):
        return self.requests().get("instances", 0)

    def request_lines(self):
        """Every request so far, one line each, in the order of their answers."""
        return urllib.parse.unquote_plus(self.log()).splitlines()

    def fault(self, kind, **parameters):
        self.order("POST", "/fault", {"kind": kind, **parameters})

    def clear(self, kind=None):
        self.order("POST", "/fault/clear", {} if kind is None else {"kind": kind})

    def change(self, number, **columns):
        self.order("POST", f"/instance/{number}", columns)

    def add(self, **columns):
        return self.order("POST", "/instance", columns)["id"]


class Receiver(Running):
    """webhook_receiver.py."""

    def __init__(self, stage, name="webhook"):
        port_file = stage.folder / f"{name}.port"
        super().__init__(stage, name, [
            sys.executable, HERE / "webhook_receiver.py", "--port-file", port_file])
        self.wait_alive("it listens", port_file.exists)
        self.port = int(port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def order(self, **change):
        ask_port(self.port, "POST", "/_control", change)

    def requests(self):
        return ask_port(self.port, "GET", "/_requests").json()

    def alerts(self, kind=None, status="firing"):
        """The alerts it took, oldest first."""
        taken = [json.loads(r["body"]) for r in self.requests() if r["status"] == 200]
        return [a for a in taken
                if kind in (None, a["kind"]) and status in (None, a["status"])]


class Mailbox(Running):
    """smtp_server.py."""

    def __init__(self, stage, script=None, name="smtp"):
        folder = stage.folder / name
        folder.mkdir()
        port_file = folder / "port"
        self.script_path = folder / "script.json"
        self.script(script or [])
        super().__init__(stage, name, [
            sys.executable, HERE / "smtp_server.py", "--port-file", port_file, "--mail-dir", folder,
            "--cert-dir", folder, "--script", self.script_path])
        self.wait_alive("it listens", port_file.exists)
        self.url = f"smtp://localhost:{int(port_file.read_text())}"
        self.certificate = folder / "certificate.pem"
        self.record = folder / "mails.jsonl"

    def script(self, rules):
        unfinished = self.script_path.with_suffix(".new")
        unfinished.write_text(json.dumps(rules))
        unfinished.rename(self.script_path)

    def mails(self):
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text().splitlines()]


class Daemon(Running):
    """vastwatchd on a configuration; `wait` until its listener is up."""

    STARTED = re.compile(r"started: .* http://127\.0\.0\.1:(\d+)/")

    def __init__(self, stage, config, wait=True, environment=None, name="vastwatchd"):
        self.config_path = stage.write_config(config)
        self.state = stage.folder / "state"
        self.socket = stage.folder / "control.sock"
        existing = stage.folder / f"{name}.log"
        offset = existing.stat().st_size if existing.exists() else 0
        surroundings = dict(os.environ, VAST_API_KEY=API_KEY, **(environment or {}))
        super().__init__(
            stage, name, [program("vastwatchd"), "--config", self.config_path], env=surroundings)
        self.offset = offset
        self.port = None
        if wait:
            found = self.wait_alive("it has started", lambda: self.STARTED.search(self.log()))
            self.port = int(found[1])

    def log(self):
        with self.log_path.open(errors="replace") as file:
            file.seek(self.offset)
            return file.read()

    def lines(self, *events):
        """Log lines of one of these events."""
        return [line for line in self.log().splitlines()
                if any(f" {event}: " in line for event in events)]

    def get(self, path):
        return ask_port(self.port, "GET", path)

    def json(self, path):
        answer = self.get("/api/v1/" + path)
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status} {answer.text}")
        return answer.json()

    def control(self, method, path, body=None):
        return ask(UnixConnection(self.socket), method, path, body)

    def command(self, name, **body):
        return self.control("POST", "/api/v1/" + name, body)

    def metrics(self):
        return Metrics(self.get("/metrics").text)

    def ready(self):
        return self.get("/-/ready").status == 200

    def wait_ready(self):
        self.wait_alive("it is ready", self.ready)

    def audit(self):
        lines = []
        for file in sorted(self.state.glob("audit*.jsonl*")):
            lines += [json.loads(line) for line in file.read_text().splitlines()]
        return sorted(lines, key=lambda line: line["seq"])


class Stage:
    """The folder and the processes of one test."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vw-e2e-"))
        self.running = []
        self.names = {"dir": self.folder}

    def simulator(self, account, *options, **more):
        simulator = Simulator(self, account, *options, **more)
        self.names["api"] = simulator.url
        return simulator

    def receiver(self, name="webhook"):
        receiver = Receiver(self, name)
        self.names["hook"] = receiver.url
        return receiver

    def mailbox(self, **more):
        mailbox = Mailbox(self, **more)
        self.names["smtp"] = mailbox.url
        self.names["certificate"] = mailbox.certificate
        return mailbox

    def write_config(self, text, name="vastwatch.conf"):
        """Writes the file, with ${api}, ${hook}, ${smtp}, ${certificate}, ${dir} filled in."""
        daemon = ""
        if "[daemon]" not in text:
            daemon = '''[daemon]
listen = "127.0.0.1:0"
control_socket = "${dir}/control.sock"
state_directory = "${dir}/state"
timezone = "${zone}"
log_level = "debug"
'''
        path = self.folder / name
        whole = string.Template(daemon + text).substitute(self.names, zone=calm_zone())
        path.write_text(whole)
        return path

    def daemon(self, config, **more):
        return Daemon(self, config, **more)

    def close(self):
        """Ends everything; gives what went wrong with it."""
        problems = [f"{one.name} ended by itself with {one.process.returncode}"
                    for one in self.running if not one.ended and not one.alive]
        for one in reversed(self.running):
            if isinstance(one, Daemon) and one.alive:
                code = one.end()
                if code != 0:
                    problems.append(f"{one.name} ended with {code} on SIGTERM")
        for one in self.running:
            one.kill()
        for log in self.folder.glob("*.log"):
            text = log.read_text(errors="replace")
            if API_KEY in text and not log.name.startswith("vastsim"):
                problems.append(f"the API key is in {log.name}")
            if "ERROR: AddressSanitizer" in text or "runtime error:" in text:
                problems.append(f"a sanitizer complains in {log.name}")
            if "loop_ended" in text:
                problems.append(f"a loop ended by itself in {log.name}")
        for audit in (self.folder / "state").glob("audit*"):
            if API_KEY in audit.read_text(errors="replace"):
                problems.append("the API key is in the audit log")
        return problems

    def tell(self):
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            print(f"\n--- {log.name}, last {min(len(lines), 120)} of {len(lines)} lines",
                  file=sys.stderr)
            print("\n".join(line[:400] for line in lines[-120:]), file=sys.stderr)


class Story(unittest.TestCase):
    """A test with a stage."""

    maxDiff = None

    def setUp(self):
        self.stage = Stage()

    def tearDown(self):
        problems = self.stage.close()
        self.assertEqual(problems, [])

    def run(self, result=None):
        def count():
            return len(result.failures) + len(result.errors)
        before = count()
        self.stage = None
        try:
            return super().run(result)
        finally:
            if self.stage is not None:
                for one in self.stage.running:
                    one.kill()
                if count() > before:
                    self.stage.tell()
                if "E2E_KEEP" in os.environ:
                    print("kept:", self.stage.folder, file=sys.stderr)
                else:
                    shutil.rmtree(self.stage.folder, ignore_errors=True)

    def check_micro(self, shown, true, what):
        """Equal to the micro-dollar."""
        self.assertIsNotNone(shown, what)
        difference = abs(decimal.Decimal(shown) - decimal.Decimal(true))
        self.assertLess(difference, decimal.Decimal("0.000001"), f"{what}: {shown}, truth {true}")
