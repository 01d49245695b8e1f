#!/usr/bin/env python3
"""Checks README.md against the product: readme.py VASTWATCHD ALERT_CPP README.

Its configurations are accepted by `vastwatchd --check-config`, the first as the main file and the
others as files of /etc/vastwatch.conf.d, and every kind of alert has an entry.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile


def mistakes_of_examples(vastwatchd, readme):
    examples = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    if not examples:
        return ["there is no example of a configuration"]
    with tempfile.TemporaryDirectory() as folder:
        main = pathlib.Path(folder, "vastwatch.conf")
        main.write_text(examples[0])
        parts = pathlib.Path(folder, "vastwatch.conf.d")
        parts.mkdir()
        for number, example in enumerate(examples[1:]):
            (parts / f"{number}.conf").write_text(example)
        credentials = pathlib.Path(folder, "credentials")
        credentials.mkdir()
        for name in re.findall(r'_credential\s*=\s*"([^"]+)"', "\n".join(examples)):
            (credentials / name).write_text("https://example.com/" + name)
            (credentials / name).chmod(0o600)
        environment = dict(os.environ, CREDENTIALS_DIRECTORY=str(credentials))
        done = subprocess.run(
            [vastwatchd, "--check-config", "--config", main],
            env=environment, capture_output=True, text=True, timeout=60, check=False)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def kinds_without_entry(alert_source, readme):
    kinds = re.findall(r"{Kind::([a-z_]+), ", alert_source)
    if len(kinds) < 20:
        return [f"only {len(kinds)} kinds of alert are found in the source"]
    return [
        f"no row of a table is about the alert {kind}"
        for kind in kinds
        if not re.search(rf"^\|[^|]*`{kind}`[^|]*\|", readme, re.MULTILINE)
    ]


def main():
    vastwatchd, alert_source, readme_file = sys.argv[1:]
    readme = pathlib.Path(readme_file).read_text()
    mistakes = mistakes_of_examples(vastwatchd, readme)
    mistakes += kinds_without_entry(pathlib.Path(alert_source).read_text(), readme)
    for mistake in mistakes:
        print("README.md:", mistake)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
