"""The client: one method for each request."""

import time

from . import arrays
from .answers import Audience, FilterCount, models_of, query_error, raised, results_of, switched, vectors_of
from .arguments import (PLURALS, SINGULARS, again, audience_size, column_names, flag, kept, least_score, listed,
                        members_of, model_name, one_of, one_query, parsed_address, query_fields, query_list, query_lists,
                        refuse_no_list, row_count, seconds)
from .audience import AudienceStream, upload
from .codec.decoding import bit
from .codec.encoding import whole
from .codec.protocol import (BECAUSE, DISTINCT, EXCLUDE_SEEN, HEALTH_STATES, INCLUDE_MEMBERS, INCLUDE_SEEDS, KEPT,
                             SIDES, SIMILARITIES)
from .errors import Error, bad_reply, of_page, of_part
from .id_lists import IdLists
from .limits import LIMITS, REMEMBERED_MAX
from .questions import AudienceQuestion, RecommendQuestion, Rules, check_finite, check_names, check_origin
from .rules import POOL_ROWS_PER_RESULT, QueryFilters, filter_lists, parts_of, rank_lists, unknown_policy
from .shared_connection import Exchange, SharedConnection

CLIENT_NAME = "kindred-python/1.0"


def connect(address, timeout=10.0, model=None, name=CLIENT_NAME):
    """A Client connected to "host:port", or "host" (port 7411).

    `timeout` in seconds and `model` are defaults of its calls.
    """
    return Client(address, timeout, model, name)


