"""Prometheus and Alertmanager as Debian ships them, on the files that vastwatch ships for them.

One daemon lives in a world in which there is something of everything: idle and capped, paused, a
notifier that is down. What dashboards and rules ask for then has to be there. Nobody sees a
misspelt name in an expression otherwise: it is a panel that stays empty, an alert that never fires.
"""

import contextlib
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

from harness import HERE, Running, Story, ask_port, wait_for

ETC = HERE.parent.parent / "etc"
RULES = ETC / "prometheus" / "vastwatch.rules.yml"
DASHBOARDS = sorted((ETC / "grafana").glob("*.json"))
NEEDED = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")

CONFIG = """
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "1s"
billing_interval = "2s"
request_interval = "10ms"
daily_cap = 150
monthly_cap = 9000
[defaults]
startup_grace = "0s"
idle_max_gap = "30s"
idle_for = "2s"
idle_warning = "0s"
cap_action = "alert"
notify = ["hook", "alertmanager"]
[team.alpha]
labels = ["alpha/*"]
daily_cap = 60
monthly_cap = 2000
[team.beta]
labels = ["beta/*"]
idle_action = "off"
daily_cap = 1
[notifier.hook]
type = "webhook"
url = "${hook}"
[notifier.alertmanager]
type = "webhook"
format = "alertmanager"
url = "${alertmanager}"
"""

WORLD = {"credit": 500, "charge_lag": "1s", "instances": [
    {"id": 1, "label": "alpha/rests", "gpu_name": "H100 SXM", "dph_base": 6, "start": "-20m",
     "behaviour": [{"gpu_util": 0}]},
    {"id": 2, "label": "alpha/works", "gpu_name": "RTX 4090", "dph_base": 4, "start": "-20m",
     "behaviour": [{}]},
    {"id": 3, "label": "beta/dear", "gpu_name": "H100 SXM", "dph_base": 10, "start": "-30m",
     "behaviour": [{}]},
    {"id": 4, "label": "whose", "dph_base": 1, "start": "-20m", "behaviour": [{}]}]}

ALERTMANAGER = """
route: {receiver: nobody}
receivers: [{name: nobody}]
"""

