"""The package on a Debian machine, from its installation to its purge. See run.sh.

usage: story.py DEB ROOT: the package, and a root file system of its own that is changed.
Needs VASTSIM, the simulated account, which runs on the machine's network.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from machine import Machine, obstacle, wait_for

KEY = "boot-test-key-that-must-never-be-shown-0123456789"
API = "http://127.0.0.1:7001"
STATE = "/var/lib/vastwatch"
RESTARTS = 10  # under the socket unit, while somebody asks without a pause
ACCOUNT = {"credit": 500, "key": KEY, "instances": [
    {"id": 101, "label": "research/idle", "dph_base": 1, "start": "-1h",
     "behaviour": [{"gpu_util": 0}]},
    {"id": 102, "label": "research/busy", "dph_base": 2, "start": "-1h",
     "behaviour": [{"gpu_util": {"jitter": [60, 98]}}]}]}
TEAMS = """[defaults]
idle_for = "5s"
idle_warning = "0s"
idle_max_gap = "5s"
startup_grace = "0s"
{defaults}
[team.research]
labels = ["research/*"]
{team}
[notifier.ops]
type = "email"
to = ["ops@example.org"]
[smtp]
server = "smtp://127.0.0.1:2525"
starttls = "off"
username = "vastwatch"
password_credential = "smtp-password"
from = "vastwatch@example.org"
"""


class Story:
    def __init__(self, deb, machine, folder):
        self.deb = deb
        self.machine = machine
        self.folder = folder
        self.simulator = None
        self.spent = 0.0

    # --- What the steps share.

    def run(self, *command, **settings):
        return self.machine.run(*command, **settings)

    def show(self, name, unit="vastwatch.service"):
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()

    def journal(self, **fields):
        """The service's entries in the journal that have these fields, oldest first."""
        matches = [f"{name}={value}" for name, value in fields.items()]
        text = self.run("journalctl", "--output=json", "--all", "--no-pager",
                        "_SYSTEMD_UNIT=vastwatch.service", *matches).stdout
        return [json.loads(line) for line in text.splitlines()]

    def get(self, path):
        """Status and body of what the service answers to a reader on its machine."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.machine.first), "--net", "curl", "--silent",
             "--max-time", "10", "--write-out", "\n%{http_code}", f"http://127.0.0.1:9877{path}"],
            text=True, stdout=subprocess.PIPE, timeout=30, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def metric(self, series):
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else None

    def ready(self):
        return self.get("/-/ready")[0] == 200

    def configure_teams(self, team="", defaults=""):
        self.machine.write("/etc/vastwatch.conf.d/10-teams.conf",
                           TEAMS.format(team=team, defaults=defaults), 0o640)
        self.run("chgrp", "vastwatch", "/etc/vastwatch.conf.d/10-teams.conf")

    def start_simulator(self):
        account = self.folder / "account.json"
        account.write_text(json.dumps(ACCOUNT))
        self.simulator = self.machine.start_on_its_network(
            os.environ["VASTSIM"], "--account", account, "--listen", "127.0.0.1:7001",
            "--control", "127.0.0.1:7002", "--rate-scale", "0", "--charge-lag", "1s",
            "--port-file", self.folder / "ports.json",
            stdout=(self.folder / "vastsim.log").open("ab"), stderr=subprocess.STDOUT)
        wait_for("vastsim listens", lambda: (self.folder / "ports.json").exists())

    def stop_simulator(self):
        if self.simulator:
            self.simulator.terminate()
            self.simulator.wait(10)
            self.simulator = None
            (self.folder / "ports.json").unlink(missing_ok=True)

    # --- The steps, in this order.

    def installs_without_starting(self):
        shutil.copy(self.deb, self.machine.root / "root/vastwatch.deb")
        self.run("dpkg", "--install", "/root/vastwatch.deb")
        expect(self.show("UnitFileState"), "disabled")
        expect(self.show("ActiveState"), "inactive")
        owners = self.run("stat", "--format=%n %a %U:%G", "/etc/vastwatch.conf",
                          "/etc/vastwatch.conf.d").stdout.splitlines()
        expect(owners, ["/etc/vastwatch.conf 640 root:vastwatch",
                        "/etc/vastwatch.conf.d 750 root:vastwatch"])
        shell = self.run("getent", "passwd", "vastwatch").stdout.strip().split(":")[-1]
        expect(shell, "/usr/sbin/nologin")

    def its_units_are_right_and_tight(self):
        for unit in ("vastwatch.service", "vastwatch.socket"):
            done = self.run("systemd-analyze", "verify", "--man=no",
                            f"/lib/systemd/system/{unit}")
            expect(done.stdout + done.stderr, "")
        text = self.run("systemd-analyze", "security", "vastwatch.service", "--no-pager").stdout
        level = float(re.search(r"exposure level for vastwatch.service: ([0-9.]+)", text)[1])
        at_most(level, 1.5)
        return f"exposure {level}"

    def starts_only_when_configured(self):
        done = self.run("vastwatchd", "--check-config", check=False)
        expect(done.returncode, 1)
        contains(done.stderr, "/etc/credstore")
        done = self.run("systemctl", "enable", "--now", "vastwatch", check=False)
        differs(done.returncode, 0)
        expect(self.show("ExecMainStatus"), "78")
        time.sleep(6)  # RestartSec is 5 s: it would have been tried again by now
        expect(self.show("NRestarts"), "0")
        expect(self.show("ActiveState"), "failed")
        [entry] = self.journal(VASTWATCH_EVENT="start_failed")
        contains(entry["MESSAGE"], "account.main.api_key_credential")
        contains(entry["MESSAGE"], "/etc/credstore")
        expect(entry["PRIORITY"], "3")

    def becomes_ready_once_it_has_a_key(self):
        self.start_simulator()
        self.machine.write("/etc/credstore/vast-api-key", KEY + "\n", 0o600)
        self.machine.write("/etc/credstore/smtp-password", "boot-test-password\n", 0o600)
        config = (self.machine.root / "etc/vastwatch.conf").read_text()
        self.edited = config.replace(
            '#url = "https://console.vast.ai"',
            f'url = "{API}"\npoll_interval = "1s"\nbilling_interval = "1s"\n'
            'request_interval = "10ms"')
        differs(self.edited, config)
        (self.machine.root / "etc/vastwatch.conf").write_text(self.edited)
        self.configure_teams()
        done = self.run("vastwatchd", "--check-config")
        contains(done.stdout, "valid")
        began = time.monotonic()
        self.run("systemctl", "start", "vastwatch")
        took = time.monotonic() - began
        expect(self.show("ActiveState"), "active")
        wait_for("/-/ready is 200", self.ready)
        age = time.time() - self.metric("process_start_time_seconds")
        at_most(abs(age), 60)
        wait_for("the status line says what it sees",
                 lambda: "2 instances" in self.show("StatusText"))
        return f"systemctl start took {took:.2f} s; {self.show('StatusText')}"

    def shows_its_key_nowhere(self):
        pid = self.show("MainPID")
        environment = (pathlib.Path(f"/proc/{self.host_pid(pid)}/environ")).read_bytes()
        lacks(environment.decode(), KEY)
        shown = self.run("systemctl", "show", "vastwatch").stdout
        shown += self.run("journalctl", "--output=json", "--all", "--no-pager").stdout
        shown += self.run("vastwatchctl", "config").stdout + self.get("/metrics")[1]
        lacks(shown, KEY)
        lacks(shown, "boot-test-password")
        users = self.run("stat", "--format=%a %U", "/etc/credstore/vast-api-key").stdout.strip()
        expect(users, "600 root")

    def host_pid(self, pid):
        """The process that the machine knows by this id."""
        for entry in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                found = re.search(r"^NSpid:\t\d+\t(\d+)$", entry.read_text(), re.MULTILINE)
                name = (entry.parent / "comm").read_text().strip()
            except OSError:
                continue
            if found and found[1] == pid and name == "vastwatchd":
                return entry.parent.name
        raise AssertionError(f"there is no vastwatchd with the inner id {pid}")

    def obeys_its_operators_only(self):
        self.run("useradd", "--groups", "vastwatch", "operator1")
        self.run("useradd", "stranger")
        status = self.run("vastwatchctl", "status", user="operator1").stdout
        contains(status, "research")
        done = self.run("vastwatchctl", "status", user="stranger", check=False)
        expect(done.returncode, 3)
        self.run("vastwatchctl", "protect", "102", "--for", "2h", user="operator1")
        uid = self.run("id", "--user", "operator1").stdout.strip()
        line = self.run("tail", "-n1", f"{STATE}/audit.jsonl").stdout
        expect(json.loads(line)["actor"], f"uid:{uid}")

    def logs_what_it_does_with_fields(self):
        [entry, *_] = wait_for("the dry run is in the journal", lambda: self.journal(
            VASTWATCH_EVENT="action", VASTWATCH_OUTCOME="dry_run"))
        expect(entry["VASTWATCH_INSTANCE"], "101")
        expect(entry["VASTWATCH_TEAM"], "research")
        expect(entry["VASTWATCH_ACTION"], "destroy")
        expect(entry["VASTWATCH_ACCOUNT"], "main")
        expect(entry["SYSLOG_IDENTIFIER"], "vastwatchd")
        explained = self.run("journalctl", "--catalog", "--no-pager",
                             f"MESSAGE_ID={entry['MESSAGE_ID']}").stdout
        contains(explained, "would have been taken down")
        contains(explained, "Instance 101 of team research")
        for event in ("started", "alert"):
            for found in self.journal(VASTWATCH_EVENT=event):
                contains(found.get("MESSAGE_ID", ""), re.compile("^[0-9a-f]{32}$"))

    def reloads_a_good_file(self):
        self.configure_teams(team="daily_cap = 123.45")
        self.run("systemctl", "reload", "vastwatch")
        contains(self.run("vastwatchctl", "config").stdout, "123.45")
        expect(self.show("ActiveState"), "active")
        expect(self.metric("vastwatch_config_last_reload_successful"), 1.0)
        differs(self.journal(VASTWATCH_EVENT="config_reloaded"), [])

    def keeps_the_old_one_when_the_file_is_bad(self):
        pid = self.show("MainPID")
        self.configure_teams(team="daily_cup = 1")
        done = self.run("systemctl", "reload", "vastwatch", check=False)
        differs(done.returncode, 0)
        expect(self.show("ActiveState"), "active")
        expect(self.show("MainPID"), pid)
        contains(self.run("vastwatchctl", "config").stdout, "123.45")
        expect(self.metric("vastwatch_config_last_reload_successful"), 0.0)
        [entry] = self.journal(VASTWATCH_EVENT="config_rejected")
        contains(entry["MESSAGE"], "daily_cup")
        self.configure_teams(team="daily_cap = 123.45")
        self.run("systemctl", "reload", "vastwatch")

    def is_started_again_when_its_loop_stands_still(self):
        # Shorter than as shipped, so that the test need not wait so long.
        self.machine.write("/etc/systemd/system/vastwatch.service.d/watchdog.conf",
                           "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=1s\nRestartSec=100ms\n")
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "restart", "vastwatch")
        before = self.show("MainPID")
        began = time.monotonic()
        self.run("kill", "-STOP", before)
        wait_for("systemd has started it again",
                 lambda: self.show("MainPID") not in ("0", before) and
                 self.show("ActiveState") == "active")
        took = time.monotonic() - began
        expect(self.show("NRestarts"), "1")
        wait_for("/-/ready is 200 again", self.ready)
        # Silent while all is well: no further restart within two intervals.
        after = self.show("MainPID")
        time.sleep(4)
        expect(self.show("MainPID"), after)
        shutil.rmtree(self.machine.root / "etc/systemd/system/vastwatch.service.d")
        self.run("systemctl", "daemon-reload")
        return f"running again after {took:.1f} s, with WatchdogSec=2s"

    def what_is_kept(self):
        audit = self.run("cat", f"{STATE}/audit.jsonl").stdout.splitlines()
        spent = self.metric('vastwatch_team_spend_dollars{team="research",window="lifetime"}')
        protected = "102" in self.run("vastwatchctl", "status", "--json").stdout
        return len(audit), spent, protected

    def expect_kept(self, before, same_account=True):
        wait_for("/-/ready is 200", self.ready)
        wait_for("it knows the spend", lambda: self.what_is_kept()[1] is not None)
        audit, spent, protected = self.what_is_kept()
        at_least(audit, before[0])
        if same_account:
            at_least(spent, before[1] - 0.001)  # charges are rounded to a tenth of a cent
        expect(protected, before[2])
        contains(self.run("vastwatchctl", "explain", "102").stdout, re.compile("protect", re.I))
        expect(self.run("vastwatchctl", "audit", "verify", check=False).returncode, 0)

    def keeps_its_state_over_a_restart(self):
        before = self.what_is_kept()
        pid = self.show("MainPID")
        self.run("systemctl", "restart", "vastwatch")
        differs(self.show("MainPID"), pid)
        self.expect_kept(before)
        return f"{before[0]} audit records, ${before[1]:.4f} spent, one protection"

    def keeps_state_and_edits_over_an_upgrade(self):
        before = self.what_is_kept()
        pid = self.show("MainPID")
        version = self.run("dpkg-query", "--show", "--showformat=${Version}", "vastwatch").stdout
        shutil.copy(self.newer_package(version + "+boot"), self.machine.root / "root/newer.deb")
        self.run("dpkg", "--force-confdef", "--force-confold", "--install", "/root/newer.deb")
        differs(self.show("MainPID"), pid)
        expect(self.show("ActiveState"), "active")
        expect((self.machine.root / "etc/vastwatch.conf").read_text(), self.edited)
        contains((self.machine.root / "etc/vastwatch.conf.dpkg-dist").read_text(), "# Newer.")
        owner = self.run("stat", "--format=%a %U:%G", "/etc/vastwatch.conf").stdout.strip()
        expect(owner, "640 root:vastwatch")
        self.expect_kept(before)

    def newer_package(self, version):
        """The same package with a higher version and another configuration as shipped."""
        tree = self.folder / "newer"
        subprocess.run(["dpkg-deb", "--raw-extract", self.deb, tree], check=True)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}",
                                  control.read_text()))
        with (tree / "etc/vastwatch.conf").open("a") as file:
            file.write("# Newer.\n")
        package = self.folder / "newer.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, package],
                       check=True, stdout=subprocess.DEVNULL)
        return package

    def takes_its_port_from_systemd(self):
        self.run("systemctl", "stop", "vastwatch")
        self.run("systemctl", "start", "vastwatch.socket")
        expect(self.show("ActiveState"), "inactive")
        expect(self.get("/-/healthy")[0], 200)
        expect(self.show("ActiveState"), "active")
        # A scraper that never stops asking is refused nothing while the service restarts.
        refused = 0
        asked = 0
        for _ in range(RESTARTS):
            self.run("systemctl", "reset-failed", "vastwatch")  # more than one in ten seconds
            restart = subprocess.Popen(
                ["nsenter", "--target", str(self.machine.first), "--all", "systemctl", "restart",
                 "vastwatch"])
            enough = asked + 20
            while restart.poll() is None or asked < enough:
                asked += 1
                refused += self.get("/-/healthy")[0] != 200
        expect(refused, 0)
        # An upgrade restarts them both, although neither can be restarted under the other.
        self.run("systemctl", "enable", "vastwatch.socket")
        before = self.show("MainPID")
        self.run("dpkg", "--force-confdef", "--force-confold", "--install", "/root/newer.deb")
        expect(self.get("/-/healthy")[0], 200)
        differs(self.show("MainPID"), before)
        expect(self.show("ActiveState", "vastwatch.socket"), "active")
        self.run("systemctl", "disable", "--now", "vastwatch.socket")
        self.run("systemctl", "stop", "vastwatch.service")
        self.run("systemctl", "start", "vastwatch")
        return f"{asked} requests over {RESTARTS} restarts, none refused"

    def stops_in_five_seconds(self):
        wait_for("/-/ready is 200", self.ready)
        began = time.monotonic()
        self.run("systemctl", "stop", "vastwatch")
        took = time.monotonic() - began
        at_most(took, 5)
        expect(self.show("Result"), "success")
        differs(self.journal(VASTWATCH_EVENT="stopped"), [])
        self.run("systemctl", "start", "vastwatch")
        wait_for("/-/ready is 200", self.ready)
        return f"{took:.2f} s"

    def comes_back_with_the_machine(self):
        before = self.what_is_kept()
        self.stop_simulator()
        self.machine.power_off()
        self.machine.boot()
        self.start_simulator()
        expect(self.show("ActiveState"), "active")
        # The simulated account lived on the network that went down; this one has spent less.
        self.expect_kept(before, same_account=False)

    def is_removed_and_leaves_configuration_and_state(self):
        self.run("dpkg", "--remove", "vastwatch")
        expect((self.machine.root / "usr/sbin/vastwatchd").exists(), False)
        expect(self.run("pgrep", "vastwatchd", check=False).returncode, 1)
        expect((self.machine.root / "etc/vastwatch.conf").read_text(), self.edited)
        expect((self.machine.root / "var/lib/vastwatch/audit.jsonl").exists(), True)

    def leaves_nothing_after_a_purge(self):
        self.run("dpkg", "--purge", "vastwatch")
        found = self.run(
            "find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path",
            "/var/log/journal", "-o", "-path", "/root", ")", "-prune", "-o", "-name",
            "*vastwatch*", "-print").stdout.split()
        found += self.run("find", "/run", "-xdev", "-name", "*vastwatch*").stdout.split()
        expect(found, [])
        expect(self.run("getent", "passwd", "vastwatch", check=False).stdout, "")
        expect(self.run("getent", "group", "vastwatch", check=False).stdout, "")
        expect(self.run("systemctl", "is-system-running", check=False).stdout.strip(), "running")
        units = self.run("systemctl", "list-units", "--all", "--no-legend", "vastwatch*").stdout
        expect(units, "")


STEPS = [
    Story.installs_without_starting,
    Story.its_units_are_right_and_tight,
    Story.starts_only_when_configured,
    Story.becomes_ready_once_it_has_a_key,
    Story.shows_its_key_nowhere,
    Story.obeys_its_operators_only,
    Story.logs_what_it_does_with_fields,
    Story.reloads_a_good_file,
    Story.keeps_the_old_one_when_the_file_is_bad,
    Story.is_started_again_when_its_loop_stands_still,
    Story.keeps_its_state_over_a_restart,
    Story.keeps_state_and_edits_over_an_upgrade,
    Story.takes_its_port_from_systemd,
    Story.stops_in_five_seconds,
    Story.comes_back_with_the_machine,
    Story.is_removed_and_leaves_configuration_and_state,
    Story.leaves_nothing_after_a_purge,
]


def expect(found, wanted):
    if found != wanted:
        raise AssertionError(f"found {found!r} instead of {wanted!r}")


def differs(found, unwanted):
    if found == unwanted:
        raise AssertionError(f"found {found!r}")


def at_most(found, limit):
    if found > limit:
        raise AssertionError(f"found {found} where at most {limit} is right")


def at_least(found, limit):
    if found < limit:
        raise AssertionError(f"found {found} where at least {limit} is right")


def contains(text, part):
    if not re.search(part if isinstance(part, re.Pattern) else re.escape(part), text):
        raise AssertionError(f"no {part!r} in {text[-1500:]!r}")


def lacks(text, part):
    if part in text:
        raise AssertionError(f"{part!r} is shown")


def tell(story):
    """Every step, each with its time; the first that fails ends it."""
    for step in STEPS:
        name = step.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            note = step(story)
        except Exception as problem:
            print(f"FAILED {time.monotonic() - began:5.1f} s  {name}: {problem}", flush=True)
            text = story.machine.run("journalctl", "--no-pager", "--lines=40", check=False).stdout
            print(text, flush=True)
            return 1
        print(f"ok     {time.monotonic() - began:5.1f} s  {name}" + (f": {note}" if note else ""),
              flush=True)
    return 0


def main(deb, root):
    why = obstacle()
    if why:
        print(f"skipped: {why}")
        return 77
    with tempfile.TemporaryDirectory(prefix="vastwatch-boot-") as folder:
        folder = pathlib.Path(folder)
        machine = Machine(root, folder / "console.log")
        story = Story(deb, machine, folder)
        try:
            print(f"booted in {machine.boot():.2f} s: "
                  f"{machine.run('systemctl', '--version').stdout.splitlines()[0]}", flush=True)
            return tell(story)
        finally:
            story.stop_simulator()
            machine.power_off()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
