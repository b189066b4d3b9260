"""One client in many processes and threads: each caller gets its own answers.

`Forks` needs no server; `Crowd` needs KINDRED_BINARY, the path of the `kindred` command.
"""

import array
import copy
import multiprocessing
import os
import pickle
import random
import sys
import threading
import time
import traceback
import unittest

import kindred
from tests.support.lying_server import LyingServer
from tests.support.scratch import BINARY, Scratch

WAIT = 120
# 5,000 answers of processes alone and 15,000 of processes and threads; the first process is the parent.
PROCESSES, THREADS, ANSWERS, ANSWERS_OF_THREADS = 5, 4, 1000, 750


class Child:
    """A forked child that runs a function. Its exit status is 0 if the function raised nothing."""

    def __init__(self, run):
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                run()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)

    def status(self):
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        return f"not done in {WAIT} s"


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def raises(name, call):
    try:
        call()
    except kindred.Error as error:
        equal(error.name, name)
        return error
    raise AssertionError(f"{name} was not raised")


@unittest.skipUnless(hasattr(os, "fork"), "this system does not fork")
class Forks(unittest.TestCase):
    def setUp(self):
        server = LyingServer()
        self.addCleanup(server.__exit__)
        self.server, self.client = server, kindred.connect(server.address)
        self.addCleanup(self.client.close)

    def test_a_child_has_a_connection_of_its_own(self):
        opened, parent = self.client.shared.connection, self.client.shared.connection.socket.fileno()

        def run():
            # The fork hook has closed the child's copy of the descriptor.
            equal(opened.socket.fileno(), -1)
            equal(self.client.recommend(user="u01", k=1), [("i00", array.array("f", [0.98])[0])])
            self.client.ping()
            self.client.close()
        self.assertEqual(Child(run).status(), 0)
        self.assertEqual(self.server.connections, 2)
        self.client.ping()
        self.assertIs(self.client.shared.connection, opened)
        self.assertEqual((opened.socket.fileno(), self.server.connections), (parent, 2))

    def test_a_child_of_a_child(self):
        def run():
            self.client.ping()
            equal(Child(lambda: self.client.ping()).status(), 0)
            self.client.ping()
        self.assertEqual(Child(run).status(), 0)
        self.client.ping()
        self.assertEqual(self.server.connections, 3)

    def test_a_forked_process_is_noticed_without_the_fork_hook(self):
        kindred.forks.living.discard(self.client.shared)
        kindred.forks.living.discard(self.client.shared.connection)
        self.assertEqual(Child(self.client.ping).status(), 0)
        self.assertEqual(Child(self.client.close).status(), 0)
        self.client.ping()
        self.assertEqual(self.server.connections, 2)

    def test_a_lock_that_another_thread_holds(self):
        with self.client.shared.lock:
            self.assertEqual(Child(lambda: self.client.ping(timeout=5)).status(), 0)

    def test_an_open_audience_belongs_to_its_process(self):
        whole = self.client.lookalike(seeds=["u03"], size=25)
        with self.client.lookalike(seeds=["u03"], size=25, stream=True) as stream:
            rows = list(next(stream))

            def run():
                error = raises("WRONG_PROCESS", lambda: next(stream))
                equal((str(os.getpid()) in error.message, error.retryable), (True, False))
                stream.close()
                self.client.ping()
            self.assertEqual(Child(run).status(), 0)
            self.assertEqual(Child(stream.close).status(), 0)
            self.assertEqual(Child(lambda: stream.__del__()).status(), 0)
            rows += [row for chunk in stream for row in chunk]
        self.assertEqual(rows, whole)
        self.assertEqual(stream.summary, whole.summary)

    def test_a_fork_in_the_middle_of_a_call(self):
        """Both processes are inside the call; each counts the seeds that it sends."""
        read, write = os.pipe()

        def seeds():
            for number in range(5000):
                if number == 3000 and os.fork() == 0:
                    forked.append(True)
                yield f"s{number}" if number else "u03"
        forked = []
        try:
            audience = self.client.lookalike(seeds=seeds(), size=5)
        except BaseException as error:
            if forked:
                os.write(write, getattr(error, "name", "?").encode())
                os._exit(0)
            raise
        if forked:
            os.write(write, b"the parent's audience")
            os._exit(1)
        os.wait()
        os.close(write)
        self.assertEqual(os.read(read, 100), b"WRONG_PROCESS")
        os.close(read)
        self.assertEqual((len(audience), audience.summary.seeds), (5, 5000))

    def test_clients_are_not_passed_on(self):
        stream = self.client.lookalike(seeds=["u03"], size=25, stream=True)
        for one, said in ((self.client, "kindred.connect"), (stream, "the rows")):
            for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
                with self.subTest(said, attempt=attempt), self.assertRaisesRegex(TypeError, said):
                    attempt(one)
        stream.close()

    def test_answers_and_errors_are_passed_on(self):
        found = pickle.loads(pickle.dumps(self.client.recommend(user="u01")))
        self.assertEqual((found.model, found.version, len(found)), ("m", 3, 10))
        audience = pickle.loads(pickle.dumps(self.client.lookalike(seeds=["u03", "x"], size=5)))
        self.assertEqual((len(audience), audience.summary.unmatched_examples), (5, ["x"]))
        for kind in (kindred.Error, kindred.ProtocolError):
            error = kind("OVERLOADED", "busy", flags=3, value=5, limit=4, retry_after=0.25)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), str(again), again.__dict__), (kind, str(error), error.__dict__))

    def test_multiprocessing(self):
        global inherited
        inherited = self.client
        with multiprocessing.get_context("fork").Pool(4) as pool:
            found = pool.map(ask_inherited, range(200))
        self.assertEqual(found, [f"u{number % 50:02}" for number in range(200)])
        process = multiprocessing.get_context("fork").Process(target=self.client.ping)
        process.start()
        process.join(WAIT)
        self.assertEqual(process.exitcode, 0)
        with self.assertRaisesRegex(TypeError, "call kindred.connect there"):
            multiprocessing.get_context("spawn").Process(target=ask, args=(self.client, 1)).start()
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            self.assertEqual(pool.starmap(ask_address, [(self.server.address, number) for number in range(8)]),
                             [f"u{number:02}" for number in range(8)])
            with self.assertRaises(kindred.Error) as caught:  # an error, not a pool that waits for ever
                pool.apply_async(ask_address, (self.server.address, 1, "nosuch")).get(WAIT)
        self.assertEqual(caught.exception.name, "BAD_REPLY")
        self.client.ping()


