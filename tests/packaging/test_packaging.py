"""What is installed with the programs agrees with them, and is as their own tools want it.

The environment names the programs (VASTWATCHD, VASTWATCHCTL), the folder of the sources (SOURCES),
cmake (CMAKE) and its script that installs all but the programs (INSTALL).
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCES = pathlib.Path(os.environ["SOURCES"])
PACKAGING = SOURCES / "packaging"
MANUALS = {name: PACKAGING / "man" / name
           for name in ("vastwatchctl.1", "vastwatch.conf.5", "vastwatchd.8")}


def run(*command):
    return subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)


def options_of(help_text):
    """The long options that a program's help lists, and the short ones that have no long form."""
    found = set()
    for line in help_text.splitlines():
        match = re.match(r"  (-\S+)", line)
        if match:
            names = match[1].split(",")
            found.add(next((name for name in names if name.startswith("--")), names[0]))
    return found - {"--help"}


def commands_of(help_text):
    _, _, listed = help_text.partition("Subcommands:")
    return set(re.findall(r"(?m)^  ([a-z][a-z-]*) ", listed))


def usage():
    """{command: its own options} of vastwatchctl, by its own help; "" is the program itself."""
    program = os.environ["VASTWATCHCTL"]
    whole = run(program, "--help").stdout
    found = {"": options_of(whole)}
    for command in commands_of(whole):
        text = run(program, command, "--help").stdout
        found[command] = options_of(text) - {"--json"}
        for inner in commands_of(text):
            found[f"{command} {inner}"] = set()
    return found


class Manuals(unittest.TestCase):
    def test_they_are_clean(self):
        for name, path in MANUALS.items():
            with self.subTest(name):
                if shutil.which("mandoc"):
                    # Which other pages this machine has says nothing about ours.
                    lines = [line for line in run("mandoc", "-T", "lint", path).stdout.splitlines()
                             if "referenced manual not found" not in line]
                    self.assertEqual(lines, [])
                if shutil.which("groff"):
                    done = run("groff", "-ww", "-mdoc", "-Tutf8", path)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
        if not shutil.which("mandoc") and not shutil.which("groff"):
            self.skipTest("neither mandoc nor groff is installed")

    def test_the_sections_that_an_operator_looks_for_are_there(self):
        for name, sections in {
                "vastwatchctl.1": ["ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"],
                "vastwatch.conf.5": ["FILES", "EXAMPLES"],
                "vastwatchd.8": ["ENVIRONMENT", "FILES", "SIGNALS", "EXIT STATUS",
                                 "EXAMPLES"]}.items():
            text = MANUALS[name].read_text()
            for section in [*sections, "SEE ALSO"]:
                self.assertIn(f"\n.Sh {section}\n", text, name)

    def test_the_examples_of_a_configuration_are_valid(self):
        text = MANUALS["vastwatch.conf.5"].read_text().partition("\n.Sh EXAMPLES\n")[2]
        least, shared, team = re.findall(r"(?s)\.Bd -literal[^\n]*\n(.*?)\n\.Ed", text)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "vastwatch.conf")
            parts = pathlib.Path(f"{file}.d")
            parts.mkdir()
            for name in re.findall(r'_credential\s*=\s*"([^"]+)"', text):
                pathlib.Path(folder, name).write_text(f"https://example.org/{name}")
            for main, part in ((least, ""), (shared, ""), (shared, team)):
                file.write_text(main)
                (parts / "team.conf").write_text(part)
                done = subprocess.run(
                    [os.environ["VASTWATCHD"], "--check-config", "--config", file], text=True,
                    env={"CREDENTIALS_DIRECTORY": folder}, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, f"{file}: valid\n"))

    def test_every_command_and_option_of_vastwatchctl_is_explained(self):
        text = MANUALS["vastwatchctl.1"].read_text()
        entries = {match[1]: match[2] for match in re.finditer(
            r"(?m)^\.It Ic ([a-z-]+(?: verify)?)(.*)$", text)}
        told = usage()
        self.assertEqual(set(entries), set(told) - {""})
        for command, options in told.items():
            written = set(re.findall(r"Fl (\S+)", entries.get(command, ""))) if command else \
                set(re.findall(r"(?m)^\.It Fl (-\w[\w-]*)", text)) - {"-json"}
            self.assertEqual({f"-{name}" for name in written} - {"--h"}, options, command)

    def test_every_option_of_vastwatchd_is_explained(self):
        text = MANUALS["vastwatchd.8"].read_text()
        written = {f"-{name}" for name in re.findall(r"(?m)^\.It Fl (-\w[\w-]*)", text)}
        self.assertEqual(written, options_of(run(os.environ["VASTWATCHD"], "--help").stdout))

    def test_every_event_field_is_explained(self):
        written = set(re.findall(r"\bVASTWATCH_[A-Z]+\b", MANUALS["vastwatchd.8"].read_text()))
        used = set()
        for path in [*SOURCES.glob("lib/*/*.cpp"), *SOURCES.glob("daemon/*.cpp")]:
            used |= {f"VASTWATCH_{name.upper()}"
                     for name in re.findall(r'\bfield\("([a-z_]+)"', path.read_text())}
        debugging = {"VASTWATCH_MS", "VASTWATCH_ENDPOINT", "VASTWATCH_CODE"}
        self.assertEqual(used - written - debugging, set())


