"""kindred.Client against a scripted server: its requests, and its results for good, late and malformed answers."""

import pickle
import socket
import struct
import time
import unittest

import kindred
from kindred import codec
from tests.support import golden
from tests.support.scripted_server import END, Scripted, answer, crc, error, golden_reply, reply, rows


class Recommend(unittest.TestCase):
    def test_results(self):
        with Scripted(lambda h, b: golden_reply("recommend-reply-text", h)) as server:
            with kindred.connect(server.address, model="online-retail") as client:
                found = client.recommend(user="17850", k=2, exclude=["a"], candidates=("85123A", "22423"),
                                         min_score=0.5, over="users", similarity="cosine", version=1,
                                         include_members=True)
        self.assertEqual([item for item, _ in found], ["22423", "85123A"])
        self.assertAlmostEqual(found[0][1], 0.9134, places=6)
        self.assertEqual((found.model, found.version, found.exact, found.eligible, found.scanned),
                         ("online-retail", 1, True, 3659, 1280))
        _, header, body = server.frames[0]
        self.assertEqual((header.request_id, header.arg), (2, 10000))
        self.assertEqual({k: body.fixed[k] for k in ("query_kind", "target", "similarity", "options", "k", "version")},
                         {"query_kind": 1, "target": 2, "similarity": 2, "options": 2, "k": 2, "version": 1})
        self.assertEqual(body.lists["model"], "online-retail")
        self.assertEqual(body.lists["exclusions"], (["a"], None))
        self.assertEqual(body.lists["candidates"], (["85123A", "22423"], None))

    def test_columns(self):
        with Scripted(lambda h, b: golden_reply("recommend-reply-columns", h)) as server:
            with kindred.connect(server.address) as client:
                found = client.recommend(item="x", k=3, columns=["title", "price", "stock"])
                self.assertEqual(found[0], {"id": "a", "score": 3.0, "title": "REGENCY CAKESTAND 3 TIER",
                                            "price": 12.75, "stock": -2**63})
                self.assertEqual((found[1]["title"], found[1]["price"], found[2]["stock"]), (None, None, None))
                with self.assertRaises(kindred.ProtocolError):
                    client.recommend(item="x", k=3, columns=["title"])

    def test_queries_of_all_kinds(self):
        def script(header, body):
            return answer(header, body.fixed["query_count"])
        with Scripted(script) as server, kindred.connect(server.address) as client:
            client.recommend(vector=[1, 2.5, -0.0])
            client.recommend(basket={"a": 2, "b": -1.5})
            client.recommend(basket=["a", ("b", 1)])
            client.recommend_batch(baskets=[["a"], [], {"b": 3}])
            client.recommend(item=7)
            if kindred.arrays.numpy is not None:
                client.recommend(vector=kindred.arrays.numpy.array([1, 2.5]))
                client.recommend_batch(vectors=kindred.arrays.numpy.ones((2, 3)))
                self.assertEqual(len(server.frames[-1][2].lists["vectors"]), 6)
                with self.assertRaises(ValueError):
                    client.recommend_batch(vectors=kindred.arrays.numpy.ones(3))
            lists = [frame[2].lists for frame in server.frames]
            self.assertEqual(lists[0]["vectors"].tobytes(), struct.pack("<3f", 1, 2.5, -0.0))
            self.assertEqual((lists[1]["members"], lists[1]["weights"].tolist()), ((["a", "b"], [0, 2]), [2.0, -1.5]))
            self.assertNotIn("weights", lists[2])
            self.assertEqual(lists[3]["members"], (["a", "b"], [0, 1, 1, 2]))
            self.assertEqual(lists[4]["query_ids"], [7])
            for wrong in ({}, {"user": 1, "item": 2}):
                with self.assertRaises(TypeError):
                    client.recommend(**wrong)
            with self.assertRaises(ValueError):
                client.recommend(user="a", over="people")
            with self.assertRaises(ValueError):
                client.recommend_batch(vectors=[[1, 2], [1]])
            for wrong, said in (({"k": -1}, "k -1: 1 to 10000"), ({"k": 10**12}, "k 1000000000000: 1 to 10000"),
                                ({"version": -1}, "version -1: 0 to 18446744073709551615")):
                with self.subTest(wrong), self.assertRaisesRegex(ValueError, f"^{said}$"):
                    client.recommend(user="a", **wrong)
            with self.assertRaisesRegex(ValueError, "a vector of no elements"):
                client.recommend(vector=[])
            self.assertEqual(server.connections, 1)

    def test_a_failed_query_stands_in_its_place(self):
        with Scripted(lambda h, b: golden_reply("recommend-reply-one-query-failed", h)) as server:
            with kindred.connect(server.address) as client:
                found = client.recommend_batch(users=["a", "zoë", "b"], k=1)
                self.assertEqual((found[0], found[2]), ([("a", 1.0)], [("b", 0.0)]))
                self.assertEqual((found[1].name, found[1].message), ("UNKNOWN_ID", "unknown user 'zoë'"))
                with self.assertRaises(kindred.Error):
                    client.recommend_batch(users=["a", "zoë", "b"], k=1, raise_errors=True)

    def test_replies_in_several_frames_and_batches_in_several_requests(self):
        def script(header, body):
            count = body.fixed["query_count"]
            return answer(header, count - 1, flags=0) + answer(header, 1, first=count - 1)
        with Scripted(script) as server, kindred.connect(server.address) as client:
            self.assertEqual(len(client.recommend_batch(users=range(2500), k=10)), 2500)
            self.assertEqual([frame[2].fixed["query_count"] for frame in server.frames], [1024, 1024, 452])
            self.assertEqual(client.recommend_batch(users=[]), [])

    def test_lists_for_each_query(self):
        def script(header, body):
            return answer(header, body.fixed["query_count"])
        with Scripted(script) as server, kindred.connect(server.address) as client:
            client.recommend_batch(users=["a", "b"], k=1, candidates=[[50, 9], (51,)], exclude=[[], ["x"]])
            lists = server.frames[0][2].lists
            self.assertEqual(lists["candidates"], ([50, 9, 51], [0, 2, 3]))
            self.assertEqual(lists["exclusions"], (["x"], [0, 0, 1]))
            # The answers are 50 and 51; each is another query's candidate, or excluded.
            for wrong in ({"candidates": [[51], [50]]}, {"exclude": [[], [51]]}):
                with self.subTest(wrong), self.assertRaises(kindred.ProtocolError):
                    client.recommend_batch(users=["a", "b"], k=1, **wrong)
            # A batch of several requests has the lists of its own queries in each.
            users = list(range(1025))
            with self.assertRaises(kindred.ProtocolError):
                client.recommend_batch(users=users, k=1, candidates=[[50 + user] for user in users])
            self.assertEqual(server.frames[-1][2].lists["candidates"], ([1074], [0, 1]))
            sent = len(server.frames)
            with self.assertRaisesRegex(ValueError, "^candidates: 3 lists for 2 queries: expected a list for each query"):
                client.recommend_batch(users=["a", "b"], candidates=[["x"], ["y"], ["z"]])
            with self.assertRaisesRegex(TypeError, r"^exclude\[1\]='y' is no list"):
                client.recommend_batch(users=["a", "b"], exclude=[["x"], "y"])
            self.assertEqual(len(server.frames), sent)

    def test_parts_that_do_not_fit_together(self):
        for script in (lambda h, b: answer(h, 1), lambda h, b: answer(h, 3), lambda h, b: answer(h, 2, first=1),
                       lambda h, b: answer(h, 1, flags=0) + answer(h, 1), lambda h, b: answer(h, 0, flags=0)):
            with Scripted(script) as server, kindred.connect(server.address) as client:
                with self.assertRaises(kindred.ProtocolError):
                    client.recommend_batch(users=["a", "b"])
                self.assertIsNone(client.shared.connection)


