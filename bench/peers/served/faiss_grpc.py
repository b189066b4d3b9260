"""faiss's exact index behind gRPC: an asyncio server that batches waiting requests.

    python -m bench.peers.served.faiss_grpc FOLDER [--threads 2] [--batch-max 1024] [--blas-threshold 20]

A user's id is a row of queries.npy. faiss answers a batch without Python's lock. Requests that arrive meanwhile form
the next batch; a single request does not wait for others.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import dataclasses
import pathlib
import signal
import struct
import sys

import grpc
import numpy

from bench.peers.indexes.faiss_library import faiss
from bench.peers.served import message

K_MAX = 10_000


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A request, and the future for its answer."""

    user: int
    k: int
    reply: asyncio.Future[bytes]


class Recommender:
    """The index, the users' vectors, and the waiting requests."""

    def __init__(self, folder: pathlib.Path, threads: int, batch_max: int, blas_threshold: int) -> None:
        faiss.omp_set_num_threads(threads)
        if blas_threshold:
            faiss.cvar.distance_compute_blas_threshold = blas_threshold
        self.users = numpy.load(folder / "queries.npy")
        self.index = faiss.IndexFlatIP(self.users.shape[1])
        self.index.add(numpy.load(folder / "rows.npy"))
        self.batch_max = batch_max
        self.waiting: list[Waiting] = []
        self.arrived = asyncio.Event()
        # One thread, so that faiss keeps one team of OpenMP threads.
        self.pool = concurrent.futures.ThreadPoolExecutor(
            1, initializer=faiss.omp_set_num_threads, initargs=(threads,)
        )

    async def recommend(self, request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        """Answers one request, in a batch with the other waiting ones."""
        try:
            user, k = message.REQUEST.unpack(request)
        except struct.error:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"{len(request)} bytes, wanted {message.REQUEST.size}"
            )
        if user >= len(self.users):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"user {user}, wanted below {len(self.users)}")
        if not 1 <= k <= K_MAX:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"k {k}, wanted 1 to {K_MAX}")
        reply = asyncio.get_running_loop().create_future()
        self.waiting.append(Waiting(user, k, reply))
        self.arrived.set()
        return await reply

    async def run(self) -> None:
        """Answers batches until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.arrived.wait()
            batch, self.waiting = self.waiting[: self.batch_max], self.waiting[self.batch_max :]
            if not self.waiting:
                self.arrived.clear()
            try:
                answers = await loop.run_in_executor(self.pool, self._search, batch)
            except RuntimeError as error:
                for request in batch:
                    if not request.reply.done():
                        request.reply.set_exception(error)
                continue
            for request, answer in zip(batch, answers):
                if not request.reply.done():
                    request.reply.set_result(answer)

    def _search(self, batch: list[Waiting]) -> list[bytes]:
        scores, ids = self.index.search(
            self.users[[request.user for request in batch]], max(request.k for request in batch)
        )
        return [
            message.answer(ids[row, : request.k], scores[row, : request.k]) for row, request in enumerate(batch)
        ]


async def serve(folder: pathlib.Path, threads: int, batch_max: int, blas_threshold: int, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    recommender = Recommender(folder, threads, batch_max, blas_threshold)
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(recommender.recommend)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(message.SERVICE, {message.METHOD: handler}),)
    )
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    batches = asyncio.create_task(recommender.run())
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await stop.wait()
    await server.stop(grace=1)
    batches.cancel()


def main() -> int:
    """Serves by the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.served.faiss_grpc")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1, help="of faiss")
    parser.add_argument("--batch-max", type=int, default=1_024, help="1: no batches")
    parser.add_argument(
        "--blas-threshold",
        type=int,
        default=20,
        help="queries of a batch from which faiss uses matrix products; 0: as it is installed",
    )
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    arguments = parser.parse_args()
    for name in ("threads", "batch_max"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} {getattr(arguments, name)}: at least 1")
    asyncio.run(
        serve(arguments.folder, arguments.threads, arguments.batch_max, arguments.blas_threshold, arguments.port)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
