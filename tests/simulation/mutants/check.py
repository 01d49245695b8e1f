#!/usr/bin/python3
"""Does the simulation catch every deliberate defect? Builds it with them and tries one by one.

    check.py [--build DIR] [--no-build] [--speed core|daemon|all] [--jobs N] [--further N]
             [--seeds N] [--patience SECONDS] [--remember] [MUTANT...]

For each mutant: the seed that is known to catch it, then a few further ones, for code that moves on
may move what a seed brings with it; with --seeds all from 1 on until one breaks the invariant that
is meant to notice. A seed counts only when the same life without the mutant breaks none. Prints a
table; exits 1 when a mutant survives.
"""
import argparse
import concurrent.futures
import datetime
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True  # nothing is left beside the sources
from weave import HERE, Unfit, read_table  # noqa: E402

ROOT = HERE.parents[2]
BROKEN = re.compile(r"^seed (\d+): (\w+) broken at (\S+): (.*)$", re.MULTILINE)


class Result:
    """What one call of the program showed."""

    def __init__(self, seed=None, invariant="", what="", met=None, trouble=""):
        self.seed = seed
        self.invariant = invariant
        self.what = what
        self.met = met
        self.took = 0.0
        self.trouble = trouble

    @property
    def caught(self):
        return self.invariant != ""


class Simulation:
    """The program, with the arguments that each speed takes."""

    def __init__(self, program, patience):
        self.program = program
        self.patience = patience
        self.clean_lives = {}
        self.lock = threading.Lock()

    def length(self, mutant):
        troubles = ["--without", "all"] if mutant.get("calm") else []
        for trouble in mutant.get("only", []):
            troubles += ["--only", trouble]
        if mutant.get("speed", "core") == "daemon":
            return ["daemon", "--days", str(mutant.get("days", 3)), *troubles]
        return ["core", "--years", str(mutant.get("years", 0.02)), *troubles]

    def run(self, mutant, name, seed, seeds, seconds):
        command = [self.program, *self.length(mutant), "--seed", str(seed), "--seeds", str(seeds)]
        command += ["--seconds", str(max(1, int(seconds)))]
        environment = dict(os.environ, VASTWATCH_MUTANT=name)
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, errors="replace",
                timeout=seconds + 60, check=False)
        except subprocess.TimeoutExpired:
            return Result(trouble="the simulation does not end")
        broken = BROKEN.search(done.stdout)
        met = re.search(r"the mutant was met (\d+) times", done.stderr)
        result = Result(met=int(met[1]) if met else None)
        if broken:
            result.seed, result.invariant = int(broken[1]), broken[2]
            result.what = broken[4]
        elif done.returncode not in (0, 1):
            # An assertion of the program itself; the seed is the first that was not told of.
            result.trouble = (done.stderr.strip().splitlines() or ["it ended by itself"])[-1]
            if done.returncode < 0:
                result.invariant, result.seed = "assertion", seed
                result.what = result.trouble
        return result

    def is_clean(self, mutant, seed):
        key = (*self.length(mutant), seed)
        with self.lock:
            known = self.clean_lives.get(key)
        if known is None:
            result = self.run(mutant, "", seed, 1, self.patience)
            known = not result.caught and not result.trouble
            with self.lock:
                self.clean_lives[key] = known
            if not known:
                print(f"seed {seed} breaks {result.invariant} without any mutant: "
                      f"{result.what}{result.trouble}", flush=True)
        return known

    @staticmethod
    def is_meant(mutant, result):
        """A mutant that breaks something else may have met a mistake of another kind."""
        return result.invariant in mutant.get("by", [result.invariant])

    def hunt(self, mutant, further, seeds):
        """The first seed that catches it: the known one, `further` ones after it, else from 1 on."""
        began = time.monotonic()
        known = mutant.get("seed", 1)
        result = self.hunt_from(mutant, known, known + further, began)
        if not result.caught and not result.trouble and seeds > 0:
            result = self.hunt_from(mutant, 1, seeds, began)
        result.took = time.monotonic() - began
        return result

    def hunt_from(self, mutant, first, last, began):
        """The same among the seeds `first` to `last`."""
        result = Result()
        while first <= last:
            left = self.patience - (time.monotonic() - began)
            if left <= 0:
                break
            result = self.run(mutant, mutant["name"], first, last - first + 1, left)
            if not result.caught:
                return result
            if self.is_meant(mutant, result) and self.is_clean(mutant, result.seed):
                return result
            first = max(result.seed + 1, first + 1)
        result.invariant = ""
        return result


