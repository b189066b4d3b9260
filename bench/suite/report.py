"""The report of a record."""

from __future__ import annotations

import pathlib

from bench.peers import comparison_table
from bench.peers.interleaved import Figure, Pair
from bench.suite.highlights import highlights
from bench.suite.load_sections import latency_section, overload_section
from bench.suite.machine import Machine
from bench.suite.markdown import code, image
from bench.suite.plots import recall_plot, rows_plot, threads_plot, wire_plot
from bench.suite.record import Record
from bench.suite.wire_stage import AloneRow


def write(record: Record, folder: pathlib.Path) -> None:
    """Writes report.md and its plots."""
    lines = [
        f"# {record.machine.name}",
        "",
        *heading(record),
        *section("The machine", machine_lines(record.machine)),
        *highlights_section(record),
    ]
    for result in record.recall:
        lines += [
            "",
            f"## Engine: {result.dataset} vectors, {result.rows:,} x {result.dimension}",
            "",
            image(recall_plot.draw(result, folder)),
            *code(comparison_table.lines(result)),
        ]
    if record.rows:
        lines += ["", "## Engine: throughput against rows", "", image(rows_plot.draw(record.rows, folder))]
        for result in record.rows:
            lines += code(comparison_table.lines(result))
    if record.threads:
        lines += threads_section(record, folder)
    if record.redis or record.served:
        lines += [
            "",
            "## Wire",
            "",
            image(wire_plot.draw(record.redis, record.served, folder)),
            *wire_lines(record),
        ]
    if record.sweep and record.swaps:
        lines += latency_section(record.sweep, record.swaps, folder)
    if record.overload:
        lines += overload_section(record.overload)
    if record.left_out:
        lines += ["", "## Left out", "", *(f"- {name}: {reason}" for name, reason in record.left_out.items())]
    (folder / "report.md").write_text("\n".join(lines) + "\n")


def heading(record: Record) -> list[str]:
    """The command, duration and date of this record."""
    machine = record.machine
    return [
        f"Made by `bench/run --{record.plan}` in {record.minutes:.0f} minutes on {machine.date}"
        + (f", sources {machine.commit}" if machine.commit else "")
        + ". Speeds are medians of rounds in which the two "
        "that are compared take turns; noise is the distance of the quartiles of their ratios, as a share of the "
        "median.",
        "",
    ]


def machine_lines(machine: Machine) -> list[str]:
    """The machine, and its limits in one table."""
    facts = machine.limits["machine"]
    caches = ", ".join(f"L{cache['level']} {cache['byteCount'] >> 10:,} KiB" for cache in facts["caches"])
    table = [("limit", "one thread", "all threads")]
    for level in dict.fromkeys(read["level"] for read in machine.limits["reads"]):
        table.append(
            (
                f"read {level}, GB/s",
                *by_threads(
                    machine.limits["reads"], lambda read, level=level: read["level"] == level, "bytesPerSecond"
                ),
            )
        )
    for dimension in dict.fromkeys(product["dimension"] for product in machine.limits["products"]):
        table.append(
            (
                f"sgemm d = {dimension}, GFLOP/s",
                *by_threads(
                    machine.limits["products"],
                    lambda one, dimension=dimension: one["dimension"] == dimension,
                    "operationsPerSecond",
                ),
            )
        )
    kernel = machine.limits["scanKernel"]
    table.append(
        (
            f"int8 {kernel}, G multiply-adds/s",
            *by_threads(machine.limits["scans"], lambda scan: scan["kernel"] == kernel, "multiplyAddsPerSecond"),
        )
    )
    table += pause_rows(machine)
    return [
        f"{machine.cpu}, {machine.cores} cores, {caches}, {machine.memory_byte_count >> 30} GiB of memory",
        f"{' '.join(facts['instructionSets'])}; {facts['blas']}",
        f"{machine.kernel}, Python {machine.python}; load average {machine.load_average:.2f} before the run",
        "",
        *comparison_table.aligned(table),
    ]


def pause_rows(machine: Machine) -> list[tuple[str, str, str]]:
    """The machine's pauses of threads that never wait; they limit every latency."""
    by_choice = {pauses["threads"]: pauses for pauses in machine.limits["pauses"]}

    def cells(member: str, form: str, factor: float = 1) -> tuple[str, str]:
        one, every = (by_choice.get(choice) for choice in ("one", "all"))
        return tuple(form.format(factor * found[member]) if found else "" for found in (one, every))

    return [
        ("longest pause, ms", *cells("longestSeconds", "{:.2f}", 1000)),
        ("pauses of 1 ms or more, /s", *cells("longPausesPerSecond", "{:.1f}")),
        ("time in pauses", *cells("shareOfTime", "{:.2%}")),
    ]


