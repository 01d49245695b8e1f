"""Killed at any call that writes or sends, and started again, it ends as if nothing had happened.

A short life of the daemon (an idle instance is warned about and destroyed, two are busy, thresholds
are crossed, it is reloaded and ended) is played once to number its calls, by the library preloaded
into it (tests/crash_points). Then it is played again for some of these numbers: the process is
killed before that call, after it, in its middle, or with a power cut that takes all unsynced writes
along; for some the restart is killed as well. Or it is not killed, and that call fails, or thirty.

    test_crash_points.py [--all] [--seconds N] [--parallel N] [--point N --when before …]

The sample is drawn from a seed; --all or VASTWATCH_CRASH_POINTS=all takes every point each way.
"""

import argparse
import collections
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import crashes
from harness import NANO, Daemon, Metrics, Stage, ask_port, nanoseconds, program

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "500ms"
request_interval = "10ms"
[defaults]
idle_for = "1500ms"
idle_warning = "700ms"
idle_max_gap = "60s"
startup_grace = "0s"
notify = ["hook"]
[team.a]
labels = ["a/*"]
daily_cap = 100000
cap_action = "alert"
[[alert]]
team = "a"
window = "day"
at = [%s]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""
FIRST = CONFIG % "6"
RELOADED = CONFIG % "6, 10"

IDLE = 101
BUSY = {"gpu_util": {"jitter": [60, 98]}}
# A dollar a second each, for 1.5 s when it all begins.
FLEET = [{"id": number, "label": "a/x", "dph_base": 3600, "storage_cost": 0, "start": "-1500ms",
          "behaviour": [{"gpu_util": 0} if number == IDLE else BUSY]}
         for number in (IDLE, 102, 103)]
ACCOUNT = {"credit": 900000, "unload_delay": "300ms", "instances": FLEET}

KILLS = ("before", "after", "torn", "power")
WAYS = (*KILLS, "fail")
LIMIT = 150  # seconds one play may take; a request whose fate is unknown is repeated after 30


@dataclasses.dataclass
class Plan:
    """Where the first process is killed, and perhaps the one started after it; or what fails."""

    point: int = 0  # 0 = nowhere
    when: str = "before"
    second: int = 0
    second_when: str = "before"
    calls: int = 1  # that fail

    def __str__(self):
        text = f"--point {self.point} --when {self.when} --calls {self.calls}"
        return text + (f" --second {self.second} --second-when {self.second_when}"
                       if self.second else "")