def build(directory):
    """Configures and builds the program with the mutants in it."""
    configure = ["cmake", "--preset", "release", "-B", str(directory)]
    subprocess.run(configure, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    jobs = str(os.cpu_count() or 2)
    command = ["cmake", "--build", str(directory), "--target", "vastwatch-sim-mutants", "-j", jobs]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--speed", choices=["core", "daemon", "all"], default="all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--further", type=int, default=6, help="seeds after the known one")
    parser.add_argument("--seeds", type=int, default=0, help="then all from 1 to this one")
    parser.add_argument("--patience", type=float, default=60, help="seconds for each mutant")
    parser.add_argument("--remember", action="store_true",
                        help="write the seeds that were found into mutants.toml")
    parser.add_argument("mutants", nargs="*")
    return parser.parse_args()


def chosen(options):
    mutants = read_table()
    for name in set(options.mutants) - {mutant["name"] for mutant in mutants}:
        sys.exit(f"there is no mutant {name}")
    if options.mutants:
        return [mutant for mutant in mutants if mutant["name"] in options.mutants]
    wanted = ["core", "daemon"] if options.speed == "all" else [options.speed]
    return [mutant for mutant in mutants if mutant.get("speed", "core") in wanted]


def remember(found, path=HERE / "mutants.toml"):
    """Puts the seed below the name of each mutant that is in `found`."""
    lines = []
    name = None
    for line in path.read_text().splitlines():
        start = re.match(r'name = "(\w+)"', line)
        name = start[1] if start else None if line.startswith("[[mutant]]") else name
        if name in found and line.startswith("seed = "):
            continue
        lines.append(line)
        if start and name in found:
            lines.append(f"seed = {found[name]}")
    path.write_text("\n".join(lines) + "\n")


def row(mutant, result):
    if result.caught:
        return (f"{mutant['name']:27} {mutant.get('speed', 'core'):6} seed {result.seed:<4} "
                f"{result.invariant:18} {result.took:5.1f} s  {result.what[:100]}")
    why = result.trouble or ("it was never met" if result.met == 0 else
                             f"met {result.met} times and nothing was noticed")
    return f"{mutant['name']:27} {mutant.get('speed', 'core'):6} SURVIVES  {why}"


def main():
    options = arguments()
    try:
        if not options.no_build:
            build(options.build)
        program = options.build / "tests" / "simulation" / "mutants" / "vastwatch-sim-mutants"
        mutants = chosen(options)
    except (Unfit, OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"check.py: {problem}")
    simulation = Simulation(str(program), options.patience)
    began = time.monotonic()
    survivors = []
    found = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        hunts = {pool.submit(simulation.hunt, mutant, options.further, options.seeds): mutant
                 for mutant in mutants}
        for hunt in concurrent.futures.as_completed(hunts):
            mutant = hunts[hunt]
            print(row(mutant, hunt.result()), flush=True)
            if hunt.result().caught:
                found[mutant["name"]] = hunt.result().seed
            else:
                survivors.append(mutant["name"])
    if options.remember:
        remember(found)
    took = datetime.timedelta(seconds=int(time.monotonic() - began))
    clean = list(simulation.clean_lives.values())
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} caught in {took}; "
          f"{sum(clean)} of {len(clean)} of these lives are clean without a mutant")
    if survivors:
        print("survivors: " + " ".join(sorted(survivors)))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