inherited = None


def ask(client, number, model="m"):
    """The one user missing among the users most like user `number`: the user itself."""
    user = f"u{number % 50:02}"
    found = {row for row, _ in client.recommend(user=user, k=49, over="users", model=model)}
    return (set(f"u{row:02}" for row in range(50)) - found).pop()


def ask_inherited(number):
    return ask(inherited, number)


def ask_address(address, number, model="m"):
    with kindred.connect(address) as client:
        if model != "m":
            client.recommend(user="u01", version=2, model=model)
            raise kindred.ProtocolError("BAD_REPLY", "raised in a worker")
        return ask(client, number)


@unittest.skipUnless(BINARY and hasattr(os, "fork"), "set KINDRED_BINARY to the path of the kindred command")
class Crowd(unittest.TestCase):
    def setUp(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        scratch.pack_shop()
        address = scratch.serve()
        self.users = scratch.users[1:]
        with kindred.connect(address) as fresh:
            self.expected = {user: fresh.recommend(user=user, k=5) for user in self.users}
        self.assertGreater(len({repr(rows) for rows in self.expected.values()}), 40)
        self.client = kindred.connect(address, timeout=60)
        self.addCleanup(self.client.close)

    def ask(self, seed, answers, wrong):
        source = random.Random(seed)
        try:
            for _ in range(answers):
                user = source.choice(self.users)
                found = self.client.recommend(user=user, k=5)
                if found != self.expected[user]:
                    wrong.append((user, found))
        except BaseException as error:
            wrong.append(error)

    def start_threads(self, seed):
        """Starts threads that ask through one client. Returns them and the list of their errors."""
        wrong = []
        started = [threading.Thread(target=self.ask, args=(seed * THREADS + number, ANSWERS_OF_THREADS, wrong))
                   for number in range(THREADS)]
        for thread in started:
            thread.start()
        return started, wrong

    def join(self, started, wrong):
        for thread in started:
            thread.join(WAIT)
        equal(wrong[:3], [])

    def test_processes(self):
        def run(seed):
            wrong = []
            self.ask(seed, ANSWERS, wrong)
            equal(wrong[:3], [])
        children = [Child(lambda seed=seed: run(seed)) for seed in range(1, PROCESSES)]
        try:
            run(0)
        finally:
            self.assertEqual([child.status() for child in children], [0] * len(children))

    def test_processes_and_threads(self):
        """Forks happen while the parent's threads ask, so at some of them its lock is held."""
        started, wrong = self.start_threads(0)
        children = [Child(lambda seed=seed: self.join(*self.start_threads(seed))) for seed in range(1, PROCESSES)]
        try:
            self.join(started, wrong)
        finally:
            self.assertEqual([child.status() for child in children], [0] * len(children))
        self.client.ping()


if __name__ == "__main__":
    unittest.main()
