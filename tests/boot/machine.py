"""A Debian machine that really boots: systemd as PID 1, in a container, with a network of its own.

The container is systemd-nspawn's, without a running systemd outside. What runs in it is started
through the namespaces of its first process, so that exit status and output come straight back.
"""

import os
import pathlib
import signal
import subprocess
import time

INSIDE = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "LANG=C.UTF-8", "HOME=/root", "TERM=dumb"]


def wait_for(what, condition, limit=60):
    """The first true value of condition(); an AssertionError that names `what` when there is none."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {limit} s still not true: {what}")
        time.sleep(0.05)


def obstacle():
    """Why no machine can be booted here; empty when one can."""
    if os.geteuid() != 0:
        return "not root"
    for tool in ("systemd-nspawn", "mmdebstrap", "nsenter", "dpkg-deb"):
        if not any(os.access(f"{folder}/{tool}", os.X_OK) for folder in ("/usr/bin", "/bin")):
            return f"{tool} is not installed"
    if not control_groups():
        return "the control groups are not writable"
    return ""


def control_groups():
    """The hierarchies that systemd-nspawn uses: one, or two where both versions are mounted."""
    root = pathlib.Path("/sys/fs/cgroup")
    found = [root] if (root / "cgroup.procs").exists() else [root / "systemd", root / "unified"]
    return [path for path in found if os.access(path / "cgroup.procs", os.W_OK)]


class Machine:
    def __init__(self, root, console, name="vastwatch-boot"):
        self.root = pathlib.Path(root)
        self.console = pathlib.Path(console)
        self.name = f"{name}-{os.getpid()}"
        self.nspawn = None
        self.first = 0  # the container's PID 1, as seen from here

    def boot(self):
        """Until systemd says that it runs; the time that took."""
        began = time.monotonic()
        groups = [path / self.name for path in control_groups()]
        for group in groups:
            group.mkdir(exist_ok=True)

        def enter():
            for group in groups:
                (group / "cgroup.procs").write_text(str(os.getpid()))

        # Not registered anywhere and in no unit of its own, since nobody outside keeps track of it.
        # It may load filters for the addresses that a unit talks to, and has no rights beyond that.
        command = ["systemd-nspawn", "--quiet", "--boot", "--directory", self.root,
                   "--machine", "vastwatch-boot", "--register=no", "--keep-unit",
                   "--private-network", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                   "--console=pipe", "--capability=CAP_BPF", "--system-call-filter=bpf"]
        environment = dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")
        with self.console.open("ab") as console:
            self.nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                env=environment, preexec_fn=enter)
        self.first = wait_for("the container's systemd answers", self.find_first)
        state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        if state != "running":
            failed = self.run("systemctl", "--failed", "--no-legend", check=False).stdout
            raise AssertionError(f"the machine is {state}: {failed}")
        return time.monotonic() - began

    def find_first(self):
        if self.nspawn.poll() is not None:
            text = self.console.read_text(errors="replace")[-2000:]
            raise AssertionError(f"systemd-nspawn ended with {self.nspawn.returncode}: {text}")
        children = pathlib.Path(
            f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        for child in children:
            own = os.readlink("/proc/self/ns/pid")
            try:
                ready = (os.readlink(f"/proc/{child}/ns/pid") != own and
                         pathlib.Path(f"/proc/{child}/root/run/systemd/private").is_socket())
            except OSError:
                continue
            if ready:
                return int(child)
        return 0

    def run(self, *command, check=True, text_in=None, user=None):
        """Runs a command inside; its output, and an error that shows it when it fails."""
        inside = [*INSIDE, *(["setpriv", f"--reuid={user}", "--init-groups", "--regid=users"]
                             if user else []), *map(str, command)]
        done = subprocess.run(
            ["nsenter", "--target", str(self.first), "--all", *inside],
            input=text_in, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=300, check=False)
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start_on_its_network(self, *command, **settings):
        """A program from outside, with nothing of the machine but its network."""
        return subprocess.Popen(
            ["nsenter", "--target", str(self.first), "--net", *map(str, command)], **settings)

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def append(self, path, text):
        with (self.root / path.lstrip("/")).open("a") as file:
            file.write(text)

    def power_off(self):
        """Orderly where it still listens; otherwise its first process ends, and all the rest."""
        if self.nspawn is None:
            return
        if self.first and self.nspawn.poll() is None:
            self.run("systemctl", "--no-block", "poweroff", check=False)
        try:
            self.nspawn.wait(30)
        except subprocess.TimeoutExpired:
            os.kill(self.first or self.nspawn.pid, signal.SIGKILL)
            self.nspawn.wait(10)
        self.nspawn = None
        self.first = 0
        for path in control_groups():
            for folder, _, _ in os.walk(path / self.name, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass  # a process that has not quite ended yet; the group is empty otherwise