class Play:
    """One life of the daemon, with the kills of a plan; `problems` says what went wrong."""

    def __init__(self, plan):
        self.plan = plan
        self.kills = 0
        self.problems = []
        self.unnoted = set()
        self.failed = False  # it said that it could not write
        self.reloaded = False
        self.asked_to_end = False
        self.calls = []
        self.down_since = None
        self.downtime = 0.0
        self.spend = crashes.Spend()

    def run(self):
        self.began = time.monotonic()
        self.stage = Stage()
        self.hook = crashes.LocalReceiver()
        self.stage.names["hook"] = self.hook.url
        try:
            self.simulator = self.stage.simulator(ACCOUNT)
            self.start(FIRST)
            while not self.step():
                if time.monotonic() > self.began + LIMIT:
                    self.problems.append(f"not done after {LIMIT} s: {self.missing()}")
                    break
                time.sleep(0.1)
            self.daemon.kill()
            self.check()
        except Exception as error:  # told with the plan that led to it
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            self.took = time.monotonic() - self.began
            self.finish()
        return self

    def finish(self):
        try:
            self.problems += self.stage.close()
        except Exception as error:
            self.problems.append(f"{type(error).__name__}: {error}")
        self.hook.close()
        if self.problems and "E2E_KEEP" in os.environ:
            print(f"kept: {self.stage.folder}", flush=True)
        else:
            shutil.rmtree(self.stage.folder, ignore_errors=True)

    def start(self, config):
        kill = [(self.plan.point, self.plan.when), (self.plan.second, self.plan.second_when)]
        point, when = kill[self.kills] if self.kills < len(kill) else (0, "")
        calls = self.stage.folder / f"calls-{self.kills}"
        surroundings = {
            "LD_PRELOAD": os.environ["CRASH_POINTS"], "CRASH_POINTS_LIST": str(calls),
            "CRASH_POINTS_FOLDER": str(self.stage.folder / "state")}
        if point:
            surroundings.update(CRASH_POINTS_AT=str(point), CRASH_POINTS_WHEN=when,
                                CRASH_POINTS_CALLS=str(self.plan.calls))
        self.config = config
        self.daemon = self.stage.daemon(config, wait=False, environment=surroundings)
        self.calls.append(calls)

    def step(self):
        """Looks once and does what comes next; true at the end."""
        code = self.daemon.process.poll()
        if code is not None:
            return self.ended(code)
        if self.daemon.port is None:
            found = Daemon.STARTED.search(self.daemon.log())
            if not found:
                return False
            self.daemon.port = int(found[1])
            if self.down_since is not None:
                self.downtime += time.monotonic() - self.down_since
                self.down_since = None
        try:
            text = ask_port(self.daemon.port, "GET", "/metrics").text
        except OSError:
            return False  # it was killed just now
        self.latest = text
        self.spend.look(text, f"after kill {self.kills}")
        self.done = crashes.sample(text, "vastwatch_actions_total", 'outcome="done"')
        if not self.reloaded and self.hook.alerts("budget_threshold"):
            self.reloaded = True
            self.config = RELOADED
            self.stage.write_config(RELOADED)
            self.daemon.process.send_signal(signal.SIGHUP)
        elif not self.asked_to_end and not self.missing():
            problem = crashes.audit_verify(self.daemon.socket)
            if self.daemon.alive:
                self.problems += [problem] if problem else []
                self.asked_to_end = True
                self.daemon.ended = True
                self.daemon.process.send_signal(signal.SIGTERM)
        return False

    def missing(self):
        """What has yet to happen, in words."""
        if not self.hook.alerts("budget_threshold"):
            return "the first threshold"
        if len({a["threshold"] for a in self.hook.alerts("budget_threshold")}) < 2:
            return "the threshold of the new configuration"
        if not self.hook.alerts("idle_warning"):
            return "the warning"
        if not self.hook.alerts("instance_destroyed"):
            return "the news of the end of the idle one"
        return "" if self.done == 1 else "the count of what was done"

    def ended(self, code):
        """The process ended: as planned, or it is a problem. True when that was the last."""
        self.daemon.ended = True
        self.daemon.log_file.close()
        planned = self.kills < 1 + bool(self.plan.second) and self.plan.point
        # What fails at the start is a reason not to start; then systemd tries again.
        refused = self.plan.when == "fail" and code == 1 and self.daemon.lines("start_failed")
        if planned and (code == -signal.SIGKILL or refused):
            self.kills += 1
            self.down_since = time.monotonic()
            self.asked_to_end = False
            self.start(self.config)
            return False
        if code != 0 or not self.asked_to_end:
            self.problems.append(f"it ended with {code}: {self.daemon.log()[-1500:]}")
        return True

    def check(self):
        destroys = self.simulator.journal("api.destroy")
        asked = [one for entry in destroys for one in entry["detail"]["ids"]]
        if asked != [IDLE]:
            self.problems.append(f"destroys were asked for {asked}, not once for {IDLE}")
        # A medium that fails, works and fails again is told of twice, and that is two things.
        self.problems += crashes.told_apart(
            [a for a in self.hook.taken()
             if self.plan.when != "fail" or a["kind"] != "state_unwritable"])
        # What vanished while the API was out of reach is not billed over that gap, so spend that
        # was shown meanwhile is taken back; a kill takes nothing back.
        self.problems += [] if self.plan.when == "fail" else self.spend.falls
        records = self.daemon.audit()
        self.check_warning(destroys, records)
        self.check_thresholds()
        self.problems += crashes.state_problems(self.daemon.state)
        self.problems += crashes.audit_problems(records, destroys)
        self.note_unnoted(records)
        log = self.daemon.log_path.read_text(errors="replace")
        for event in ("state_corrupt", "audit_broken", "state_unwritable", "stop_slow"):
            failing = event == "state_unwritable" and self.plan.when == "fail"
            if f" {event}: " in log and not failing:
                self.problems.append(f"the log tells of {event}")
        self.failed = " state_unwritable: " in log or " start_failed: " in log
        self.check_truth()

    def note_unnoted(self, records):
        """Steps of the idle one that the audit log lost: the state knew of them a moment before."""
        noted = {record["outcome"] for record in records if record.get("instance_id") == IDLE}
        self.unnoted = {"due", "warned", "verified", "confirmed"} - noted

    def check_warning(self, destroys, records):
        """It stood its time, and somebody had taken it, before the request."""
        warned = [r["timestamp"] for r in records if r.get("outcome") == "warned"]
        taken = crashes.ask_state(
            self.daemon.state, "SELECT min(ended) FROM outbox JOIN alerts ON alert = id"
            " WHERE kind = 'idle_warning' AND state = 'delivered'")
        for warning in self.hook.alerts("idle_warning")[:1]:
            if [i["id"] for i in warning["instances"]] != [IDLE]:
                self.problems.append(f"the warning is about {warning['instances']}")
        for entry in destroys[:1]:
            if warned and entry["at_ns"] - nanoseconds(warned[0]) < 0.7 * NANO:
                self.problems.append("destroyed before the warning had stood its time")
            if not taken or not taken[0][0] or taken[0][0] > entry["at_ns"]:
                self.problems.append(f"destroyed before the warning was taken: {taken}")

    def check_thresholds(self):
        told = [a["threshold"] for a in self.hook.alerts("budget_threshold")]
        if told != sorted(told, key=lambda t: float(t.strip("$"))):
            self.problems.append(f"thresholds were told in the order {told}")

    def check_truth(self):
        """Spend is the true one, plus what the idle one would have cost while it was gone unseen.

        It costs a dollar a second. After a gap in which it went it counts up to before the gap.
        """
        metrics = Metrics(self.latest)
        shown = metrics.get("vastwatch_team_spend_dollars", team="a", window="day")
        truth = self.simulator.truth(metrics.at_ns)["teams"]["a"]["spend"]
        over = float(shown) - float(truth)
        least = -0.000001 if self.downtime < 1 else -1.5
        if self.plan.when != "fail" and not least < over < self.downtime + 5:
            self.problems.append(f"spend is {shown}, truth {truth}")

    def numbered(self, which=0):
        """The calls of the process started as number `which`: [(call, target)]."""
        if which >= len(self.calls):
            return []
        lines = self.calls[which].read_text().splitlines()
        return [tuple(line.split(" ")[1:3]) for line in lines]