class Others(unittest.TestCase):
    def test_score_and_vectors(self):
        def script(header, body):
            return golden_reply("score-reply" if header.type == 0x11 else "get-vectors-reply", header)
        with Scripted(script) as server, kindred.connect(server.address) as client:
            self.assertEqual(client.score(user="a", candidates=["x", "y", "z"]), [0.5, None, -2.0])
            found = client.vectors(items=["a", "b", "c"])
            self.assertEqual(list(found[0]), [0.5, 0.0])
            if kindred.arrays.numpy is None:
                self.assertIsNone(found[1])
            else:
                self.assertEqual(found.shape, (3, 2))
                self.assertTrue(kindred.arrays.numpy.isnan(found[1]).all())
            numpy, kindred.arrays.numpy = kindred.arrays.numpy, None
            try:
                self.assertIsNone(client.vectors(items=["a", "b", "c"])[1])
            finally:
                kindred.arrays.numpy = numpy

    def test_a_remark_on_the_whole_repository(self):
        for name, remark in (("model-list-reply-empty-with-a-remark", "the folder has no models"),
                             ("model-list-reply-one-not-ready", "")):
            with self.subTest(name), Scripted(lambda header, body: golden_reply(name, header)) as server:
                with kindred.connect(server.address) as client:
                    models = client.models()
                self.assertEqual(models.remark, remark)
                self.assertIsInstance(models, list)
                copied = pickle.loads(pickle.dumps(models))
                self.assertEqual((copied, copied.remark), (models, remark))

    def test_models_and_operation(self):
        names = {0x40: "model-list-reply-one-not-ready", 0x41: "model-load-reply", 0x42: "model-activate-reply",
                 0x43: "model-rollback-reply", 0x45: "stats-reply", 0x46: "health-reply-serving"}

        def script(header, body):
            if header.type == 3:
                return reply("PING", header, body.fixed)
            if header.type == 0x42 and not body.fixed["version"]:
                return reply("MODEL_ACTIVATE", header, {"active": 3, "previous": 1})
            return golden_reply(names[header.type], header)
        with Scripted(script) as server, kindred.connect(server.address) as client:
            one, two = client.models()
            self.assertEqual((one["name"], one["active"], one["loaded"], one["item_ids"]), ("a", 0, [], None))
            self.assertEqual(one["refused"], [{"version": 1, "reason": "reason one"},
                                              {"version": 2, "reason": "reason two"}])
            self.assertEqual([two[name] for name in ("loaded", "refused", "item_columns", "default")],
                             [[7], [], ["x"], True])
            self.assertEqual((one["remark"], one["versions"]), ("the folder cannot be read", []))
            self.assertEqual((two["item_column_types"], two["user_column_types"]), (["integers"], []))
            self.assertEqual(two["versions"], [{
                "version": 9, "state": "on disk", "dimension": 8, "items": 0, "users": 5, "item_columns": [],
                "user_columns": ["y"]}])
            self.assertEqual(client.load(), {"active": 2, "previous": 1, "pinned": 0, "remembered": True})
            self.assertEqual(client.activate("m", 1, expected=2),
                             {"active": 1, "previous": 2, "pinned": 1, "remembered": True})
            self.assertEqual(server.frames[-1][2].fixed, {"version": 1, "expected_active": 2})
            client.activate("m", "latest")
            self.assertEqual(server.frames[-1][2].fixed, {"version": 0, "expected_active": 0})
            for version in (0, -1, "newest", 1.0):
                with self.assertRaises((ValueError, TypeError)):
                    client.activate("m", version)
            client.rollback("m", expected=2)
            names[0x43] = "model-rollback-reply-not-remembered"
            self.assertIs(client.rollback("m")["remembered"], False)
            with self.assertRaises(kindred.ProtocolError):  # the reply lists two models
                client.models("one")
            self.assertEqual(server.frames[-1][2].lists["model"], "one")
            client.model = "m"
            client.models()
            self.assertNotIn("model", server.frames[-1][2].lists)
            client.model = None
            self.assertEqual(client.stats(), {"requests": 0, "queries": 2**64 - 1})
            self.assertEqual(client.health(), {"state": "serving", "models_ready": 1})
            self.assertLess(client.ping(), 5)


