#!/usr/bin/env python3
"""Writes the files that follow from schema.json: the tables of SPEC.md and the golden vectors.

`generate.py` rewrites the files. `generate.py --check` changes nothing; it names each stale file and exits with 1 if
there is one. Python's standard library only; the output is the same on every machine.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True

from generator.encoder import Encoder  # noqa: E402
from generator.invalid import InvalidVectors  # noqa: E402
from generator.tables import Tables  # noqa: E402
from generator.valid import ValidVectors  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent


def vector_file(schema, entries):
    """The text of a vector file: one vector per line, so that a difference shows the changed vectors."""
    names = [entry["name"] for entry in entries]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"vector names are not unique: {sorted(repeated)}")
    lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False, allow_nan=False) for entry in entries)
    head = json.dumps({"protocol": schema["protocol"], "major": schema["major"], "minor": schema["minor"]})
    return f'{{"format": {head}, "vectors": [\n{lines}\n]}}\n'


def outputs():
    """Every generated file: its path and its text."""
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    encoder = Encoder(schema)
    valid = ValidVectors(encoder).entries
    invalid = InvalidVectors(encoder).entries
    known = {entry["name"] for entry in valid}
    for entry in valid + invalid:
        missing = set(entry.get("before", [])) - known
        if missing:
            raise ValueError(f"{entry['name']} comes after vectors that do not exist: {sorted(missing)}")
    specification = FOLDER / "SPEC.md"
    return {
        specification: Tables(schema).fill(specification.read_text(encoding="utf-8")),
        FOLDER / "vectors" / "valid.json": vector_file(schema, valid),
        FOLDER / "vectors" / "invalid.json": vector_file(schema, invalid),
    }


def main(arguments):
    if arguments not in ([], ["--check"]):
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    stale = 0
    for path, text in outputs().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        name = path.relative_to(FOLDER)
        if arguments:
            print(f"{name} is stale: run proto-spec/generate.py", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