class Campaign:
    """Many plays side by side, and their totals."""

    def __init__(self, plans, parallel, seconds):
        self.plans = plans  # an iterator
        self.parallel = parallel
        self.until = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.plays = []

    def run(self):
        threads = [threading.Thread(target=self.work) for _ in range(self.parallel)]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        for thread in threads:
            thread.join()

    def next_plan(self):
        with self.lock:
            return next(self.plans, None) if time.monotonic() < self.until else None

    def work(self):
        while (plan := self.next_plan()) is not None:
            play = Play(plan).run()
            with self.lock:
                self.plays.append(play)
                if play.problems:
                    print(f"VIOLATION with {plan}:", *play.problems, sep="\n  ", flush=True)
                elif len(self.plays) % 100 == 0:
                    print(f"{len(self.plays)} plays", flush=True)

    @property
    def violations(self):
        return [play for play in self.plays if play.problems]

    def report(self, points, began):
        ways = collections.Counter(
            play.plan.when for play in self.plays if play.kills and play.plan.when != "fail")
        kills = sum(play.kills for play in self.plays if play.plan.when != "fail")
        slow = sum(play.took > 25 for play in self.plays)
        failing = [play for play in self.plays if play.plan.when == "fail"]
        print(f"{len(self.plays)} plays of a life with {points} numbered calls: {kills} kills "
              f"({', '.join(f'{n} {way}' for way, n in sorted(ways.items()))}; "
              f"{sum(play.kills == 2 for play in self.plays)} restarts killed as well), "
              f"{len(failing)} with calls that failed ({sum(play.failed for play in failing)} of "
              f"them said so), "
              f"{sum(play.spend.scrapes for play in self.plays)} scrapes, {slow} waited for the "
              f"second try, {sum(bool(play.unnoted) for play in self.plays)} lost a step from the "
              f"audit log, {len(self.violations)} violations, {time.monotonic() - began:.0f} s",
              flush=True)