# Outside of quotes and braces: a metric's name, perhaps with matchers. What is followed by a
# bracket is a function; words of the language and labels in lists of them are left out below.
SELECTOR = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^{}]*\})?(?!\s*\()(?![a-zA-Z0-9_:])')
LABEL_LIST = re.compile(r'\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)')
WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"}
RANGE = re.compile(r'\[[^\[\]]*\]')


def selectors(expression):
    """The vector selectors of an expression, as they stand there but without ranges."""
    plain = RANGE.sub("", LABEL_LIST.sub("", expression))
    found = {name + (matchers or "") for name, matchers in SELECTOR.findall(plain)
             if name not in WORDS and name != "e"}
    return sorted(found)


def filled(expression, team):
    """The expression as Grafana sends it, of a dashboard that shows the last five minutes."""
    values = {"$job": "vastwatch", "$account": ".*", "$team": team,
              "$__rate_interval": "20s", "$__range": "5m"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


def free_port():
    with contextlib.closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Service(Running):
    """One of the two, on a port of its own; `wait` until it is ready."""

    def __init__(self, stage, name, arguments):
        self.port = free_port()
        super().__init__(stage, name, [
            *arguments, f"--web.listen-address=127.0.0.1:{self.port}"])

    def is_ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/-/ready").status == 200
        return False

    def get(self, path, **query):
        return ask_port(self.port, "GET", path + "?" + urllib.parse.urlencode(query, doseq=True))


class Prometheus(Service):
    def __init__(self, stage, target, alertmanager):
        """On the configuration that is shipped as an example, with ports and times of the test."""
        text = (ETC / "prometheus" / "prometheus.example.yml").read_text()
        for shipped, ours in (
                ("/etc/prometheus/rules/vastwatch.rules.yml", str(RULES)),
                ("127.0.0.1:9093", f"127.0.0.1:{alertmanager}"),
                ("127.0.0.1:9877", f"127.0.0.1:{target}"),
                ("scrape_interval: 30s", "scrape_interval: 1s")):
            if shipped not in text:
                raise AssertionError(f"prometheus.example.yml has no {shipped}")
            text = text.replace(shipped, ours)
        file = stage.folder / "prometheus.yml"
        file.write_text("global: {evaluation_interval: 1s}\n" + text)
        super().__init__(stage, "prometheus", [
            "prometheus", f"--config.file={file}",
            f"--storage.tsdb.path={stage.folder / 'prometheus'}", "--log.level=warn"])

    def query(self, expression, at=None):
        """The series that have a number; NaN, as of a quotient of nothing, is none."""
        answer = self.get("/api/v1/query", query=expression, time=at or time.time()).json()
        if answer["status"] != "success":
            raise AssertionError(f"{expression}: {answer['error']}")
        return [one for one in answer["data"]["result"] if one["value"][1] != "NaN"]

    def rules(self):
        groups = self.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


class Alertmanager(Service):
    def __init__(self, stage):
        file = stage.folder / "alertmanager.yml"
        file.write_text(ALERTMANAGER)
        super().__init__(stage, "alertmanager", [
            "prometheus-alertmanager", f"--config.file={file}", "--cluster.listen-address=",
            f"--storage.path={stage.folder / 'alertmanager'}"])
        stage.names["alertmanager"] = f"http://127.0.0.1:{self.port}"

    def alerts(self, **labels):
        """Those that fire and have these labels."""
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        return self.get("/api/v2/alerts", filter=wanted).json()


def expressions():
    """(where, expression, whether it selects: then the selectors in it have to give something)."""
    for file in DASHBOARDS:
        dashboard = json.loads(file.read_text())
        team = "alpha" if file.stem == "vastwatch-team" else ".*"
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                where = f"{file.stem}: {panel['title']} {target['refId']}"
                yield where, filled(target["expr"], team), False
        for annotation in dashboard["annotations"]["list"]:
            if "expr" in annotation:
                yield f"{file.stem}: {annotation['name']}", filled(annotation["expr"], team), True


def tool(*arguments):
    run = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


@unittest.skipUnless(all(map(shutil.which, NEEDED)), f"needs {', '.join(NEEDED)}")
class Shipped(unittest.TestCase):
    def check_tool(self, *arguments):
        code, text = tool(*arguments)
        self.assertEqual(code, 0, text)
        return text

    def test_rules_and_examples_are_well_formed(self):
        self.check_tool("promtool", "check", "rules", RULES)
        self.check_tool("promtool", "check", "config", "--syntax-only",
                        ETC / "prometheus" / "prometheus.example.yml")
        self.check_tool("amtool", "check-config",
                        ETC / "alertmanager" / "alertmanager.example.yml")

    def test_every_rule_fires_when_it_should_and_only_then(self):
        tests = RULES.with_name("vastwatch.rules.test.yml")
        self.check_tool("promtool", "test", "rules", tests)
        text = tests.read_text()
        for name in re.findall(r"- (?:alert|record): (\S+)", RULES.read_text()):
            self.assertIn(name, text, "a rule without a test")

    def test_alerts_take_their_way_to_people(self):
        def receiver(**labels):
            return self.check_tool(
                "amtool", "config", "routes", "test",
                f"--config.file={ETC / 'alertmanager' / 'alertmanager.example.yml'}",
                *(f"{name}={value}" for name, value in labels.items())).split()[0]

        self.assertEqual(receiver(alertname="VastwatchDown", severity="critical"), "on-call")
        self.assertEqual(receiver(alertname="VastwatchCapReached", severity="critical",
                                  dry_run="true"), "ops")
        self.assertEqual(receiver(alertname="VastwatchIdleWarning", severity="warning",
                                  team="ml-research"), "ml-research")
        self.assertEqual(receiver(alertname="VastwatchInstanceDestroyed", severity="critical"),
                         "ops")

    def test_dashboards_are_as_people_would_keep_them(self):
        self.assertEqual(len(DASHBOARDS), 2)
        for file in DASHBOARDS:
            text = file.read_text()
            board = json.loads(text)
            self.assertEqual(text, json.dumps(board, indent=2, ensure_ascii=False) + "\n")
            self.assertEqual(board["uid"], file.stem)
            numbers = [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(numbers), len(set(numbers)), "ids")
            for panel in board["panels"]:
                self.check_panel(panel)

    def check_panel(self, panel):
        kinds = {"row", "stat", "table", "bargauge", "timeseries", "state-timeline"}
        self.assertIn(panel["type"], kinds)
        if panel["type"] != "row":
            self.assertGreater(len(panel["description"]), 20, panel["title"])
            self.assertIn("unit", panel["fieldConfig"]["defaults"], panel["title"])
            for target in panel["targets"]:
                self.assertEqual(target["datasource"]["uid"], "${datasource}")


@unittest.skipUnless(all(map(shutil.which, NEEDED)), f"needs {', '.join(NEEDED)}")
class Live(Story):
    def start(self):
        self.simulator = self.stage.simulator(WORLD)
        self.hook = self.stage.receiver()
        self.hook.order(down=True)
        self.alertmanager = Alertmanager(self.stage)
        self.alertmanager.wait_alive("it is ready", self.alertmanager.is_ready)
        self.daemon = self.stage.daemon(CONFIG)
        self.prometheus = Prometheus(self.stage, self.daemon.port, self.alertmanager.port)
        self.prometheus.wait_alive("it is ready", self.prometheus.is_ready)

    def make_a_world_of_everything(self):
        self.simulator.fault("status", endpoint="user", code=500, count=1)
        wait_for("dry run decided", lambda: self.daemon.metrics().all(
            "vastwatch_actions_total", team="alpha", outcome="dry_run"))
        self.assertEqual(self.daemon.command("pause", reason="test").status, 200)
        wait_for("a request failed", lambda: any(
            labels["code"] == "500"
            for labels, _ in self.daemon.metrics().all("vastwatch_api_requests_total")))
        wait_for("an alert waits", lambda: self.daemon.metrics().all(
            "vastwatch_alerts_oldest_pending_timestamp_seconds", notifier="hook"))

    def test_every_expression_has_data_and_alerts_arrive_and_end(self):
        self.start()
        self.make_a_world_of_everything()
        self.check_own_alerts()
        rules = self.check_rules()
        self.check_data(rules)
        self.check_fired()

    def check_data(self, rules):
        """Each expression of the dashboards gives something; so does each selector in those of the
        rules, which as a whole are silent as long as all is well."""
        asked = [(where, part) for where, expression, parts in expressions()
                 for part in (selectors(expression) if parts else [expression])]
        asked += [(f"rule {rule['name']}", part)
                  for rule in rules for part in selectors(rule["query"])]
        self.assertGreater(len(asked), 100)
        empty = dict(enumerate(asked))

        def all_there():
            # Subqueries look at full minutes: they are asked as they will be after the next one.
            minute = (time.time() // 60 + 1) * 60
            for number, (_, expression) in list(empty.items()):
                if self.prometheus.query(expression, minute if ":1m]" in expression else None):
                    del empty[number]
            return not empty

        try:
            wait_for("there is data", all_there, 30)
        except AssertionError:
            self.fail("without data:\n" + "\n".join(f"{w}: {e}" for w, e in empty.values()))

    def check_rules(self):
        """All are loaded, and none of them failed to be evaluated."""
        names = re.findall(r"- (?:alert|record): (\S+)", RULES.read_text())

        def evaluated():
            rules = self.prometheus.rules()
            return all(rule["health"] != "unknown" for rule in rules) and rules

        rules = wait_for("the rules were evaluated", evaluated)
        self.assertCountEqual([rule["name"] for rule in rules], names)
        failed = [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"]
        self.assertEqual(failed, [])
        return rules

    def check_fired(self):
        """What has no delay is on its way to people, with its texts filled in."""
        firing = wait_for("the cap's alert fires", lambda: self.alertmanager.alerts(
            alertname="VastwatchTeamCapReached", team="beta", window="day"))
        [alert] = firing
        self.assertEqual(alert["labels"]["job"], "vastwatch")
        self.assertEqual(alert["annotations"]["summary"], "beta has reached its day cap")
        self.assertRegex(alert["annotations"]["description"], r"\$5\.\d\d")
        lasting = {"VastwatchTeamCapReached", "VastwatchBurningBeyondCap",
                   "VastwatchUnassignedSpend"}
        wait_for("others are about to fire", lambda: lasting <= self.named(("pending", "firing")))
        # Those without a delay: of the others nothing could be known after some seconds.
        quiet = {"VastwatchActionFailed", "VastwatchAccountCapReached", "VastwatchAlertsLost",
                 "VastwatchEnforcementPaused", "VastwatchRestarting", "VastwatchStateDamaged"}
        self.assertEqual(quiet & self.named(("firing",)), set())
        for rule in self.prometheus.rules():
            for one in rule.get("alerts", []):
                self.assertNotIn("error expanding", json.dumps(one["annotations"]))

    def named(self, states):
        """Names of the alerting rules in one of these states."""
        return {rule["name"] for rule in self.prometheus.rules() if rule.get("state") in states}

    def hang_up(self, text):
        self.stage.write_config(text)
        self.daemon.process.send_signal(signal.SIGHUP)

    def check_own_alerts(self):
        """What the daemon posts itself is an alert there, until the daemon says it is over."""
        reached = wait_for("its cap alert is there", lambda: self.alertmanager.alerts(
            alertname="VastwatchCapReached", team="beta", source="vastwatch"))
        self.assertEqual(reached[0]["labels"]["severity"], "critical")
        self.assertIn("beta", reached[0]["annotations"]["summary"])

        name = {"alertname": "VastwatchConfigRejected"}
        self.assertEqual(self.alertmanager.alerts(**name), [])
        self.hang_up(CONFIG.replace("daily_cap = 60", "daily_cap = -60"))
        [alert] = wait_for("it fires", lambda: self.alertmanager.alerts(**name))
        self.assertIn("daily_cap", alert["annotations"]["description"])
        self.assertEqual(alert["status"]["state"], "active")
        self.hang_up(CONFIG)
        wait_for("it is over", lambda: self.alertmanager.alerts(**name) == [])
        self.assertEqual(self.daemon.metrics().sum(
            "vastwatch_alerts_total", notifier="alertmanager", outcome="failed"), 0)


if __name__ == "__main__":
    unittest.main()
