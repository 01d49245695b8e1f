#!/usr/bin/env python3
"""Checks the coroutine rule: g++ 12.2 miscompiles co_await in certain statements, without a warning.

co_await is a whole statement, the whole right side of a definition or assignment, or what co_return
returns; around it stand only names, calls, literals and member access. Reported is a brace
initialiser, a lambda, ?:, && or || in the same statement, and co_await in the head of an if, while,
for or switch. Exempt are parenthesised `co_await (a || b)`, which wait for one of several.

usage: coroutine_rule.py FILE...; exits with 1 when something was reported.
"""

import re
import sys

BLOCK_HEAD = re.compile(
    r"(\)|\belse|\btry|\bdo|[;{}:]|\bnoexcept|\bconst|\bmutable|->\s*[\w:<>,&*\s]+|^)\s*$"
)
TYPE_HEAD = re.compile(r"\b(struct|class|enum|union|namespace|extern)\b[^;{}()]*$")
CONTROL_HEAD = re.compile(r"[\s}]*(?:else\s+)?(?:if|while|for|switch)\s*(?:constexpr\s*)?\(")
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(\([^()]*\))?\s*(mutable\s*)?(->\s*[\w:<>]+\s*)?$")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_texts(source):
    """The source with comments and literals blanked, every character at its place."""
    source = re.sub(
        r'R"([^(\s]*)\(.*?\)\1"', lambda m: '""' + blank(m)[2:], source, flags=re.DOTALL
    )
    source = re.sub(r"//[^\n]*|/\*.*?\*/", blank, source, flags=re.DOTALL)
    source = re.sub(
        r'"(?:\\.|[^"\\\n])*"', lambda m: '"' + " " * (len(m.group(0)) - 2) + '"', source
    )
    return re.sub(
        r"(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
        lambda m: "'" + " " * (len(m.group(0)) - 2) + "'",
        source,
    )


def opens_block(source, at):
    """Does the brace at `at` open a block, as opposed to an initialiser?"""
    head = source[max(0, at - 160) : at]
    return bool(
        TYPE_HEAD.search(head) or re.search(r"\]\s*$", head) or BLOCK_HEAD.search(head)
    )


def statements(source):
    """Spans of statements: split at semicolons and at the braces of blocks."""
    start = 0
    depth = 0
    open_braces = []
    for at, character in enumerate(source):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "{":
            block = opens_block(source, at)
            open_braces.append((block, depth))
            if block:
                yield start, at
                start, depth = at + 1, 0
        elif character == "}" and open_braces:
            block, outer = open_braces.pop()
            if block:
                yield start, at
                start, depth = at + 1, outer
        elif character == ";" and depth == 0:
            yield start, at
            start = at + 1


def control_head_end(statement):
    match = CONTROL_HEAD.match(statement)
    if not match:
        return 0
    depth = 1
    for at in range(match.end(), len(statement)):
        depth += {"(": 1, ")": -1}.get(statement[at], 0)
        if depth == 0:
            return at
    return len(statement)


def faults(statement, awaits_at):
    if awaits_at < control_head_end(statement):
        yield "condition"
    if "{" in statement:
        yield "brace initialiser"
    if LAMBDA.search(statement) and re.search(r"([(,=]|co_await)\s*\[", statement):
        yield "lambda"
    if re.search(r"(?<!\?)\?(?!\?)", statement):
        yield "?:"
    chooses = re.search(r"(?<!auto)&&|\|\|", statement)
    if chooses and not re.search(r"co_await\s*\(", statement):
        yield "&& or ||"


def check(path):
    with open(path, encoding="utf-8") as file:
        source = without_texts(file.read())
    count = 0
    for begin, end in statements(source):
        statement = source[begin:end]
        awaits = re.search(r"\bco_(await|yield)\b", statement)
        if not awaits:
            continue
        found = list(faults(statement, awaits.start()))
        if found:
            count += 1
            line = source.count("\n", 0, begin + awaits.start()) + 1
            text = " ".join(statement.split())[:100]
            print(f"{path}:{line}: {', '.join(found)} with co_await: {text}")
    return count


if __name__ == "__main__":
    sys.exit(1 if sum(check(path) for path in sys.argv[1:]) else 0)
