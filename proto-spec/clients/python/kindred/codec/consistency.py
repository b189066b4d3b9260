"""Checks within one reply: lists must be present and their counts must agree (8.3)."""

from ..errors import malformed
from .decoding import bit, check_offsets


def require(body, **counts):
    """Refuses a body that lacks one of the lists, or whose list has another count of elements; None: any count."""
    for name, count in counts.items():
        found = body.lists.get(name)
        if found is None:
            raise malformed(f"the reply has no {name}")
        if count is not None and len(found) != count:
            raise malformed(f"the reply has {len(found)} {name}, expected {count}")


def check_reply(message, body):
    """Refuses a reply whose lists are missing or disagree."""
    check = CHECKS.get(message)
    if check is not None:
        check(body)


def check_answers(body, results):
    """The lists that RECOMMEND and SCORE share: one entry for each query, `results` in all."""
    lists, count = body.lists, body.fixed["query_count"]
    require(body, model=None, result_offsets=count + 1, statuses=count)
    check_offsets(lists["result_offsets"], results, 66)
    if "details" in lists or "messages" in lists:
        require(body, details=count, messages=count)
    if "values" in lists or "limits" in lists:
        require(body, details=count, values=count, limits=count)


def check_recommend(body):
    lists, count = body.lists, body.fixed["query_count"]
    results = len(lists.get("ids", ()))
    check_answers(body, results)
    require(body, ids=results, query_flags=count, rows_eligible=count, rows_scanned=count)
    if "scores" in lists:
        require(body, scores=results)
    check_rules(body, results)
    for index, (_, values, valid) in enumerate(lists.get("columns", ())):
        if len(values) != results or len(valid) != (results + 7) // 8:
            raise malformed(f"column {index} has {len(values)} values for {results} results")


def check_rules(body, results):
    """The lists that only requests with rules get."""
    lists, count = body.lists, body.fixed["query_count"]
    for name in ("unknown_ids", "rows_taken"):
        if name in lists:
            require(body, **{name: count})
    if "because" in lists or "because_found" in lists:
        require(body, because=None, because_found=(results + 7) // 8)
        found = lists["because_found"]
        require(body, because=sum(bit(found, index) for index in range(results)))


def check_filter(body):
    require(body, model=None)


def check_score(body):
    results = len(body.lists.get("scores", ()))
    check_answers(body, results)
    require(body, scores=results, found=(results + 7) // 8)


def check_vectors(body):
    count = body.fixed["id_count"]
    require(body, model=None, found=(count + 7) // 8)
    found = body.lists["found"]
    require(body, vectors=sum(bit(found, index) for index in range(count)) * body.fixed["dimension"])


def check_stats(body):
    require(body, names=None)
    require(body, values=len(body.lists["names"]))


def check_summary(body):
    require(body, model=None)


def check_models(body):
    lists, count = body.lists, body.fixed["model_count"]
    require(body, **dict.fromkeys((
        "names", "active", "previous", "pinned", "dimension", "metric", "flags", "items", "users", "item_id_kind",
        "user_id_kind", "fingerprints", "training_ids", "remarks"), count))
    check_parts(body, ("loaded", "refused", "item_columns", "user_columns", "available"), count)
    versions = len(lists["available"])
    check_parts(body, ("available_item_columns", "available_user_columns"), versions)
    require(body, refusal_reasons=len(lists["refused"]), available_state=versions, available_dimension=versions,
            available_items=versions, available_users=versions, item_column_types=len(lists["item_columns"]),
            user_column_types=len(lists["user_columns"]))


def check_parts(body, names, count):
    """Each named list is divided among `count` owners by its offsets."""
    for name in names:
        require(body, **{name: None, name + "_offsets": count + 1})
        check_offsets(body.lists[name + "_offsets"], len(body.lists[name]), 0)


def check_rows(body):
    """Refuses a server's DATA without ids, or whose scores are not as many as its ids."""
    require(body, ids=None)
    ids = body.lists["ids"]
    if not ids:
        raise malformed("a DATA without rows")
    if "scores" in body.lists:
        require(body, scores=len(ids))


CHECKS = {
    "RECOMMEND": check_recommend, "SCORE": check_score, "GET_VECTORS": check_vectors, "FILTER": check_filter,
    "STATS": check_stats,
    "LOOKALIKE": check_summary, "MODEL_LIST": check_models,
}
