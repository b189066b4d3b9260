"""bench/thresholds.json: what was counted once, and how many times that may be counted now."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench.support.failure import BenchFailure

# By group of counts: how many times the recorded count may be reached. Allocations of a process differ a little from
# run to run with what its threads happen to do at once; the others are the same every time with the same compiler.
RATIO_MAX = {"allocations_per_request": 1.1, "instructions_per_query": 1.1, "rows_rescored_per_query": 1.05}

Counts = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Thresholds:
    """Recorded counts by group and name, with the greatest ratio of each."""

    entries: dict[str, dict[str, dict[str, float]]]

    @classmethod
    def read(cls, path: Path) -> "Thresholds":
        """The file's thresholds; BenchFailure where it is not of that form."""
        try:
            entries = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise BenchFailure(f"{path}: {error}; --record writes it") from error
        for group, names in entries.items():
            for name, entry in names.items():
                if set(entry) != {"recorded", "ratio_max"} or not all(
                    isinstance(value, (int, float)) and value > 0 for value in entry.values()
                ):
                    raise BenchFailure(
                        f"{path}: {group}.{name} is {entry}, wanted recorded and ratio_max, numbers above 0"
                    )
        return cls(entries)

    @staticmethod
    def record(path: Path, counts: Counts) -> None:
        """Writes counts as what is to be kept from now on."""
        entries = {
            group: {
                name: {"recorded": round(count, 2), "ratio_max": RATIO_MAX[group]} for name, count in names.items()
            }
            for group, names in counts.items()
        }
        path.write_text(json.dumps(entries, indent=2) + "\n")
        print(f"recorded in {path}")

    def hold(self, counts: Counts) -> bool:
        """Prints each count beside its threshold; True where none is above."""
        holds = True
        for group, names in self.entries.items():
            for name, entry in names.items():
                if group not in counts:
                    continue
                found = counts[group].get(name)
                if found is None:
                    raise BenchFailure(f"{group}.{name} was not counted, wanted one of {sorted(counts[group])}")
                ratio = found / entry["recorded"]
                is_met = ratio <= entry["ratio_max"]
                holds = holds and is_met
                print(
                    f"{'ok    ' if is_met else 'FAILED'} {group}.{name}: {found:,.1f}, {ratio:.3f} of what was recorded,"
                    f" at most {entry['ratio_max']}"
                )
        return holds
