"""The phases of one attack."""

import shutil
import time
from collections import Counter
from contextlib import ExitStack

from bench.siege_attacks.processes.limits_of_processes import allow_descriptors, descriptors_allowed, end_with_parent
from bench.siege_attacks.processes.memory_watch import MemoryWatch
from bench.siege_attacks.processes.operator_calls import OperatorCalls
from bench.siege_attacks.verdicts import Verdicts
from bench.support.client import kindred
from bench.support.failure import BenchFailure
from bench.support.server_process import PATIENCE_SECONDS, ServerProcess, serve_command

SAMPLE_SECONDS = 0.05
STOP_PATIENCE_SECONDS = 45


class SiegeRun:
    """Runs one attack on its own server: undisturbed, during, afterwards, again with SIGTERM."""

    def __init__(self, binary, scale, attack, attackers, bystander):
        self.binary, self.scale, self.attack = binary, scale, attack
        self.attackers, self.bystander = attackers, bystander
        self.verdicts = Verdicts(attack.name)
        self.watch, self.counts = None, Counter()

    def run(self):
        attack, folder = self.attack, self.attack.repository.folder / f"server-{self.attack.name}"
        folder.mkdir()
        with ExitStack() as stack:  # runs all callbacks, the last one first, also after a failure
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            enclosure = attack.enclosure()
            if enclosure:
                stack.callback(enclosure.close)
            server = self.start_server(folder, enclosure)
            stack.callback(server.kill)
            stack.callback(self.rest)
            wait_until_serving(server)
            if enclosure:
                enclosure.tighten(server.pid, server.memory("VmSize") * 1024)
                self.verdicts.note("memory", enclosure.kind)
            self.besiege(server)
        return self.verdicts

    def start_server(self, folder, enclosure):
        attack = self.attack

        def before_exec():
            end_with_parent()
            allow_descriptors(descriptors_allowed(attack.descriptors()), for_good=True)
            if enclosure:
                enclosure.enter()

        command = serve_command(self.binary, attack.models(), folder / "state", *attack.server_arguments)
        return ServerProcess(command, folder / "server.log", before_exec=before_exec)

    def rest(self):
        """Stops the attackers, the bystander and the memory watch."""
        if self.watch:
            self.watch.finish()
        self.attackers.stop()
        if self.bystander.busy:
            self.bystander.stop()

    def besiege(self, server):
        OperatorCalls.load_both(server.address)
        undisturbed = self.undisturbed(server)
        before = server.resident_mib()
        watch = self.watch = MemoryWatch(server, before + self.scale.ceiling_mib)
        watch.start()
        during = self.during(server)
        counts = self.leave()
        self.judge(undisturbed, during)
        for what, value in sorted(counts.items()):
            self.verdicts.note(what, round(value))
        if server.alive:
            self.attack.hold(self.verdicts, counts, server, during)
        watch.finish()
        self.verdicts.note("MiB before", round(before))
        self.verdicts.at_most("memory more than before", watch.greatest - before, self.scale.growth_mib_max, "MiB")
        if not server.alive:
            found = f"killed at {watch.greatest:,.0f} MiB" if watch.killed else \
                f"ended with status {server.process.poll()}"
            self.verdicts.hold("the server lives", False, found, "it lives")
            return
        self.verdicts.hold("the server lives", True, "it lives", "it lives")
        self.afterwards(server, undisturbed, before)
        self.end(server)

    # ---- Phases

    def undisturbed(self, server):
        """Measures the bystander while the attackers only burn processor time."""
        self.attackers.burn()
        self.bystander.measure(server.address)
        time.sleep(self.scale.undisturbed_seconds)
        measured = self.bystander.stop()
        self.attackers.stop()
        if measured["errors"] or not measured["answers"]:
            raise BenchFailure(f"undisturbed, the bystander had {measured['answers']} answers and the errors "
                               f"{measured['errors']}, wanted answers alone{server.last_words()}")
        self.note_bystander("undisturbed", measured)
        return measured

    def during(self, server):
        """Measures the bystander and the operator during the attack."""
        scale = self.scale
        client = self.attack.operator_client(server.address)
        operator = OperatorCalls(server.address, scale.operator_pause_seconds, client)
        processor, start = server.processor_seconds(), time.monotonic()
        self.bystander.measure(server.address)
        operator.start()
        self.begin(server)
        self.last(server, self.attack.seconds())
        seconds, processor = time.monotonic() - start, max(server.processor_seconds() - processor, 0.0)
        measured = self.bystander.stop()
        operator.finish()
        if client:
            client.close()
        self.note_bystander("during", measured)
        return {"bystander": measured, "operator": operator, "seconds": seconds, "processor_seconds": processor}

    def begin(self, server):
        self.counts = Counter()
        self.attack.begin(server)

    def last(self, server, seconds):
        """Lets the attack go on for `seconds`, or until the server is dead or too large."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and server.alive:
            if self.watch.is_beyond:
                self.verdicts.note("given up at MiB", round(self.watch.greatest))
                self.leave()
                break
            time.sleep(SAMPLE_SECONDS)

    def leave(self):
        """Stops the attackers. Returns their counts."""
        self.counts += self.attackers.stop()
        return self.counts

    def afterwards(self, server, undisturbed, before):
        """After the attack: memory must shrink, and the bystander must be as fast as before."""
        scale, start = self.scale, time.monotonic()
        self.bystander.measure(server.address)
        limit = before + scale.left_behind_mib_max
        while server.resident_mib() > limit and time.monotonic() < start + scale.settle_seconds:
            time.sleep(SAMPLE_SECONDS)
        left, settled = server.resident_mib() - before, time.monotonic() - start
        time.sleep(scale.after_seconds)
        measured = self.bystander.stop()
        self.note_bystander("afterwards", measured)
        self.verdicts.note("seconds until memory was back", settled)
        self.verdicts.at_most("memory left behind", left, scale.left_behind_mib_max, "MiB")
        self.hold_bystander("afterwards", measured, undisturbed)

    def end(self, server):
        """Sends SIGTERM during the attack."""
        self.watch = MemoryWatch(server, self.watch.ceiling)
        self.watch.start()
        self.begin(server)
        self.last(server, self.scale.again_seconds)
        limit = self.scale.stop_seconds_max
        if not server.alive:
            self.verdicts.hold("time from SIGTERM to the end", False, "it had ended before", f"at most {limit:.1f} s")
            return
        seconds, status = server.terminate(STOP_PATIENCE_SECONDS)
        self.watch.finish()
        if seconds is None:
            self.verdicts.hold("time from SIGTERM to the end", False, f"more than {STOP_PATIENCE_SECONDS} s",
                               f"at most {limit:.1f} s")
        else:
            self.verdicts.at_most("time from SIGTERM to the end", seconds, limit, "s")
            found = f"{status}, killed at {self.watch.greatest:,.0f} MiB" if self.watch.killed else str(status)
            self.verdicts.hold("exit status", status == 0, found, "0")

    # ---- Judging

    def judge(self, undisturbed, during):
        scale, operator = self.scale, during["operator"]
        self.hold_bystander("during", during["bystander"], undisturbed)
        wanted = f"at most {scale.activate_seconds_max:.1f} s"
        if operator.failure:
            self.verdicts.hold("slowest ACTIVATE", False, f"{operator.slowest:.1f} s, {operator.failure}", wanted)
        else:
            self.verdicts.hold("slowest ACTIVATE", operator.calls and operator.slowest <= scale.activate_seconds_max,
                               f"{operator.slowest:.2f} s of {operator.calls}", wanted)
        self.verdicts.note("processor seconds", during["processor_seconds"])
        self.verdicts.note("of seconds", during["seconds"])

    def hold_bystander(self, phase, measured, undisturbed):
        errors = measured["errors"]
        found = ", ".join(f"{count:,} {kind}" for kind, count in errors.items()) or "0"
        self.verdicts.hold(f"bystander's errors {phase}", not errors and measured["answers"],
                           f"{found} of {measured['answers']:,}", "0")
        limit = max(self.scale.p99_ratio_max * undisturbed["p99_ms"], self.scale.p99_floor_ms)
        self.verdicts.at_most(f"bystander's p99 {phase}", measured["p99_ms"], limit, "ms")

    def note_bystander(self, phase, measured):
        for name in ("p50_ms", "p99_ms", "greatest_ms"):
            self.verdicts.note(f"{phase} {name.replace('_', ' ')}", measured[name])


def wait_until_serving(server):
    """Waits until a model serves."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with kindred.connect(server.address) as client:
        while client.health()["state"] != "serving":
            if time.monotonic() > deadline:
                raise BenchFailure(f"no model serves after {PATIENCE_SECONDS} s{server.last_words()}")
            time.sleep(0.05)