def by_threads(rows: list[dict], matches: object, member: str) -> tuple[str, str]:
    """The best of the matching rows with one and with all threads, in billions."""
    found = []
    for threads in ("one", "all"):
        values = [row[member]["best"] for row in rows if matches(row) and row["threads"] == threads]
        found.append(f"{max(values) / 1e9:,.1f}" if values else "")
    return found[0], found[1]


def highlights_section(record: Record) -> list[str]:
    """The most important figures."""
    rows = highlights(record)
    if not rows:
        return []
    return [
        "",
        "## At a glance",
        "",
        "| measured | value | noise |",
        "| --- | --- | --- |",
        *(f"| {name} | {value} | {noise} |" for name, value, noise in rows),
    ]


def threads_section(record: Record, folder: pathlib.Path) -> list[str]:
    """Scaling with threads."""
    result = record.threads
    lines = [("threads", "Kindred, queries/s", "faiss flat, queries/s", "Kindred / faiss", "noise")]
    lines += [(str(row.threads), *pair_cells(row.speeds)) for row in result.table]
    return [
        "",
        "## Engine: scaling with threads",
        "",
        image(threads_plot.draw(result, folder)),
        *code(
            [
                f"{result.rows:,} x {result.dimension}, vectors of length 1, top {result.k}; batches of "
                f"{result.kindred_batch}, faiss's of {result.faiss_batch}",
                "",
                *comparison_table.aligned(lines),
            ]
        ),
    ]


def wire_lines(record: Record) -> list[str]:
    """Tables beside Redis and beside faiss behind gRPC."""
    lines: list[str] = []
    if record.redis:
        redis = record.redis
        table = [
            (
                "vectors",
                "answers",
                "connections x in flight",
                "Kindred, requests/s",
                "Redis GET, requests/s",
                "Kindred / Redis",
                "noise",
                "generator threads",
                "generator, CPU s/s",
            )
        ]
        table += [
            (
                row.dataset,
                row.answers,
                f"{row.connections} x {row.in_flight}",
                *pair_cells(row.speeds),
                f"{row.generator_threads[0]} / {row.generator_threads[1]}",
                f"{row.generator_load.median:.2f}",
            )
            for row in redis.table
        ]
        lines += code(
            [
                f"{redis.rows:,} x {redis.dimension}, top {redis.k}, by user; Redis {redis.redis_version}, "
                f"values of {redis.value_byte_count} bytes, redis-benchmark",
                "",
                *comparison_table.aligned(table),
                "",
                *(alone_line(row) for row in redis.alone),
            ]
        )
    if record.served:
        served = record.served
        tried = "; ".join(f"{name}: {speed:,.0f}/s" for name, speed in served.tried.items())
        table = [
            ("", "requests/s", "p99, ms", "generator, CPU s/s", "recall"),
            (
                "Kindred",
                f"{served.speeds.first.median:,.1f}",
                f"{served.kindred_p99.median * 1000:,.1f}",
                f"{served.kindred_generator_load.median:.2f}",
                "exact",
            ),
            (
                "faiss flat behind gRPC",
                f"{served.speeds.second.median:,.1f}",
                f"{served.faiss_p99.median * 1000:,.1f}",
                f"{served.faiss_generator_load.median:.2f}",
                f"{served.faiss_recall:.4f}",
            ),
        ]
        lines += code(
            [
                f"{served.rows:,} x {served.dimension}, top {served.k}, by user, "
                f"{served.concurrency} requests in flight; faiss with {served.faiss_setting} "
                f"(tried: {tried}), batches of what waits",
                "",
                *comparison_table.aligned(table),
                "",
                f"Kindred / faiss behind gRPC: {served.speeds.ratio.median:.3g} "
                f"(noise {served.speeds.ratio.spread:.0%})",
            ]
        )
    return lines


def alone_line(row: AloneRow) -> str:
    """One connection beside PING."""
    first, second, ratio = row.latencies.first, row.latencies.second, row.latencies.ratio
    return (
        f"{row.dataset}, answers {row.answers}, one connection, one at a time: p50 {first.median * 1000:.0f} us, of "
        f"PING {second.median * 1000:.0f} us, {ratio.median:.2f} times (noise {ratio.spread:.0%})"
    )


def pair_cells(pair: Pair) -> tuple[str, str, str, str]:
    """Both speeds, their ratio and its noise."""
    return speed(pair.first), speed(pair.second), f"{pair.ratio.median:.3g}", f"{pair.ratio.spread:.0%}"


def speed(figure: Figure) -> str:
    """A rate per second in whole numbers, with one decimal where it is small."""
    return f"{figure.median:,.0f}" if figure.median >= 100 else f"{figure.median:,.1f}"


def section(title: str, lines: list[str]) -> list[str]:
    """A heading and a block of code."""
    return [f"## {title}", *code(lines)]