class Failures(unittest.TestCase):
    def test_an_error_reply_keeps_the_connection(self):
        def script(header, body):
            return error(header, "OVERLOADED", text="busy", retry_after_ms=250, reference=7, value=5, limit=4)
        with Scripted(script) as server, kindred.connect(server.address) as client:
            for _ in range(2):
                with self.assertRaises(kindred.Error) as caught:
                    client.stats()
            found = caught.exception
            self.assertEqual((found.name, found.code, found.retryable, found.message),
                             ("OVERLOADED", 769, True, "busy"))
            self.assertEqual((found.retry_after, found.reference, found.value, found.limit), (0.25, 7, 5, 4))
            self.assertEqual(server.connections, 1)

    def test_a_lost_connection_is_opened_again_by_the_next_call(self):
        state = {"lose": True}

        def script(header, body):
            lose, state["lose"] = state["lose"], False
            return b"" if lose else reply("PING", header, body.fixed)
        with Scripted(script) as server, kindred.connect(server.address) as client:
            with self.assertRaises(kindred.Error) as caught:
                client.ping()
            self.assertEqual((caught.exception.name, caught.exception.retryable), ("CONNECTION_LOST", True))
            client.ping()
            self.assertEqual(server.connections, 2)

    def test_no_answer_ends_at_the_deadline(self):
        with Scripted(lambda h, b: None) as server, kindred.connect(server.address) as client:
            start = time.monotonic()
            with self.assertRaises(kindred.Error) as caught:
                client.ping(timeout=0.05)
            self.assertEqual(caught.exception.name, "DEADLINE_EXCEEDED")
            self.assertLess(time.monotonic() - start, 5)

    def test_goaway(self):
        def script(header, body):
            return bytes.fromhex(golden.BY_NAME["goaway-draining"]["hex"]) + reply("PING", header, body.fixed)
        with Scripted(script) as server, kindred.connect(server.address) as client:
            client.ping()
            client.ping()
            self.assertEqual(server.connections, 2)

    def test_no_server_listens(self):
        listener = socket.create_server(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        listener.close()
        with self.assertRaises(kindred.Error) as caught:
            kindred.connect(address)
        self.assertEqual((caught.exception.name, caught.exception.retryable), ("CONNECTION_LOST", True))

    def test_malformed_answers(self):
        good = bytes.fromhex(golden.BY_NAME["health-reply-serving"]["hex"])
        stranger = golden_reply("pong-zero", codec.Header(0, 1, 3, 1, 99, 0, 0, 0, 0))
        for name, data in (("a changed CRC", good[:28] + bytes(4) + good[32:]), ("noise", b"\xff" * 64),
                           ("a request never made", stranger)):
            with self.subTest(name), Scripted(lambda h, b, data=data: data) as server:
                with kindred.connect(server.address) as client:
                    with self.assertRaises(kindred.ProtocolError):
                        client.health()
                    self.assertIsNone(client.shared.connection)

    def test_arguments_that_cannot_be_sent_leave_the_connection(self):
        with Scripted(lambda h, b: reply("PING", h, b.fixed)) as server, kindred.connect(server.address) as client:
            for wrong in (1.5, None, 2**64, "\udc80"):
                with self.assertRaises((TypeError, kindred.Error)):
                    client.vectors(items=[wrong])
            client.ping()
            self.assertEqual(server.connections, 1)


class Lookalike(unittest.TestCase):
    IDS = [f"u{index}" for index in range(25)]

    def script(self, summary=None, chunk=10):
        """Rows in chunks, then the summary, whatever the window. Every seed but "x" is a user."""
        seeds, asked = [], {}

        def run(header, body):
            if header.type == 0x20:
                seeds.clear()
                asked.update(body.fixed)
            seeds.extend(body.lists.get("seeds") or body.lists.get("ids") or ())
            if header.type in (5, 6) or not header.flags & END:
                return None
            ids, data = self.IDS, b""
            known = [seed for seed in seeds if seed != "x"]
            users = 25 + len(set(known)) if asked["size_kind"] == 1 else 25 * 10**6 // asked["size_value"]
            opening = codec.Header(0, 1, 0x20, 1, header.request_id, 0, 0, 0, 0)
            for start in range(0, len(ids), chunk):
                part = ids[start:start + chunk]
                data += rows(opening, start, part, [1 - (start + i) / 100 for i in range(len(part))])
            fixed = {"flags": 1, "version": 2, "rows": len(ids), "checksum": crc(ids), "seeds_received": len(seeds),
                     "seeds_matched": len(set(known)), "seeds_duplicate": len(known) - len(set(known)),
                     "seeds_unmatched": len(seeds) - len(known), "rows_eligible": users - len(set(known)),
                     **(summary or {})}
            lists = {"model": "m", "unmatched_examples": ["x"] if "x" in seeds else None}
            return data + reply("LOOKALIKE", opening, fixed, lists)
        return run

    def test_a_whole_audience(self):
        with Scripted(self.script()) as server, kindred.connect(server.address) as client:
            audience = client.lookalike(seeds=["a", "b", "b", "x"], size=0.5, window=600)
            self.assertEqual([user for user, _ in audience], self.IDS)
            summary = audience.summary
            self.assertEqual((summary.rows, summary.matched, summary.match_rate, summary.unmatched_examples),
                             (25, 2, 2 / 3, ["x"]))
            client.lookalike(seeds=["a"], size=25)
            windows = [body.fixed["limit_bytes"] for name, _, body in server.frames if name == "WINDOW"][:3]
            self.assertEqual(windows, sorted(windows))
            self.assertGreater(windows[0], 600)

    def test_a_stream_of_chunks(self):
        with Scripted(self.script()) as server, kindred.connect(server.address) as client:
            with client.lookalike(seeds=["a"], size="10%", stream=True) as stream:
                self.assertEqual(len(next(stream)), 10)
                self.assertIsNone(stream.summary)
                with self.assertRaises(kindred.Error) as caught:
                    client.ping(timeout=0.2)
                self.assertEqual(caught.exception.name, "CONNECTION_BUSY")
                self.assertEqual([len(chunk) for chunk in stream], [10, 5])
                self.assertEqual(stream.summary.rows, 25)
            with client.lookalike(seeds=["a"], size="10%", stream=True) as stream:
                next(stream)
            client.lookalike(seeds=["a"], size=25)
            self.assertEqual(server.connections, 1)

    def test_seeds_are_sent_in_parts(self):
        with Scripted(self.script()) as server, kindred.connect(server.address) as client:
            client.lookalike(seeds=(f"s{index}" for index in range(20000)), size=25)
            frames = [frame for frame in server.frames if frame[0] in ("LOOKALIKE", "DATA")]
            self.assertEqual([name for name, _, _ in frames], ["LOOKALIKE"] + ["DATA"] * (len(frames) - 1))
            self.assertEqual([header.flags for _, header, _ in frames], [0] * (len(frames) - 1) + [END])
            sent = []
            for name, header, body in frames:
                self.assertEqual(body.fixed.get("first_index", 0), len(sent))
                self.assertLessEqual(header.body_len, 262144)
                sent += body.lists["seeds" if name == "LOOKALIKE" else "ids"]
            self.assertEqual(sent, [f"s{index}" for index in range(20000)])

    def test_the_longest_seeds_fit_their_frames(self):
        with Scripted(self.script()) as server, kindred.connect(server.address) as client:
            client.lookalike(seeds=(f"{index:0256}" for index in range(3000)), size=25)
            self.assertLessEqual(max(header.body_len for _, header, _ in server.frames), 262144)

    def test_rows_that_do_not_agree(self):
        for summary in ({"rows": 24}, {"checksum": 1}):
            with Scripted(self.script(summary)) as server, kindred.connect(server.address) as client:
                with self.assertRaises(kindred.ProtocolError):
                    client.lookalike(seeds=["a"], size=25)
        for script in (lambda h, b: rows(h, 5, ["a"], [1.0]), lambda h, b: rows(h, 0, ["a"], [1.0, 2.0])):
            with Scripted(script) as server, kindred.connect(server.address) as client:
                with self.assertRaises(kindred.ProtocolError):
                    client.lookalike(seeds=["a"], size=25)

    def test_a_refusal_before_the_last_seed(self):
        def script(header, body):
            return error(header, "UNKNOWN_MODEL", text="no") if header.type == 0x20 else None
        with Scripted(script) as server, kindred.connect(server.address) as client:
            with self.assertRaises(kindred.Error) as caught:
                client.lookalike(seeds=range(100000), size=25)
            self.assertEqual(caught.exception.name, "UNKNOWN_MODEL")


if __name__ == "__main__":
    unittest.main()
