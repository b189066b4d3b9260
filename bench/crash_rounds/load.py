"""Sends requests without pause over one connection, until the server is killed."""

import threading

from bench.crash_rounds.population import K
from bench.support.client import kindred
from bench.support.failure import BenchFailure


class Load(threading.Thread):
    """Asks for recommendations and checks each answer; `newest` is the newest version that answered."""

    def __init__(self, scratch, address, population):
        super().__init__(daemon=True)
        self.scratch, self.population = scratch, population
        self.client = kindred.connect(address)
        self.server_is_dying = threading.Event()
        self.answered, self.newest, self.failure = 0, 0, None

    def run(self):
        queries = self.population.queries
        try:
            while True:
                index = self.answered % len(queries)
                vector = self.population.query_vector(queries[index])
                answer = self.client.recommend(vector=vector, k=K, model=self.population.name)
                self.scratch.check_answer(self.population.name, index, answer)
                if answer.version < self.newest:
                    raise BenchFailure(f"version {answer.version} answered after version {self.newest}")
                self.answered, self.newest = self.answered + 1, answer.version
        except kindred.Error as error:
            if not (self.server_is_dying.is_set() and error.name == "CONNECTION_LOST"):
                self.failure = f"a request failed before the server was killed: {error}"
        except BenchFailure as failure:
            self.failure = str(failure)
        finally:
            self.client.close()
