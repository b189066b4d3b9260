"""Pages of one list in one version: they neither repeat nor skip a row.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import pickle
import unittest

import kindred
from tests.support.scratch import ITEMS, Scratch

scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(Scratch.pack_all)


class PagesTest(unittest.TestCase):
    def setUp(self):
        self.client = kindred.connect(address)

    def tearDown(self):
        self.client.close()

    def pages(self, count, **arguments):
        page = self.client.recommend(**arguments)
        rows = list(page)
        for _ in range(count - 1):
            page = page.next_page()
            rows += page
        return rows, page

    def test_pages_are_the_list(self):
        for arguments in ({"user": scratch.users[0]}, {"vector": [1.0, -0.5, 0.25, 2.0]},
                          {"basket": scratch.items[:3]},
                          {"blend": [("user", scratch.users[2], 1), ("item", scratch.items[0], -0.5)]}, {"user": scratch.users[1], "offset": 5, "exclude": []}):
            with self.subTest(arguments):
                rows, last = self.pages(5, k=7, **arguments)
                self.assertEqual(rows, list(self.client.recommend(k=35, **arguments)))
                self.assertIsNone(last.pool)

    def test_pages_with_diversity_have_the_pool_of_the_first(self):
        user = scratch.users[0]
        for diversity in (0, 0.3, 1):
            for pool, first in ((None, 40), (25, 25)):
                with self.subTest(diversity=diversity, pool=pool):
                    rows, last = self.pages(5, user=user, k=4, diversity=diversity, pool=pool)
                    self.assertEqual(last.pool, first if diversity else None)
                    whole = self.client.recommend(user=user, k=20, diversity=diversity, pool=first)
                    self.assertEqual(rows, list(whole))
        # The same offset without a pool is of another list.
        page = self.client.recommend(user=user, k=4, diversity=1, offset=8)
        self.assertEqual(page.pool, min(10 * 12, 2_000))

    def test_pages_end_with_the_list(self):
        rows, last = self.pages(ITEMS // 20 + 1, user=scratch.users[0], k=20)
        self.assertEqual((len(rows), list(last)), (ITEMS, []))

    def test_pages_end_with_the_pool(self):
        whole = self.client.recommend(user=scratch.users[0], k=10, diversity=0.5, pool=10)
        page = self.client.recommend(user=scratch.users[0], k=3, diversity=0.5, pool=10)
        sizes, rows = [], []
        for _ in range(6):
            sizes.append(len(page))
            rows += page
            page = page.next_page()
        self.assertEqual((sizes, rows), ([3, 3, 3, 1, 0, 0], list(whole)))
        self.assertEqual((page.version, page.pool), (whole.version, 10))

    def test_pages_beyond_the_limit_are_refused(self):
        self.assertEqual(list(self.client.recommend(user=scratch.users[0], k=5_000).next_page()), [])
        with self.assertRaises(kindred.Error) as caught:
            self.client.recommend(user=scratch.users[0], k=2_000, offset=8_000).next_page()
        self.assertEqual((caught.exception.name, caught.exception.value, caught.exception.limit),
                         ("LIMIT_EXCEEDED", 12_000, 10_000))
        # What the server announces is what counts, and nothing is sent: this server would answer.
        self.client.shared.connection.limits["k_max"] = 10
        page = self.client.recommend(user=scratch.users[0], k=5)
        self.assertEqual(len(page.next_page()), 5)
        with self.assertRaises(kindred.Error) as caught:
            page.next_page().next_page()
        self.assertEqual(caught.exception.message, "offset + k: 15, at most 10")

    def test_a_copy_has_the_pool(self):
        page = self.client.recommend(user=scratch.users[0], k=3, diversity=0.5)
        copy = pickle.loads(pickle.dumps(page))
        self.assertEqual((copy.pool, list(copy)), (30, list(page)))


if __name__ == "__main__":
    unittest.main()
