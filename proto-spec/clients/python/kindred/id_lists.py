"""Ids that queries of a batch exclude, or choose among."""

from .arguments import listed
from .questions import IdSet


class IdLists:
    """One list of ids for all queries, or a list for each (7.7)."""

    def __init__(self, lists, is_shared):
        self.lists, self.is_shared = lists, is_shared
        self.sets = [IdSet(ids) for ids in lists]

    @classmethod
    def of(cls, name, values, query_count):
        """The argument `name` of a batch; None where it is not given."""
        if values is None:
            return None
        values = listed(name, values)
        if not any(isinstance(value, (list, tuple)) for value in values):
            return cls([values], True)
        if len(values) != query_count:
            raise ValueError(f"{name}: {len(values)} lists for {query_count} queries: expected a list for each query, "
                             "or one list of ids for all")
        return cls([listed(f"{name}[{index}]", value) for index, value in enumerate(values)], False)

    def part(self, start, end):
        """Those of some queries."""
        return self if self.is_shared else IdLists(self.lists[start:end], False)

    def ragged(self):
        """The ids and, where each query has a list, its offsets."""
        if self.is_shared:
            return self.lists[0], None
        offsets = [0]
        for ids in self.lists:
            offsets.append(offsets[-1] + len(ids))
        return [value for ids in self.lists for value in ids], offsets

    def set_of(self, query):
        """The IdSet of a query."""
        return self.sets[0 if self.is_shared else query]
