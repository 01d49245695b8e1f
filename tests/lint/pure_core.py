#!/usr/bin/env python3
"""Checks that the pure core reaches nothing outside: no Asio, no I/O, no clock, no randomness, no
environment, and no module of the edge.

usage: pure_core.py LIB_FOLDER; exits with 1 when something was found.
"""

import pathlib
import re
import sys

CORE = ["base", "policy", "fleet", "ledger", "rules", "enforcement", "alerts", "engine"]

# Where one of them is needed at the bottom, with the reason.
ALLOWED = {
    ("base", "assert.cpp", "cstdio"): "prints what failed before it aborts",
}

HEADERS = re.compile(
    r"#include <(boost/(?!system)[^>]+|fstream|iostream|thread|mutex|random|filesystem|cstdio|"
    r"unistd\.h|sys/[^>]+|openssl/[^>]+|curl/[^>]+|sqlite3[^>]*|SQLiteCpp/[^>]+|future|atomic)>"
)
CALLS = re.compile(
    r"(_clock::now|random_device|\bgetenv\b|\brand\(|\btime\(nullptr|std::this_thread|\bsystem\()"
)


def check(folder, module):
    count = 0
    for path in sorted((folder / module).glob("*.[ch]pp")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            code = line.split("//")[0]
            found = HEADERS.search(line) or CALLS.search(code)
            if found and (module, path.name, found.group(1)) not in ALLOWED:
                print(f"{path}:{number}: the core must not use {found.group(1)}")
                count += 1
            own = re.match(r'#include "([a-z]+)/', line)
            if own and own.group(1) not in CORE[: CORE.index(module) + 1]:
                print(f"{path}:{number}: {module} must not know {own.group(1)}")
                count += 1
    return count


if __name__ == "__main__":
    lib = pathlib.Path(sys.argv[1])
    sys.exit(1 if sum(check(lib, module) for module in CORE) else 0)
