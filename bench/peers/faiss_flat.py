"""faiss's IndexFlatIP beside Kindred: loads the same vectors and measures on request.

Started by `kindred-bench engine --faiss PYTHON` with the folder of rows.npy and queries.npy. conversation.py describes
the requests.
"""

import os
import pathlib
import sys

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[2])

from bench.peers import conversation
from bench.peers.indexes.faiss_index import FlatIndex


def main() -> int:
    """Converses until the input ends."""
    if len(sys.argv) != 2:
        print(f"failed: {len(sys.argv) - 1} arguments, wanted the folder of rows.npy and queries.npy", flush=True)
        return 2
    return conversation.converse(lambda: FlatIndex(pathlib.Path(sys.argv[1]), {}, os.cpu_count() or 1))


if __name__ == "__main__":
    sys.exit(main())
