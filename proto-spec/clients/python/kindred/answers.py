"""The values that calls return, made from decoded replies."""

from collections import namedtuple

from .codec.decoding import bit
from .codec.protocol import COLUMN_TYPES, EXACT, FALLBACK, ID_KINDS, METRICS, NOT_REMEMBERED, VERSION_STATES
from .errors import Error, bad_reply
from .statuses import detail_name, status_name


class Results(list):
    """The answer to one query, best first: (id, score), or dicts with id, score and the requested columns; with
    `origin` ("model" or "popular") where unknown="fallback", with `because` (an item's id or None) where because=True.

    model, version: of the answer · exact: whether this is the true top k · eligible: rows that could have been in the
    answer · scanned: rows that were read · origin: of all rows · unknown: ids of the query that the model does not have
    (None where unknown="strict") · taken: rows that were not eligible because an earlier query returned them (None
    without distinct) · pool: rows that diversity re-ordered, at most (None without diversity)
    """

    page = None  # set by `recommend`

    def __init__(self, rows, model, version, exact, eligible, scanned, origin="model", unknown=None, taken=None,
                 pool=None):
        super().__init__(rows)
        self.model, self.version, self.exact = model, version, exact
        self.eligible, self.scanned = eligible, scanned
        self.origin, self.unknown, self.taken, self.pool = origin, unknown, taken, pool

    def next_page(self):
        """The Results of the k rows after these, of the same version. Pages neither repeat nor skip a row. Behind the
        last row a page is empty. With diversity that is the last row of the first page's pool: give the first one a
        larger pool for more pages.

        An Error VERSION_GONE where the server has the version no longer: begin again with the first page. LIMIT_EXCEEDED,
        before anything is sent, where offset + k is above the server's k_max.
        """
        if self.page is None:
            raise TypeError("only the Results of recommend have pages, and those of recommend_batch and copies have none: "
                            "give offset, version and, under diversity, pool")
        return self.page(self.version, self.pool)

    def end(self):
        """The empty page behind the last row."""
        end = Results([], self.model, self.version, self.exact, self.eligible, self.scanned, self.origin, self.unknown,
                      self.taken, self.pool)
        end.page = self.page
        return end

    def __reduce__(self):
        """Pickles the rows and figures; the copy has no pages, since it has no connection."""
        return type(self), (list(self), self.model, self.version, self.exact, self.eligible, self.scanned, self.origin,
                            self.unknown, self.taken, self.pool)


class FilterCount(namedtuple("FilterCount", "passing rows seconds kept model version")):
    """How many `rows` of a side pass a filter, and the time that it took."""


class Models(list):
    """A dict for each model of a server. `remark` is a text for people about the repository as a whole; "" if all is
    well."""

    def __init__(self, models, remark):
        super().__init__(models)
        self.remark = remark


class Summary(namedtuple("Summary", (
        "model version exact rows seeds matched duplicate unmatched unmatched_examples eligible scanned checksum "
        "queue_us compute_us"))):
    """The counts of a look-alike expansion: seeds received, seeds matched (distinct users), rows, times in us."""

    @property
    def match_rate(self):
        """Matched seeds as a share of the distinct seeds; 0.0 without seeds."""
        distinct = self.seeds - self.duplicate
        return self.matched / distinct if distinct else 0.0


class Audience(list):
    """A complete look-alike audience, best first: (id, score), with its `summary`."""

    def __init__(self, rows, summary):
        super().__init__(rows)
        self.summary = summary


def query_error(frame, index):
    """The Error of one query of a frame, or None."""
    status = frame.lists["statuses"][index]
    if not status:
        return None
    lists = frame.lists
    value, limit = (lists[name][index] if name in lists else 0 for name in ("values", "limits"))
    return Error(status_name(status), lists["messages"][index] if "messages" in lists else "", code=status,
                 detail=detail_name(lists["details"][index]) if "details" in lists else "NONE",
                 value=value, limit=limit)


def raised(answers):
    """The answers. Raises the first Error among them."""
    for answer in answers:
        if isinstance(answer, Error):
            raise answer
    return answers