class Client:
    """A connection to a server. Threads may share it; requests go one at a time.

    A call ends within its timeout plus one second, in which the server's own DEADLINE_EXCEEDED may arrive, or raises
    Error. An audience may take the timeout for each 64 KiB. The next call connects again after CONNECTION_LOST or
    DEADLINE_EXCEEDED, and where the server has closed the connection since the last call. In a forked child the next
    call opens the child's own connection; the parent's goes on.

    Every reply is compared with its request; one that does not fit is a ProtocolError and closes the connection.
    """

    def __init__(self, address, timeout=10.0, model=None, name=CLIENT_NAME):
        self.address = parsed_address(address)
        self.timeout, self.model, self.name = seconds(timeout), model_name(model), name
        self.shared = SharedConnection(self.address, name)
        self.shared.release(self.shared.acquire(self.timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError("a Client is a connection of this process and cannot be copied or sent to another: "
                        "call kindred.connect there, with {}:{}".format(*self.address))

    def close(self):
        """Closes the connection at once. A call in another thread fails with CONNECTION_LOST; a later call opens a new
        connection."""
        self.shared.close()

    # -- recommendations

    def recommend(self, *, user=None, item=None, vector=None, basket=None, clicks=None, blend=None, k=10, offset=0,
                  version=0, **arguments):
        """The best `k` of the items (or users) for one query: Results.

        Give one of user, item (ids), vector (numbers), basket (ids, pairs (id, weight), or a dict of weights), clicks
        (items as in a basket, for a visitor without a vector) and blend (triples ("user", id, weight), ("item", id,
        weight), ("vector", numbers, weight)). The other arguments are those of `recommend_batch`; offset is the number
        of rows before the first result, and version the version that must answer.
        """
        kind, query = one_of(user=user, item=item, vector=vector, basket=basket, clicks=clicks, blend=blend)
        query = again(kind, one_query(kind, query))
        arguments = {name: kept(value) for name, value in arguments.items()}
        results = self.recommend_batch(**{PLURALS[kind]: [query]}, k=k, offset=offset, version=version,
                                       raise_errors=True, **arguments)[0]

        def page(version, pool):
            # The default pool grows with the offset, so that each page would be of another list.
            left = k if pool is None else pool - offset - k
            if left <= 0:
                return results.end()
            self.check_page(offset + k + min(k, left), arguments.get("timeout"))
            try:
                return self.recommend(**{kind: query}, k=min(k, left), offset=offset + k, version=version,
                                      **{**arguments, "pool": pool, "model": results.model})
            except Error as error:
                raise of_page(error)
        results.page = page
        return results

    def recommend_batch(self, *, users=None, items=None, vectors=None, baskets=None, clicks=None, blends=None, k=10,
                        where=None, params=None, caps=None, boosts=None, diversity=None, pool=None, offset=0,
                        exclude_seen=False, because=False, distinct=False, unknown="strict", exclude=None,
                        candidates=None, min_score=None, over="items", similarity=None, columns=None, model=None,
                        version=0, include_members=False, timeout=None, raise_errors=False):
        """A list with the Results of each query, in order. The arguments hold for all queries alike.

        where: a filter in SQLite's language over the catalog, such as "price < :most AND 'gift' IN tags"; or a list with
        a filter or None for each query; at most 16 KiB · params: {name: value} for the names in filters: None, bool, int
        of 64 bits, float, str · exclude_seen: without items that the user has seen · boosts: at most 8 triples (where,
        "multiply" or "add", value), factors above 0 · caps: at most 4 of {column: n}, at most n rows with the same
        value · diversity: 0 to 1, the weight of unlikeness among the best `pool` rows (offset + k to 2,000; default: ten
        times offset + k) · offset: rows before the first result; offset + k is at most 10,000 · because: each row names
        the nearest of the query's own items, or None · distinct: no row in two answers · unknown: "strict" (an unknown id
        is an error), "skip" (left out and counted) or "fallback" (popular rows where nothing is left, or the query has no
        members)

        k: rows, 1 to 10,000 · exclude: ids that must not appear, at most 10,000 · candidates: the only ids that may, at
        most 100,000; both are one list of ids for all queries, or a list of lists, one for each query · min_score: the
        least boosted score, inclusive · over: "items" or "users" · similarity: "dot", "cosine" or None, the default of
        SPEC.md 7.5 · columns: names of at most 16 catalog columns; rows are then dicts · version: the version that must
        answer · include_members: the query's own id or members may appear · timeout: seconds

        Rows are pairs (id, score); dicts with columns, because or unknown="fallback", which adds origin ("model" or
        "popular"). A query that failed has its Error in its place; with raise_errors the first one is raised. A batch
        above the server's limits takes several requests, so a swap may give its parts two versions: each Results has
        its `version`, and the argument `version` demands one. With distinct it is one request of at most 1,024
        queries; for more, `exclude` what the requests before returned.

        An empty answer says why by its `eligible`: 0 where no row passes the filter and the other rules, at most `offset`
        where the page is behind the last row, and more where min_score or caps left none.

        Raises TypeError or ValueError for wrong arguments, before anything is sent, and Error: INVALID_ARGUMENT with a
        `detail` such as FILTER_SYNTAX (`value`: the byte of the filter), CAP_IS_ZERO or NO_SEEN_PAIRS, LIMIT_EXCEEDED
        with `value` and `limit`, UNKNOWN_ID, VERSION_GONE.
        """
        kind, queries = one_of(users=users, items=items, vectors=vectors, baskets=baskets, clicks=clicks, blends=blends)
        kind = SINGULARS[kind]
        queries, version = query_list(kind, queries), whole("version", version)
        k = row_count("k", k, LIMITS["k_max"])
        include_members, exclude_seen, because, distinct, raise_errors = (flag(name, value) for name, value in (
            ("include_members", include_members), ("exclude_seen", exclude_seen), ("because", because),
            ("distinct", distinct), ("raise_errors", raise_errors)))
        model, boosts = self.model_asked(model), kept(boosts) or ()
        filters = QueryFilters.of(where, params, boosts, len(queries))
        exclude = IdLists.of("exclude", exclude, len(queries))
        candidates = IdLists.of("candidates", candidates, len(queries))
        own_keys = ("id", "score", "because" if because else "", "origin" if unknown == "fallback" else "")
        columns = None if columns is None else column_names(columns, own_keys)
        lists = {
            "min_scores": None if min_score is None else [least_score(min_score)],
            "columns": columns, "model": model,
            **filter_lists(where if filters is None else None, params, boosts), **rank_lists(caps, diversity, pool, offset),
        }
        options = ((INCLUDE_MEMBERS if include_members else 0) | (EXCLUDE_SEEN if exclude_seen else 0)
                   | (BECAUSE if because else 0) | (DISTINCT if distinct else 0))
        policy = unknown_policy(unknown)
        rules = Rules(offset=whole("offset", offset), capped=bool(caps), reordered=diversity is not None,
                      without_seen=exclude_seen, because=because, distinct=distinct, unknown=unknown)
        answers = []
        with self.exchange(timeout) as call:
            limits = call.connection.limits
            step = max(1, min(limits["queries_per_batch_max"], limits["results_per_request_max"] // max(k, 1)))
            if distinct:
                parts = parts_of(len(queries), len(queries), None, limits)
            else:
                parts = parts_of(len(queries), step, filters, limits)
            if diversity:
                rules.pool = pool or min(POOL_ROWS_PER_RESULT * (offset + k), limits["pool_max"])
            for start, end in parts:
                part = queries[start:end]
                excluded, allowed = (ids and ids.part(start, end) for ids in (exclude, candidates))
                fixed = query_fields(kind, len(part), over, similarity, version)
                fixed.update(k=k, options=options, unknown_id_policy=policy)
                question = RecommendQuestion(
                    model, version, k, excluded, allowed, min_score, columns or [],
                    None if include_members else members_of(kind, part, over), rules, kind, part, over)
                lists["exclusions"], lists["candidates"] = (ids and ids.ragged() for ids in (excluded, allowed))
                if filters is not None:
                    lists.update(filters.part(start, end))
                try:
                    for frame in call.batch("RECOMMEND", fixed, {**query_lists(kind, part), **lists}, len(part)):
                        answers += results_of(frame, question)
                except Error as error:
                    raise error if len(part) == len(queries) else of_part(error, start, part, queries)
        return raised(answers) if raise_errors else answers

    def filter_count(self, *, where, params=None, over="items", model=None, version=0, timeout=None):
        """How many rows of a side pass a filter: a FilterCount (passing, rows, seconds, kept, model, version).

        seconds: the time spent on the filter, 0.0 where its rows were kept from an earlier request · over: "items" or
        "users" · where, params and the errors are those of `recommend_batch`; `seed.` columns are FILTER_SEED
        """
        if over not in SIDES:
            raise ValueError(f"over {over!r}: 'items' or 'users'")
        model, version = self.model_asked(model), whole("version", version)
        if where is None:
            raise TypeError("where None: expected a str such as 'median_price < 5'")
        lists = filter_lists(where, params)

        def check(body):
            check_origin(body, model, version)
            if body.fixed["rows_passing"] > body.fixed["rows"]:
                raise bad_reply(f"{body.fixed['rows_passing']} of {body.fixed['rows']} rows", "no more than there are")
            if body.fixed["flags"] & KEPT and body.fixed["evaluate_us"]:
                raise bad_reply(f"a filter that was kept, in {body.fixed['evaluate_us']} us", "0")
        body = self.call("FILTER", {"side": SIDES[over], "version": version}, lists=lists, model=model, timeout=timeout,
                         check=check)
        fixed = body.fixed
        return FilterCount(fixed["rows_passing"], fixed["rows"], fixed["evaluate_us"] / 1e6,
                           bool(fixed["flags"] & KEPT), body.lists["model"], fixed["version"])

    def score(self, *, user=None, item=None, vector=None, basket=None, clicks=None, blend=None, candidates, where=None,
              params=None, unknown="strict", over="items", similarity=None, model=None, version=0, timeout=None):
        """The score of each of 1 to 100,000 candidates for one query, a list of floats in their order; None for a
        candidate that the model does not have, or that does not pass the filter.

        The other arguments and the errors are those of `recommend`; unknown is "strict" or "skip", where a query of
        which nothing is known scores None.
        """
        kind, query = one_of(user=user, item=item, vector=vector, basket=basket, clicks=clicks, blend=blend)
        queries, model, version = [one_query(kind, query)], self.model_asked(model), whole("version", version)
        candidates = listed("candidates", candidates)
        fixed = query_fields(kind, 1, over, similarity, version)
        fixed["unknown_id_policy"] = unknown_policy(unknown, ("strict", "skip"))
        lists = {**query_lists(kind, queries), "candidates": (candidates, None), "model": model,
                 **filter_lists(where, params)}
        with self.exchange(timeout) as call:
            for frame in call.batch("SCORE", fixed, lists, 1):
                check_origin(frame, model, version)
                failure, scores, found = query_error(frame, 0), frame.lists["scores"], frame.lists["found"]
                if len(scores) != (0 if failure else len(candidates)):
                    raise bad_reply(f"{len(scores)} scores", 0 if failure else f"{len(candidates)}, one per candidate")
                check_finite("scores", scores)
                answer = [score if bit(found, index) else None for index, score in enumerate(scores)]
        if failure:
            raise failure
        return answer

    def vectors(self, *, items=None, users=None, model=None, version=0, timeout=None):
        """The stored vectors of ids, in the order of the ids, all of one version.

        With numpy: a float32 array [ids, dimension]; the row of an unknown id is NaN. Without numpy: a list of lists
        of floats; None for an unknown id.
        """
        side, ids = one_of(items=items, users=users)
        ids, rows, dimension = listed(side, ids), [], None
        version, model = whole("version", version), self.model_asked(model)
        with self.exchange(timeout) as call:
            limits = call.connection.limits
            step = max(1, min(limits["vector_elements_per_request_max"] // limits["dimension_max"],
                              limits["vector_ids_max"]))
            for start in range(0, max(len(ids), 1), step):
                part = ids[start:start + step]
                fixed = {"side": SIDES[side], "version": version}
                for frame in call.batch("GET_VECTORS", fixed, {"ids": part, "model": model}, len(part), "first_id",
                                        "id_count"):
                    check_origin(frame, model, version)
                    version, came = frame.fixed["version"], frame.fixed["dimension"]
                    if not 0 < came <= limits["dimension_max"] or came != (dimension or came):
                        raise bad_reply(f"vectors of dimension {came}", dimension or f"1 to {limits['dimension_max']}")
                    check_finite("vectors", frame.lists["vectors"])
                    dimension = came
                    rows += vectors_of(frame)
        numpy = arrays.numpy
        if numpy is None:
            return [None if row is None else row.tolist() for row in rows]
        table = numpy.full((len(rows), dimension), numpy.nan, dtype=numpy.float32)
        for index, row in enumerate(rows):
            if row is not None:
                table[index] = row
        return table

    # -- look-alike

    def lookalike(self, *, seeds, size, similarity=None, include_seeds=False, model=None, version=0, window=0,
                  stream=False, timeout=None):
        """The users most like the seeds: an Audience, or with stream=True an AudienceStream of chunks.

        seeds: any iterable of ids, also of millions · size: an int is a count, a float up to 1.0 a share of all users,
        the str "1%" a share, ">=0.5" every user of at least that score · window: bytes that the server may send ahead
        of the reader (0: its default).
        """
        wanted = audience_size(size)
        if similarity not in SIMILARITIES:
            raise ValueError(f"similarity {similarity!r}: 'dot', 'cosine' or None")
        refuse_no_list("seeds", seeds)
        seeds, include_seeds, stream = iter(seeds), flag("include_seeds", include_seeds), flag("stream", stream)
        timeout = self.timeout if timeout is None else seconds(timeout)
        question = AudienceQuestion(self.model_asked(model), whole("version", version), wanted, include_seeds,
                                    REMEMBERED_MAX if stream else None)
        fixed = {"scorer": 1, "similarity": SIMILARITIES[similarity], "version": question.version,
                 "window_bytes": window, "options": INCLUDE_SEEDS if include_seeds else 0, **wanted}
        deadline = time.monotonic() + timeout + 1
        connection = self.shared.acquire(timeout)
        try:
            request_id, left = upload(connection, fixed, question, seeds, timeout, deadline - time.monotonic())
            window = window or connection.limits["window_bytes_default"]
            chunks = AudienceStream(self.shared, connection, request_id, timeout + 1, left, window, question)
        except BaseException as error:
            self.shared.release(connection, error)
            raise
        if stream:
            return chunks
        rows = []
        for chunk in chunks:
            rows += chunk
        return Audience(rows, chunks.summary)

    # -- models and operation

    def models(self, name=None, timeout=None):
        """Every model of the server, or one by its name: Models, a list of dicts.

        `versions` are those on disk, with their `state` ("on disk", "loaded", "waiting", "loading" or "refused") and
        the figures of their manifests. `remark` is a text for people: why another version than `pinned` serves. The
        list itself has a `remark` about the repository as a whole, such as a folder that cannot be read.
        """
        def check(reply):
            check_names(reply)
            if name is not None and list(reply.lists["names"]) != [name]:
                raise bad_reply(f"a list of {len(reply.lists['names'])} models", f"{name!r} alone")
        return models_of(self.call("MODEL_LIST", model=name, timeout=timeout, check=check))

    def load(self, name=None, version=0, timeout=None):
        """Reads the repository now; fails unless `version` is loaded afterwards (0: any).

        A dict of active, previous, pinned, and remembered: False if the choice will not outlive a restart.
        """
        return switched(self.call("MODEL_LOAD", {"version": version}, model=self.model_asked(name), timeout=timeout))

    def activate(self, name, version, expected=None, timeout=None):
        """Serves and pins a version; "latest" serves the newest and follows newer ones.

        Raises CONFLICT if `expected` is given and is not the active version. Returns a dict as `load` does.
        """
        wanted = 0 if isinstance(version, str) and version == "latest" else whole("version", version)
        if version != "latest" and wanted < 1:
            raise ValueError(f"version {version}: a positive number or 'latest'")
        return self.switch("MODEL_ACTIVATE", name, {"version": wanted}, expected, timeout, lambda active, pinned: (
            pinned == wanted and active == (wanted or active)))

    def rollback(self, name, expected=None, timeout=None):
        """Serves and pins the version that served before. `expected` and the result are those of `activate`."""
        return self.switch("MODEL_ROLLBACK", name, {}, expected, timeout, lambda active, pinned: pinned == active > 0)

    def switch(self, message, name, fixed, expected, timeout, fits):
        def check(body):
            if not fits(body.fixed["active"], body.fixed["pinned"]):
                raise bad_reply(f"{message} with active {body.fixed['active']}, pinned {body.fixed['pinned']}",
                                f"the version asked for, {fixed.get('version', 'both alike')}")
        fixed = {**fixed, "expected_active": expected or 0}
        return switched(self.call(message, fixed, model=self.model_asked(name), timeout=timeout, check=check))

    def stats(self, timeout=None):
        """The counters and gauges of the server: a dict from name to int."""
        lists = self.call("STATS", timeout=timeout, check=check_names).lists
        return dict(zip(lists["names"], lists["values"]))

    def health(self, timeout=None):
        """A dict of state ("serving", "not ready", "draining") and models_ready."""
        def check(body):
            state, ready = body.fixed["state"], body.fixed["models_ready"]
            if (state == 1 and not ready) or (state == 2 and ready):
                raise bad_reply(f"{HEALTH_STATES[state]!r} with {ready} models ready", "a state that fits")
        fixed = self.call("HEALTH", timeout=timeout, check=check).fixed
        return {"state": HEALTH_STATES.get(fixed["state"], str(fixed["state"])), "models_ready": fixed["models_ready"]}

    def ping(self, timeout=None):
        """The seconds of one round trip to the server."""
        opaque, start = time.perf_counter_ns() & (2**53 - 1), time.perf_counter()

        def check(body):
            if body.fixed["opaque"] != opaque:
                raise bad_reply(f"PING with {body.fixed['opaque']}", f"{opaque}, the same again")
        self.call("PING", {"opaque": opaque}, timeout=timeout, check=check)
        return time.perf_counter() - start

    # -- requests, one at a time

    def call(self, message, fixed=None, *, lists=None, model=None, timeout=None, check=None):
        """Sends a request whose reply is one frame. Returns its body, after `check` has compared it."""
        with self.exchange(timeout) as call:
            request_id = call.send(message, fixed or {}, {**(lists or {}), "model": model})
            body = call.connection.reply(message, request_id, call.deadline)
            if check is not None:
                check(body)
            return body

    def model_asked(self, model):
        return self.model if model is None else model_name(model)

    def check_page(self, end, timeout):
        """Refuses a page that ends beyond the announced k_max, as the server does, before anything is sent."""
        with self.exchange(timeout) as call:
            k_max = call.connection.limits["k_max"]
        if end > k_max:
            raise Error("LIMIT_EXCEEDED", f"offset + k: {end}, at most {k_max}", value=end, limit=k_max)

    def exchange(self, timeout):
        return Exchange(self.shared, self.timeout if timeout is None else seconds(timeout))
