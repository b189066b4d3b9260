"""bench/thresholds.json: recorded counts, and the permitted ratio of new counts to them."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench.support.failure import BenchFailure

# Permitted ratio to the recorded count, by group. Allocations of a process differ a little from run to run, since its
# threads interleave differently; the other counts are the same every time with the same compiler.
RATIO_MAX = {
    "allocations_per_request": 1.1, "allocations_per_query": 1.1, "instructions_per_query": 1.1,
    "rows_rescored_per_query": 1.05}
# Groups in which more is better, and the least permitted ratio. Shares are of times, which differ from machine to
# machine and with the load, even in processor time.
RATIO_MIN = {"throughput_shares": 0.75}

Counts = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Thresholds:
    """Recorded counts by group and name, with the permitted ratio of each."""

    entries: dict[str, dict[str, dict[str, float]]]

    @classmethod
    def read(cls, path: Path) -> "Thresholds":
        """Reads the file. Raises BenchFailure if it has another form."""
        try:
            entries = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise BenchFailure(f"{path}: {error}; --record writes it") from error
        for group, names in entries.items():
            for name, entry in names.items():
                if set(entry) not in ({"recorded", "ratio_max"}, {"recorded", "ratio_min"}) or not all(
                    isinstance(value, (int, float)) and value > 0 for value in entry.values()
                ):
                    raise BenchFailure(
                        f"{path}: {group}.{name} is {entry}, wanted recorded and ratio_max or ratio_min, numbers "
                        "above 0"
                    )
        return cls(entries)

    @staticmethod
    def record(path: Path, counts: Counts) -> None:
        """Writes counts as the recorded ones."""
        entries = {
            group: {
                name: {"recorded": round(count, 2)} | (
                    {"ratio_min": RATIO_MIN[group]} if group in RATIO_MIN else {"ratio_max": RATIO_MAX[group]})
                for name, count in names.items()
            }
            for group, names in counts.items()
        }
        path.write_text(json.dumps(entries, indent=2) + "\n")
        print(f"recorded in {path}")

    def hold(self, counts: Counts) -> bool:
        """Prints each count beside its threshold. True if none exceeds it."""
        holds = True
        for group, names in self.entries.items():
            for name, entry in names.items():
                if group not in counts:
                    continue
                found = counts[group].get(name)
                if found is None:
                    raise BenchFailure(f"{group}.{name} was not counted, wanted one of {sorted(counts[group])}")
                ratio = found / entry["recorded"]
                if "ratio_max" in entry:
                    is_met, wanted = ratio <= entry["ratio_max"], f"at most {entry['ratio_max']}"
                else:
                    is_met, wanted = ratio >= entry["ratio_min"], f"at least {entry['ratio_min']}"
                holds = holds and is_met
                print(
                    f"{'ok    ' if is_met else 'FAILED'} {group}.{name}: {found:,.2f}, {ratio:.3f} of the recorded "
                    f"value, {wanted}"
                )
        return holds
