"""Building blocks of the valid vectors."""

from .encoder import END, f32, json_integer, json_list, shown_header


class ValidCases:
    """Collects vectors in `entries`."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.schema = encoder.schema
        self.entries = []

    def enum(self, name, value):
        return self.schema["enums"][name][value]

    def add(self, name, message, kind, fixed=None, sections=None, *, request_id=7, flags=None, arg=0,
            direction=None, frame_type=None, mutate=None, canonical=True, reserved=(0, 0), **extra):
        """Adds one frame. `mutate` changes the body after encoding; such a vector is not canonical."""
        values = {"fixed": fixed or {}, "sections": sections or {}}
        body = self.encoder.body(message, kind, values)
        if mutate:
            mutate(body)
        payload = body.encoded()
        flags = END if flags is None else flags
        frame_type = frame_type or self.encoder.frame_type(message, kind)
        header = self.encoder.header(frame_type, len(payload), request_id, flags, arg, reserved=reserved)
        shown = {"fixed_len": int.from_bytes(body.fixed[:2], "little")}
        for field in self.encoder.layout(message, kind)["fixed"]:
            is_there = field["offset"] < shown["fixed_len"]
            if is_there and field["name"] != "fixed_len" and not field["name"].startswith("zero"):
                value = values["fixed"].get(field["name"], f32(0) if field["type"] == "f32" else 0)
                shown[field["name"]] = value if isinstance(value, dict) else json_integer(value)
        lists = {spec["name"]: spec for spec in self.encoder.lists(message, kind)}
        shown_lists = {key: json_list(lists[key], value) for key, value in values["sections"].items()}
        entry = {
            "name": name,
            "direction": direction or ("client" if kind == "request" else "server"),
            "message": message,
            "kind": kind,
            **extra,
            "canonical": canonical and mutate is None and reserved == (0, 0) and not flags & ~END,
            "header": shown_header(header),
            "hex": (header + payload).hex(),
            "decoded": {"fixed": shown, "sections": shown_lists},
        }
        self.entries.append(entry)

    def request(self, name, message, fixed=None, sections=None, **extra):
        self.add(name, message, "request", fixed, sections, **extra)

    def reply(self, name, message, fixed=None, sections=None, **extra):
        self.add(name, message, "reply", fixed, sections, **extra)

    def error(self, name, message, status, detail="NONE", text="", **extra):
        fixed = {key: extra.pop(key) for key in ("retry_after_ms", "reference", "value", "limit") if key in extra}
        fixed["detail"] = self.schema["details"][detail]["code"]
        sections = {"message": text} if text else {}
        arg = extra.pop("arg", None)
        arg = self.encoder.status_arg(status) if arg is None else arg
        self.add(name, message, "error", fixed, sections, arg=arg, status=status, detail=detail, **extra)

    def preface(self, name, side, values, canonical=True):
        data = self.encoder.preface(side, values)
        decoded = {"magic": self.schema["preface"]["magic"]}
        for field in self.schema["preface"][side]:
            if field["name"] not in ("magic", "reserved"):
                decoded[field["name"]] = values.get(field["name"], 0)
        self.entries.append({
            "name": name, "direction": side, "message": "PREFACE", "kind": "preface", "canonical": canonical,
            "hex": data.hex(), "decoded": decoded,
        })

    def query(self, kind, target="ITEMS", count=1, k=10, similarity="DEFAULT", options=0, version=0):
        fixed = {
            "query_kind": self.enum("query_kind", kind), "target": self.enum("side", target),
            "similarity": self.enum("similarity", similarity), "options": options, "query_count": count,
            "version": version}
        return fixed if k is None else {**fixed, "k": k}