RESTART = 60  # calls of a restart from which a second kill is drawn


MANY = 30  # calls that fail at a stretch


def every_plan(calls, random, ways):
    """Each point each way; then each early point of a restart each way, after a point by chance."""
    for when in ways:
        for point in range(1, len(calls) + 1):
            yield Plan(point, when)
    for point in range(1, len(calls) + 1, 3) if "fail" in ways else ():
        yield Plan(point, "fail", calls=MANY)
    for when in KILLS if ways == WAYS else ():
        for second in range(1, RESTART + 1):
            yield Plan(random.randint(1, len(calls)), random.choice(KILLS), second, when)


def drawn_plans(calls, random):
    """Without end; rare calls as often as the many writes to SQLite's log."""
    kinds = collections.defaultdict(list)
    for number, kind in enumerate(calls, 1):
        kinds[kind].append(number)
    kinds = sorted(kinds.items())
    while True:
        rare = random.random() < 0.5
        point = random.choice(random.choice(kinds)[1]) if rare else random.randint(1, len(calls))
        plan = Plan(point, random.choice(WAYS))
        if plan.when == "fail":
            plan.calls = random.choice((1, MANY))
        elif random.random() < 0.25:
            plan.second = random.randint(1, RESTART)
            plan.second_when = random.choice(KILLS)
        yield plan


class CountingPlay(Play):
    """Nothing is killed; keeps the numbered calls."""

    def finish(self):
        self.counted = self.numbered()
        super().finish()


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true",
                        default=os.environ.get("VASTWATCH_CRASH_POINTS") == "all")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="of --all")
    parser.add_argument("--seconds", type=float, default=25, help="how long new plays begin")
    parser.add_argument("--parallel", type=int, default=0)
    parser.add_argument("--point", type=int, help="one plan, as a violation prints it")
    parser.add_argument("--when", choices=WAYS, default="before")
    parser.add_argument("--second", type=int, default=0)
    parser.add_argument("--second-when", choices=KILLS, default="before")
    parser.add_argument("--calls", type=int, default=1, help="how many fail")
    return parser.parse_args()


def why_not():
    """Why nothing can be preloaded here; empty when it can."""
    done = subprocess.run(
        [program("vastwatchd"), "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=dict(os.environ, LD_PRELOAD=os.environ["CRASH_POINTS"]), timeout=60)
    return "" if done.returncode == 0 else done.stdout.strip() or f"exit {done.returncode}"


def main():
    chosen = options()
    reason = why_not()
    if reason:  # such as a sanitizer's library that has to come first
        print(f"not played: the library cannot be preloaded: {reason}")
        return 0
    began = time.monotonic()
    seed = crashes.fresh_seed("crash points")
    chance = random.Random(seed)
    counting = CountingPlay(Plan()).run()
    if counting.problems:
        print("without any kill:", *counting.problems, sep="\n  ")
        return 1
    calls = counting.counted
    parallel = chosen.parallel or 6 * (os.cpu_count() or 1)
    if chosen.point is not None:
        plans = [Plan(chosen.point, chosen.when, chosen.second, chosen.second_when,
                      chosen.calls)]
        campaign = Campaign(iter(plans), 1, LIMIT)
    elif chosen.all:
        campaign = Campaign(every_plan(calls, chance, chosen.ways), parallel, 24 * 3600)
    else:
        campaign = Campaign(drawn_plans(calls, chance), parallel, chosen.seconds)
    campaign.run()
    campaign.report(len(calls), began)
    kinds = collections.Counter(f"{call} {target}" for call, target in calls
                                if not target.startswith(":"))
    print("calls:", ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()),
          f"and {sum(target.startswith(':') for _, target in calls)} sends")
    struck = any(play.kills or play.failed for play in campaign.plays)
    return 0 if struck and not campaign.violations else 1


if __name__ == "__main__":
    sys.exit(main())
