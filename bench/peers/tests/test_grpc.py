"""faiss behind gRPC and its load generator, over a small table."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import grpc
import numpy

from bench.datasets import drawn
from bench.peers.peer_process import ROOT
from bench.peers.served import message
from bench.support.server_process import ServerProcess


class GRPCTests(unittest.TestCase):
    """Against a real server process."""

    @classmethod
    def setUpClass(cls) -> None:
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        drawn.write(cls.folder, "shipped", rows=500, dimension=16, queries=64)
        cls.server = ServerProcess(
            [sys.executable, "-m", "bench.peers.served.faiss_grpc", str(cls.folder), "--batch-max", "16"],
            cls.folder / "log",
            cwd=ROOT,
        )
        cls.addClassCleanup(cls.server.kill)

    def test_load_and_recall(self) -> None:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "bench.peers.served.grpc_load",
                self.server.address,
                str(self.folder),
                "--concurrency",
                "32",
                "--warm-up",
                "0",
                "--seconds",
                "0.5",
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["recall"], result["errors"]), (1.0, {}))
        self.assertGreater(result["requests"], 0)
        self.assertGreaterEqual(result["latency"]["p99"], result["latency"]["p50"])

    def test_answers_and_refusals(self) -> None:
        with grpc.insecure_channel(self.server.address) as channel:
            call = channel.unary_unary(f"/{message.SERVICE}/{message.METHOD}")
            rows, queries = (numpy.load(self.folder / f"{name}.npy") for name in ("rows", "queries"))
            ids = message.ids_of(call(message.request(3, 5), timeout=30))
            numpy.testing.assert_array_equal(ids, numpy.argsort(-(rows @ queries[3]))[:5])
            for request, code in (
                (b"123", "INVALID_ARGUMENT"),
                (message.request(64, 5), "NOT_FOUND"),
                (message.request(0, 0), "INVALID_ARGUMENT"),
            ):
                with self.assertRaises(grpc.RpcError) as caught:
                    call(request, timeout=30)
                self.assertEqual(caught.exception.code().name, code)


if __name__ == "__main__":
    unittest.main()