def results_of(frame, question):
    """The Results or the Error of each query of a frame."""
    question.check_frame(frame)
    fixed, lists, rules = frame.fixed, frame.lists, question.rules
    offsets, because = lists["result_offsets"], because_of(frame) if rules.because else None
    answers = []
    for index in range(fixed["query_count"]):
        start, end = offsets[index], offsets[index + 1]
        failure = query_error(frame, index)
        if failure is not None:
            if start != end:
                raise bad_reply(f"{end - start} results and {failure.name} for one query", "one or the other")
            answers.append(failure)
            continue
        ids, scores = lists["ids"][start:end], lists["scores"][start:end]
        flags, eligible = lists["query_flags"][index], lists["rows_eligible"][index]
        unknown, taken = (lists[name][index] if name in lists else None for name in ("unknown_ids", "rows_taken"))
        question.check(fixed["first_query"] + index, ids, scores, flags, eligible, unknown, taken,
                       because and because[start:end])
        origin = "popular" if flags & FALLBACK else "model"
        rows = rows_of(frame, question, start, end, origin, because)
        answers.append(Results(rows, lists["model"], fixed["version"], bool(flags & EXACT), eligible,
                               lists["rows_scanned"][index], origin, unknown, taken, rules.pool))
    return answers


def rows_of(frame, question, start, end, origin, because):
    """The rows of one query: pairs, or dicts where the request asks for more than ids and scores."""
    ids, scores, columns = frame.lists["ids"], frame.lists["scores"], frame.lists.get("columns", ())
    rules = question.rules
    if not (question.columns or rules.because or rules.unknown == "fallback"):
        return list(zip(ids[start:end], scores[start:end]))
    rows = []
    for row in range(start, end):
        entry = {"id": ids[row], "score": scores[row]}
        for name, (_, values, valid) in zip(question.columns, columns):
            entry[name] = values[row] if bit(valid, row) else None
        if rules.unknown == "fallback":
            entry["origin"] = origin
        if because is not None:
            entry["because"] = because[row]
        rows.append(entry)
    return rows


def because_of(frame):
    """For each result of a frame the item that it is near to, or None."""
    items, found = iter(frame.lists["because"]), frame.lists["because_found"]
    return [next(items) if bit(found, row) else None for row in range(len(frame.lists["ids"]))]


def vectors_of(frame):
    """The vector of each id of a frame; None for an unknown id."""
    elements, dimension, rows, position = frame.lists["vectors"], frame.fixed["dimension"], [], 0
    for index in range(frame.fixed["id_count"]):
        if bit(frame.lists["found"], index):
            rows.append(elements[position:position + dimension])
            position += dimension
        else:
            rows.append(None)
    return rows


def models_of(body):
    """The Models of a MODEL_LIST."""
    lists, count = body.lists, body.fixed["model_count"]

    def part(name, index, values=None):
        offsets = lists[name + "_offsets"]
        return list((lists[name] if values is None else values)[offsets[index]:offsets[index + 1]])

    def types(side):
        return [COLUMN_TYPES.get(kind) for kind in lists[side + "_column_types"]]

    versions = [{
        "version": lists["available"][i], "state": VERSION_STATES.get(lists["available_state"][i]),
        "dimension": lists["available_dimension"][i], "items": lists["available_items"][i],
        "users": lists["available_users"][i], "item_columns": part("available_item_columns", i),
        "user_columns": part("available_user_columns", i),
    } for i in range(len(lists["available"]))]
    refusals = list(zip(lists["refused"], lists["refusal_reasons"]))
    return Models([{
        **{name: lists[name][i] for name in ("active", "previous", "pinned", "dimension", "items", "users")},
        "name": lists["names"][i], "default": bool(lists["flags"][i] & 1),
        "metric": METRICS.get(lists["metric"][i]),
        "item_ids": ID_KINDS.get(lists["item_id_kind"][i]), "user_ids": ID_KINDS.get(lists["user_id_kind"][i]),
        "fingerprint": lists["fingerprints"][i].hex(), "training_id": lists["training_ids"][i],
        "loaded": part("loaded", i),
        "refused": [{"version": version, "reason": reason} for version, reason
                    in refusals[lists["refused_offsets"][i]:lists["refused_offsets"][i + 1]]],
        "item_columns": part("item_columns", i), "user_columns": part("user_columns", i),
        "item_column_types": part("item_columns", i, types("item")),
        "user_column_types": part("user_columns", i, types("user")),
        "versions": part("available", i, versions), "remark": lists["remarks"][i],
    } for i in range(count)], lists.get("repository_remark", ""))


def switched(body):
    """The versions after MODEL_LOAD, MODEL_ACTIVATE or MODEL_ROLLBACK, as a dict."""
    versions = {name: body.fixed[name] for name in ("active", "previous", "pinned")}
    return {**versions, "remembered": not body.fixed["flags"] & NOT_REMEMBERED}
