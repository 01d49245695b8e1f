"""Whatever happens to its files: nothing is destroyed wrongly, it says so, and it goes on.

Every story has a daemon of its own with an idle instance and two busy ones. It is killed once the
idle one was warned about; then its files are damaged, and it is started again. All stories run side
by side, since they mostly wait.
"""

import concurrent.futures
import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import time
import unittest

import crashes
from harness import NANO, Stage, nanoseconds, wait_for

CONFIG = """
[enforcement]
mode = "enforce"
[account.main]
api_key_env = "VAST_API_KEY"
url = "${api}"
poll_interval = "500ms"
billing_interval = "1s"
request_interval = "10ms"
[defaults]
idle_for = "4s"
idle_warning = "2500ms"
idle_max_gap = "60s"
startup_grace = "0s"
notify = ["hook"]
[team.a]
labels = ["a/*"]
since = 2026-01-01
daily_cap = 100000
cap_action = "alert"
[[alert]]
team = "a"
window = "day"
at = [5]
[notifier.hook]
type = "webhook"
url = "${hook}"
"""
IDLE_FOR = 4 * NANO
WARNING = 2.5 * NANO
IDLE = 101
BUSY = {"gpu_util": {"jitter": [60, 98]}}
# Two hours old: what they cost before comes from charges, after the loss of the state as well.
ACCOUNT = {"credit": 900000, "unload_delay": "300ms", "charge_lag": "1s", "instances": [
    {"id": number, "label": "a/x", "dph_base": 3.6, "storage_cost": 0, "start": "-2h",
     "behaviour": [{"gpu_util": 0} if number == IDLE else BUSY]} for number in (IDLE, 102, 103)]}


class Skip(Exception):
    pass