class Completions(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = (f". {PACKAGING}/completions/vastwatchctl.bash; COMP_WORDS=(\"$@\"); "
                  "COMP_CWORD=$(($# - 1)); _vastwatchctl; printf '%s\\n' \"${COMPREPLY[@]}\"")
        return set(run("bash", "-c", script, "bash", *words).stdout.split())

    def test_bash_offers_every_command(self):
        self.assertEqual(self.complete("vastwatchctl", ""),
                         {name for name in usage() if name and " " not in name})

    def test_bash_offers_every_option(self):
        for command, options in usage().items():
            if " " in command:
                continue
            words = ["vastwatchctl", *([command] if command else []), "-"]
            common = {"--help"} if not command else {"--help", "--json", "--socket"}
            self.assertEqual(self.complete(*words), options | common, command)

    def test_bash_takes_an_option_before_the_command(self):
        self.assertIn("--idle", self.complete(
            "vastwatchctl", "--socket", "/nowhere", "instances", "--"))

    def test_zsh_knows_every_command_and_option(self):
        text = (PACKAGING / "completions/_vastwatchctl").read_text()
        told = usage()
        for command, options in told.items():
            if command and " " not in command:
                self.assertIn(f"        '{command}:", text)
            for option in options:
                self.assertRegex(text, rf"'(\(- \*\))?{option}\[")
        if shutil.which("zsh"):
            for name in ("_vastwatchctl", "_vastwatchd"):
                done = run("zsh", "-n", PACKAGING / "completions" / name)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_those_of_the_daemon_know_every_option(self):
        options = options_of(run(os.environ["VASTWATCHD"], "--help").stdout)
        for name in ("_vastwatchd", "vastwatchd.bash"):
            text = (PACKAGING / "completions" / name).read_text()
            for option in options:
                self.assertIn(option, text, name)


class Journal(unittest.TestCase):
    """Every entry above debug can be told apart and is explained."""

    def ids(self):
        return dict(re.findall(r'MessageId\{"([a-z_/]+)",\s*"([0-9a-f]{32})"\}',
                               (SOURCES / "lib/runtime/message_ids.cpp").read_text()))

    def logged(self):
        """The events that the sources log above debug."""
        call = re.compile(r'\blog(?:_|\(\))?(?:\.|->)(?:write\(.*?,|(\w+)\()'
                          r'\s*(?:\w+\s*\?\s*"([a-z_]+)"\s*:\s*)?"([a-z_]+)"', re.S)
        found = set()
        for path in [*SOURCES.glob("lib/*/*.cpp"), *SOURCES.glob("daemon/*.cpp")]:
            for level, *events in call.findall(path.read_text()):
                found |= set(events) if level != "debug" else set()
        return found - {""}

    def enumerators(self, file, name):
        body = re.search(rf"enum class {name} \{{(.*?)\}};", (SOURCES / file).read_text(), re.S)
        return re.findall(r"(?m)^\s+([a-z_]+),", body[1])

    def test_every_event_has_an_id(self):
        known = {name.partition("/")[0] for name in self.ids()}
        self.assertEqual(self.logged() - known, set())
        self.assertEqual(known - self.logged(), set())

    def test_every_kind_of_alert_has_an_id(self):
        kinds = {f"alert/{kind}" for kind in self.enumerators("lib/alerts/alert.hpp", "Kind")}
        self.assertEqual(kinds, {name for name in self.ids() if name.startswith("alert/")})

    def test_every_outcome_of_an_action_has_an_id(self):
        written = set()
        for path in SOURCES.glob("lib/engine/*.cpp"):
            written |= set(re.findall(r'\.outcome = "([a-z_]+)"', path.read_text()))
        ends = {"confirmed", "dropped", "vanished"}  # of a case that is closed
        known = {name.removeprefix("action/") for name in self.ids() if name.startswith("action/")}
        self.assertEqual(written | ends, known)

    def test_no_id_is_used_twice(self):
        self.assertEqual(len(set(self.ids().values())), len(self.ids()))

    def test_the_catalog_explains_every_id_under_its_name(self):
        text = (SOURCES / "systemd/vastwatch.catalog").read_text()
        entries = dict(re.findall(r"(?m)^# ([a-z_/]+)\n-- ([0-9a-f]{32})$", text))
        self.assertEqual(entries, self.ids())

    @unittest.skipUnless(shutil.which("journalctl"), "journalctl is not installed")
    def test_systemd_takes_the_catalog(self):
        with tempfile.TemporaryDirectory() as root:
            folder = pathlib.Path(root) / "usr/lib/systemd/catalog"
            folder.mkdir(parents=True)
            (pathlib.Path(root) / "var/lib/systemd/catalog").mkdir(parents=True)
            shutil.copy(SOURCES / "systemd/vastwatch.catalog", folder)
            done = run("journalctl", f"--root={root}", "--update-catalog")
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
            listed = run("journalctl", f"--root={root}", "--list-catalog").stdout
            self.assertEqual(len(listed.splitlines()), len(self.ids()))


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Units(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("vastwatch.service", "vastwatch.socket"):
            text = (SOURCES / "systemd" / name).read_text()
            text = text.replace("/usr/sbin/vastwatchd", os.environ["VASTWATCHD"])
            text = text.replace("/usr/bin/vastwatchctl", os.environ["VASTWATCHCTL"])
            (self.folder / name).write_text(text)

    def test_systemd_finds_nothing_to_say(self):
        done = run("systemd-analyze", "verify", "--man=no", self.folder / "vastwatch.service",
                   self.folder / "vastwatch.socket")
        # It ends with 0 for unknown keys and bad values, too. The units of this machine are not ours.
        ours = [line for line in (done.stdout + done.stderr).splitlines() if "vastwatch" in line]
        self.assertEqual(ours, [])

    def test_the_exposure_is_low(self):
        done = run("systemd-analyze", "security", "--offline=yes", "--threshold=15",
                   self.folder / "vastwatch.service")
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)


class Installation(unittest.TestCase):
    """cmake --install, of what the package consists of besides the programs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.file = self.root / "etc/vastwatch.conf"

    def install(self):
        done = subprocess.run(
            [os.environ["CMAKE"], "-P", os.environ["INSTALL"]], text=True, timeout=60, check=False,
            env=dict(os.environ, DESTDIR=str(self.root)), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_configuration_is_installed_for_its_owner_and_group(self):
        self.install()
        self.assertEqual(self.file.read_text(), (SOURCES / "etc/vastwatch.conf").read_text())
        self.assertEqual(self.file.stat().st_mode & 0o7777, 0o640)

    def test_a_configuration_that_is_there_is_kept(self):
        self.install()
        self.file.write_text("# Edited.\n")
        self.file.chmod(0o600)
        self.install()
        self.assertEqual(self.file.read_text(), "# Edited.\n")
        self.assertEqual(self.file.stat().st_mode & 0o7777, 0o600)


class Version(unittest.TestCase):
    def test_the_programs_have_that_of_the_changelog(self):
        first = (PACKAGING / "debian/changelog").read_text().splitlines()[0]
        version = re.match(r"vastwatch \((\d+\.\d+\.\d+)", first)[1]
        for name in ("VASTWATCHD", "VASTWATCHCTL"):
            self.assertEqual(run(os.environ[name], "--version").stdout,
                             f"{name.lower()} {version}\n")


if __name__ == "__main__":
    unittest.main()
