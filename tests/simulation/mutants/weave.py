#!/usr/bin/python3
"""Weaves the deliberate defects of mutants.toml into copies of the files of lib/ that they strike.

    weave.py --list       the files, below lib/, one a line
    weave.py FROM TO      FROM is lib/, TO where the copies are to be made or brought up to date

Every place that a mutant changes becomes a choice at run time between what stands there and what
the mutant has instead. What stands there has to be found exactly once: when product code moves on
and a mutant no longer fits, this fails and says which. Nothing of it is left in product code.

An original that ends with ";" is taken as statements, anything else as an expression.
"""
import pathlib
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = '#include "mutants.hpp"\n'


class Unfit(Exception):
    """A mutant that does not fit the code any more."""


def read_table(path=HERE / "mutants.toml"):
    """The mutants, in order; their places in that order are their numbers, from 1."""
    with open(path, "rb") as file:
        mutants = tomllib.load(file)["mutant"]
    names = [mutant["name"] for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise Unfit(f"{name} is listed twice")
    for mutant in mutants:
        if "edit" not in mutant:
            keys = ("file", "within", "original", "mutated")
            mutant["edit"] = [{key: mutant[key] for key in keys if key in mutant}]
    return mutants


def only_place(text, part, who):
    count = text.count(part)
    if count != 1:
        raise Unfit(f"{who}: found {count} times, not once: {part!r}")
    return text.index(part)


def choice(original, mutations):
    """The code that chooses; `mutations` has number and text of each mutant that strikes here."""
    code = original if is_statement(original) else f"({original})"
    for number, mutated in mutations:
        on = f"::vastwatch::mutants::on({number})"
        if is_statement(original):
            code = f"if ({on}) {{ {mutated} }} else {{ {code} }}"
        else:
            code = f"({on} ? ({mutated}) : {code})"
    return code


def is_statement(text):
    return text.endswith(";")


def places(mutants, source):
    """By file and by the range of its text that is struck: what stands there, and the mutations."""
    by_file = {}
    for number, mutant in enumerate(mutants, start=1):
        for edit in mutant["edit"]:
            who = f"{mutant['name']} in {edit['file']}"
            path = source / edit["file"]
            if not path.is_file():
                raise Unfit(f"{who}: there is no such file")
            text = path.read_text()
            original = edit["original"]
            within = edit.get("within", original)
            start = only_place(text, within, who) + only_place(within, original, who)
            struck = by_file.setdefault(edit["file"], {})
            struck.setdefault((start, original), []).append((number, edit["mutated"]))
    return by_file


def woven(name, text, struck):
    end = 0
    for start, original in sorted(struck):
        if start < end:
            raise Unfit(f"{name}: mutants overlap at {original!r}")
        end = start + len(original)
    for start, original in sorted(struck, reverse=True):
        new = choice(original, struck[start, original])
        text = text[:start] + new + text[start + len(original):]
    return INCLUDE + text


def write(path, text):
    """Leaves files alone that are up to date, so that nothing is compiled twice."""
    data = text.encode()
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def header(mutants):
    """What the program knows of the mutants: their names, by number."""
    rows = "".join(f'    "{mutant["name"]}",\n' for mutant in mutants)
    return (
        "// Made by weave.py.\n#pragma once\n\n#include <array>\n#include <string_view>\n\n"
        "namespace vastwatch::mutants {\n\n"
        f"inline constexpr std::array<std::string_view, {len(mutants)}> names{{\n{rows}}};\n\n"
        "}  // namespace vastwatch::mutants\n")


def files(mutants):
    """What is struck; headers are not, for what includes them is not woven anew."""
    names = sorted({edit["file"] for mutant in mutants for edit in mutant["edit"]})
    for name in names:
        if not name.endswith(".cpp"):
            raise Unfit(f"{name}: only .cpp files can be struck")
    return names


def main():
    try:
        mutants = read_table()
        names = files(mutants)
        if sys.argv[1:] == ["--list"]:
            print("\n".join(names))
            return
        if len(sys.argv) != 3:
            sys.exit(__doc__)
        source, target = map(pathlib.Path, sys.argv[1:])
        changes = places(mutants, source)
        for name in names:
            write(target / name, woven(name, (source / name).read_text(), changes[name]))
        write(target / "mutant_names.hpp", header(mutants))
    except (Unfit, OSError, KeyError, tomllib.TOMLDecodeError) as problem:
        sys.exit(f"weave.py: {problem}")


if __name__ == "__main__":
    main()