class Case(unittest.TestCase):
    """One story. What it does to the files is a function of this."""

    maxDiff = None

    def __init__(self, chance):
        super().__init__()
        self.random = chance
        self.stage = Stage()
        self.hook = crashes.LocalReceiver()
        self.stage.names["hook"] = self.hook.url
        self.simulator = self.stage.simulator(ACCOUNT)
        self.state = self.stage.folder / "state"
        self.undo = contextlib.ExitStack()
        self.lost = False  # the state, so that everything begins anew; None = perhaps

    def start(self, **more):
        self.started_ns = time.time_ns()
        self.daemon = self.stage.daemon(CONFIG, **more)

    def kill_after_the_warning(self):
        """A life that ends by SIGKILL between the warning and its deadline."""
        self.start()
        wait_for("the threshold is told", lambda: self.hook.alerts("budget_threshold"))
        wait_for("the warning is told", lambda: self.hook.alerts("idle_warning"))
        wait_for("that is noted", lambda: self.daemon.metrics().get(
            "vastwatch_alerts_pending", notifier="hook") == 0)
        self.daemon.kill()
        self.assertEqual(self.simulator.destroyed(), {})

    def end_after_the_warning(self):
        """The same with an orderly end: no log of SQLite's remains."""
        self.kill_after_the_warning()
        self.start()
        self.daemon.wait_ready()
        self.assertEqual(self.daemon.end(), 0)
        self.assertEqual(self.simulator.destroyed(), {})

    def goes_on(self):
        """Started again: the idle one goes when it should, the figures are right."""
        self.start()
        self.daemon.wait_ready()
        if self.lost is None:
            self.lost = bool(self.daemon.lines("state_corrupt"))
        wait_for("the idle one goes", self.simulator.destroyed)
        wait_for("that is told", lambda: self.hook.alerts("instance_destroyed"))
        destroys = self.simulator.journal("api.destroy")
        self.assertEqual([i for entry in destroys for i in entry["detail"]["ids"]], [IDLE])
        at = destroys[0]["at_ns"]
        warned = nanoseconds(self.hook.alerts("idle_warning")[-1]["time"])
        self.assertGreaterEqual(at - warned, WARNING)
        if self.lost:
            self.assertGreaterEqual(at - self.started_ns, IDLE_FOR, "a whole period of its own")
        told = len({alert["id"] for alert in self.hook.alerts("budget_threshold")})
        self.assertLessEqual(told, 2 if self.lost else 1)
        self.money_is_right()

    def money_is_right(self):
        def right():
            metrics = self.daemon.metrics()
            shown = float(metrics.get("vastwatch_team_spend_dollars", team="a", window="lifetime"))
            truth = float(self.simulator.truth(metrics.at_ns)["teams"]["a"]["spend"])
            self.shown = shown, truth
            return abs(shown - truth) < 0.05
        with contextlib.suppress(AssertionError):
            wait_for("spend is right", right, 15)
            return
        self.fail(f"spend and truth are {self.shown}")

    def verified(self):
        self.assertEqual(crashes.audit_verify(self.daemon.socket), "")

    def says(self, *events, never=()):
        for event in events:
            self.assertEqual(len(self.daemon.lines(event)), 1, f"{event}\n{self.daemon.log()}")
        for event in never:
            self.assertEqual(self.daemon.lines(event), [])

    def refuses_to_start(self, *words):
        """It ends by itself, with an error that has these words; nothing happens to anybody."""
        self.start(wait=False)
        self.assertEqual(self.daemon.wait_end(), 1)
        self.assertEqual(len(self.daemon.lines("start_failed")), 1, self.daemon.log())
        for word in words:
            self.assertIn(word, self.daemon.log())
        self.assertEqual(self.simulator.destroyed(), {})

    def small_disk(self, size):
        """A file system of its own for the state directory."""
        if os.geteuid() != 0:
            raise Skip("mounting takes root")
        self.state.mkdir(exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", self.state],
            stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Skip(done.stderr.strip())
        self.undo.callback(subprocess.run, ["umount", "-l", self.state], check=True)

    def fill(self):
        """Takes every byte that is left; gives the file to remove."""
        ballast = self.state / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        return ballast

    def close(self):
        problems = self.stage.close()
        self.undo.close()
        self.hook.close()
        shutil.rmtree(self.stage.folder, ignore_errors=True)
        self.assertEqual(problems, [])


STORIES = {}


def story(function):
    STORIES[function.__name__] = function
    return function


# --- A database that is damaged is set aside, and a new one is filled from charges.

def replaced(case):
    case.lost = True
    case.goes_on()
    case.says("state_corrupt")
    [aside] = [p for p in case.state.glob("state.db.corrupt-*")
               if not p.name.endswith(("-wal", "-shm"))]
    case.assertIn(aside.name, case.daemon.log())
    case.verified()


@story
def database_cut_in_half(case):
    case.end_after_the_warning()
    database = case.state / "state.db"
    os.truncate(database, database.stat().st_size // 2)
    replaced(case)


@story
def database_one_page_short(case):
    case.end_after_the_warning()
    database = case.state / "state.db"
    os.truncate(database, database.stat().st_size - 4096)
    replaced(case)


@story
def database_cut_to_nothing_beside_its_log(case):
    case.kill_after_the_warning()
    os.truncate(case.state / "state.db", 0)
    replaced(case)


@story
def database_cut_to_nothing(case):
    case.end_after_the_warning()
    os.truncate(case.state / "state.db", 0)
    case.lost = True
    case.goes_on()
    case.verified()


@story
def database_with_another_header(case):
    case.end_after_the_warning()
    with (case.state / "state.db").open("r+b") as file:
        file.write(case.random.randbytes(100))
    replaced(case)


@story
def database_of_random_pages(case):
    case.end_after_the_warning()
    with (case.state / "state.db").open("r+b") as file:
        pages = os.fstat(file.fileno()).st_size // 4096
        for page in case.random.sample(range(1, pages), pages // 2):
            file.seek(page * 4096)
            file.write(case.random.randbytes(4096))
    replaced(case)


@story
def database_of_noise_with_its_log(case):
    case.kill_after_the_warning()
    database = case.state / "state.db"
    database.write_bytes(case.random.randbytes(database.stat().st_size))
    case.lost = None  # the log may hold all of it
    case.goes_on()
    case.verified()


# --- SQLite's log: what is readable of it counts, the rest is as if it had not been written.

@story
def log_cut(case):
    case.kill_after_the_warning()
    log = case.state / "state.db-wal"
    os.truncate(log, case.random.randrange(log.stat().st_size))
    # The period of what is left goes on; the warning may have been forgotten, and is given anew.
    case.start()
    case.daemon.wait_ready()
    case.says(never=["state_corrupt", "start_failed"])
    wait_for("the idle one goes", case.simulator.destroyed)
    case.assertEqual(list(case.simulator.destroyed()), [IDLE])
    case.verified()


@story
def log_garbled(case):
    case.kill_after_the_warning()
    with (case.state / "state.db-wal").open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for _ in range(20):
            file.seek(case.random.randrange(size))
            file.write(case.random.randbytes(16))
    case.start()
    case.daemon.wait_ready()
    case.says(never=["state_corrupt", "start_failed"])
    wait_for("the idle one goes", case.simulator.destroyed)
    case.assertEqual(list(case.simulator.destroyed()), [IDLE])
    case.verified()


@story
def log_removed(case):
    case.kill_after_the_warning()
    (case.state / "state.db-wal").unlink()
    case.lost = True
    case.goes_on()
    case.verified()


@story
def index_of_the_log_garbled(case):
    case.kill_after_the_warning()
    shm = case.state / "state.db-shm"
    shm.write_bytes(case.random.randbytes(shm.stat().st_size))
    case.goes_on()
    case.says(never=["state_corrupt"])
    case.verified()


# --- The audit log.

@story
def audit_torn(case):
    """Cut within its last line, at some of its bytes; then the daemon goes on with each."""
    case.end_after_the_warning()
    audit = case.state / "audit.jsonl"
    whole = audit.read_bytes()
    last = len(whole.rstrip(b"\n").rpartition(b"\n")[2]) + 1
    for missing in sorted(case.random.sample(range(2, last), 4)) + [1]:
        audit.write_bytes(whole[:-missing])
        for torn in case.state.glob("audit.torn-*"):
            torn.unlink()
        case.start()
        case.says("audit_repaired", never=["audit_broken"])
        [torn] = case.state.glob("audit.torn-*")
        case.assertEqual(torn.read_bytes(), whole[-last:-missing], f"{missing} bytes short")
        case.assertEqual(case.daemon.audit()[-1]["action"], "audit_repair")
        case.verified()
        case.daemon.kill()
        case.assertEqual(case.simulator.destroyed(), {})
    case.goes_on()
    case.verified()


@story
def audit_altered_in_its_middle(case):
    case.end_after_the_warning()
    audit = case.state / "audit.jsonl"
    lines = audit.read_bytes().splitlines(keepends=True)
    lines[0] = lines[0].replace(b'"dph":3.6', b'"dph":9.6')
    audit.write_bytes(b"".join(lines))
    case.assertIn(b"9.6", lines[0])
    case.goes_on()
    case.says("audit_broken")
    case.assertIn("line 2", case.daemon.lines("audit_broken")[0])
    case.assertIn("line 2", crashes.audit_verify(case.daemon.socket))


@story
def audit_removed_while_it_runs(case):
    case.start()
    wait_for("something is noted", lambda: case.daemon.audit())
    (case.state / "audit.jsonl").unlink()
    wait_for("the idle one goes", case.simulator.destroyed)
    case.assertIn("intended", [r["outcome"] for r in case.daemon.audit()])


# --- A medium that cannot be written to.

@story
def directory_read_only(case):
    if os.geteuid() != 0:
        raise Skip("mounting takes root")
    case.end_after_the_warning()
    for arguments in (["--bind", case.state, case.state],
                      ["-o", "remount,bind,ro", case.state]):
        done = subprocess.run(["mount", *arguments], stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Skip(done.stderr.strip())
        if arguments[0] == "--bind":
            case.undo.callback(subprocess.run, ["umount", "-l", case.state], stderr=-3)
    case.refuses_to_start(str(case.state), "Read-only")
    subprocess.run(["umount", case.state], check=True)
    case.goes_on()
    case.verified()


@story
def disk_full_at_the_start(case):
    case.small_disk("2m")
    case.end_after_the_warning()
    ballast = case.fill()
    case.refuses_to_start("full")
    ballast.unlink()
    case.goes_on()
    case.verified()


@story
def disk_full_while_it_runs(case):
    case.small_disk("2m")
    case.start()
    case.daemon.wait_ready()
    ballast = case.fill()
    wait_for("it is told", lambda: case.hook.alerts("state_unwritable"))
    case.assertEqual(case.hook.alerts("state_unwritable")[0]["severity"], "critical")
    wait_for("it is shown", lambda: case.daemon.metrics().get("vastwatch_state_writable") == 0)
    status = case.daemon.json("status")
    case.assertFalse(status["store"]["writable"])
    case.assertIn("full", status["store"]["problem"])
    case.assertEqual(case.daemon.metrics().get(
        "vastwatch_enforcement_enabled", account="main"), 0)

    def overdue():
        found = [a for a in case.daemon.json("actions")["actions"] if a["instance"] == IDLE]
        return found and found[0]["wait"] == "state_unwritable"

    wait_for("the idle one is overdue, and kept back", overdue)
    before = time.monotonic()
    wait_for("some time passes", lambda: time.monotonic() > before + 2)
    case.assertEqual(case.simulator.destroyed(), {}, "no durable intent, no request")
    case.assertLessEqual(len(case.daemon.lines("state_unwritable")), 1, case.daemon.log())
    lines = [line for line in case.daemon.log().splitlines() if " debug " not in line]
    case.assertLessEqual(len(lines), 12, "\n".join(lines))
    ballast.unlink()
    wait_for("it can be written again", lambda: case.daemon.metrics().get(
        "vastwatch_state_writable") == 1)
    wait_for("the idle one goes", case.simulator.destroyed)
    wait_for("that is told", lambda: case.hook.alerts("instance_destroyed"))
    case.assertEqual(list(case.simulator.destroyed()), [IDLE])
    case.assertEqual(crashes.told_apart(case.hook.taken()), [])
    case.assertEqual(crashes.audit_problems(
        case.daemon.audit(), case.simulator.journal("api.destroy")), [])
    case.says("state_unwritable", "state_writable")
    case.verified()
    case.money_is_right()
    case.assertEqual(case.daemon.end(), 0)
    case.assertEqual(crashes.state_problems(case.state), [])


@story
def killed_on_a_full_disk(case):
    case.small_disk("2m")
    case.start()
    wait_for("it is warned about", lambda: case.hook.alerts("idle_warning"))
    ballast = case.fill()
    wait_for("it is told", lambda: case.hook.alerts("state_unwritable"))
    case.daemon.kill()
    case.assertEqual(case.simulator.destroyed(), {})
    ballast.unlink()
    case.goes_on()
    case.verified()


@story
def database_locked_by_another_process(case):
    case.start()
    wait_for("it is warned about", lambda: case.hook.alerts("idle_warning"))
    other = sqlite3.connect(case.state / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    wait_for("it is told", lambda: case.hook.alerts("state_unwritable"))
    case.assertIn("locked", case.daemon.lines("state_unwritable")[0])
    case.assertEqual(case.daemon.get("/-/healthy").status, 200)
    before = time.monotonic()
    wait_for("the deadline passes", lambda: time.monotonic() > before + 3)
    case.assertEqual(case.simulator.destroyed(), {})
    case.says("state_unwritable", never=["state_writable"])
    other.execute("ROLLBACK")
    other.close()
    wait_for("the idle one goes", case.simulator.destroyed)
    case.assertEqual(list(case.simulator.destroyed()), [IDLE])
    case.assertEqual(crashes.told_apart(case.hook.taken()), [])
    case.verified()


# --- Files that go away.

@story
def directory_removed_between_two_lives(case):
    case.end_after_the_warning()
    shutil.rmtree(case.state)
    case.lost = True
    case.goes_on()
    case.verified()


def blind_to_its_files(case, lost=True):
    """It has noticed, says so, and destroys nothing; started again, it goes on."""
    wait_for("it is told", lambda: case.hook.alerts("state_unwritable"))
    case.says("state_unwritable")
    case.assertEqual(case.daemon.metrics().get("vastwatch_state_writable"), 0)
    before = time.monotonic()
    wait_for("the deadline passes", lambda: time.monotonic() > before + 5)
    case.assertEqual(case.simulator.destroyed(), {})
    case.daemon.kill()
    case.lost = lost
    case.goes_on()
    case.verified()


@story
def directory_removed_while_it_runs(case):
    case.start()
    wait_for("it is warned about", lambda: case.hook.alerts("idle_warning"))
    shutil.rmtree(case.state)
    blind_to_its_files(case)


@story
def database_removed_while_it_runs(case):
    case.start()
    wait_for("it is warned about", lambda: case.hook.alerts("idle_warning"))
    for file in case.state.glob("state.db*"):
        file.unlink()
    blind_to_its_files(case)


@story
def database_replaced_while_it_runs(case):
    case.start()
    wait_for("it is warned about", lambda: case.hook.alerts("idle_warning"))
    copy = case.state / "copy"
    shutil.copy(case.state / "state.db", copy)
    copy.rename(case.state / "state.db")
    blind_to_its_files(case, lost=False)  # its log is still that of the copy


def play(name, seed):
    case = Case(random.Random(f"{seed} {name}"))
    try:
        STORIES[name](case)
    except BaseException:
        case.stage.tell()
        for one in case.stage.running:
            one.kill()
        case.undo.close()
        case.hook.close()
        raise
    case.close()


class CrashDisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        seed = crashes.fresh_seed("crash disk")
        wanted = [name for name in STORIES if getattr(cls, "test_" + name, None)]
        cls.pool = concurrent.futures.ThreadPoolExecutor(4 * (os.cpu_count() or 1))
        cls.plays = {name: cls.pool.submit(play, name, seed) for name in wanted}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown(cancel_futures=True)


def add_test(name):
    def test(self):
        try:
            self.plays[name].result()
        except Skip as reason:
            print(f"{name} was not played: {reason}", flush=True)
            self.skipTest(str(reason))
    setattr(CrashDisk, "test_" + name, test)


ONLY = os.environ.get("VASTWATCH_STORY")
for each in STORIES:
    if ONLY in (None, each):
        add_test(each)


if __name__ == "__main__":
    unittest.main()
