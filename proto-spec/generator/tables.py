"""The tables of SPEC.md, written from schema.json between markers."""

import re

MARKER = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def field_note(field):
    notes = []
    if "enum" in field:
        notes.append(f"one of `{field['enum']}`")
    if "bits" in field:
        notes.append(f"bits of `{field['bits']}`")
    if "note" in field:
        notes.append(field["note"])
    elif field["name"].startswith("zero"):
        notes.append("sent 0 and ignored")
    elif field["name"] == "reserved":
        notes.append("sent 0 and ignored")
    return "; ".join(notes)


def fields(entries):
    rows = [(field["offset"], field["type"], f"`{field['name']}`", field_note(field)) for field in entries]
    return table(("offset", "type", "field", "meaning"), rows)


def section_tags(section):
    tag = section["tag"]
    if section.get("repeated"):
        return f"{tag} + 4i"
    spans = {"ids": 2, "ragged_ids": 3, "texts": 1}
    span = spans.get(section["form"], 0)
    return f"{tag} ... {tag + span}" if span else str(tag)


def section_type(section):
    fixed = {"ids": "u64, or u32 + utf8", "ragged_ids": "u64, or u32 + utf8; u32", "column_block": "see the form"}
    if section["form"] == "texts":
        return f"u32 + {section.get('etype', 'utf8')}"
    return fixed.get(section["form"]) or section["etype"]


class Tables:
    """The tables. A marker in SPEC.md names the method that returns its table."""

    def __init__(self, schema):
        self.schema = schema

    def fill(self, text):
        """The text with every marked table replaced; an unknown marker is an error."""
        def replaced(match):
            return match[1] + getattr(self, match[2].replace("-", "_"))() + match[3]
        return MARKER.sub(replaced, text)

    def preface_client(self):
        return fields(self.schema["preface"]["client"])

    def preface_server(self):
        return fields(self.schema["preface"]["server"])

    def header(self):
        return fields(self.schema["header"]["fields"])

    def status_flags(self):
        return table(("value", "flag"), [(v, f"`{n}`") for n, v in self.schema["header"]["status_flags"].items()])

    def element_types(self):
        rows = [(entry["code"], f"`{name}`", entry["width"]) for name, entry in self.schema["element_types"].items()]
        return table(("etype", "name", "bytes per element"), rows)

    def list_forms(self):
        return table(("form", "sections"), [(f"`{n}`", text) for n, text in self.schema["list_forms"].items()])

    def enums(self):
        rows = []
        for name, values in self.schema["enums"].items():
            rows.append((f"`{name}`", ", ".join(f"{value} {key}" for key, value in values.items())))
        return table(("enumeration", "values"), rows)

    def bits(self):
        rows = []
        for name, values in self.schema["bits"].items():
            rows.append((f"`{name}`", ", ".join(f"{value} {key}" for key, value in values.items()) or "none"))
        return table(("bits", "values"), rows)

    def statuses(self):
        rows = [(f"{entry['code']:04X}", entry["code"], f"`{name}`", ", ".join(entry["flags"]))
                for name, entry in self.schema["statuses"].items()]
        return table(("hex", "decimal", "status", "status flags"), rows)

    def details(self):
        rows = [(entry["code"], f"`{name}`", f"`{entry['status']}`", entry["value"], entry["limit"])
                for name, entry in self.schema["details"].items()]
        return table(("code", "detail", "with status", "`value` is", "`limit` is"), rows)

    def limits(self):
        announced = {field["name"] for field in self.schema["messages"]["HELLO"]["reply"]["fixed"]}
        rows = [(f"`{name}`", f"{value:,}", "yes" if name in announced else "no")
                for name, value in self.schema["limits"].items()]
        return table(("limit", "default", "in HELLO_OK"), rows)

    def common_sections(self):
        text = self.sections(self.schema["sections_common"])
        for section in self.schema["sections_common"]:
            text += f"\n`{section['name']}` has a use in {', '.join(section['used_by'])}.\n"
        return text

    def sections(self, entries):
        rows = [(section_tags(section), f"`{section['name']}`", f"`{section['form']}`", section_type(section),
                 "CRITICAL" if section.get("critical") else "", field_note(section)) for section in entries]
        return table(("tags", "name", "form", "element types", "flags", "meaning"), rows)

    def message_types(self):
        rows = [(f"{entry['type']:02X}", f"`{name}`", "yes" if "reply" in entry else "no",
                 entry["request"].get("note", "")) for name, entry in self.schema["messages"].items()]
        rows += [(f"{code:02X}", f"`{name}`", "", "reserved") for name, code in self.schema["reserved_types"].items()]
        return table(("type", "message", "answered", "note"), sorted(rows))

    def body(self, layout):
        least = layout.get("fixed_len_min")
        shorter = f" ({least} of an older sender)" if least else ""
        text = f"Fixed part, {layout['fixed_len']} bytes{shorter}:\n\n{fields(layout['fixed'])}"
        if layout["sections"]:
            text += f"\nSections:\n\n{self.sections(layout['sections'])}"
        return text

    def error_reply(self):
        return self.body(self.schema["error_reply"])

    def messages(self):
        parts = []
        for name, entry in self.schema["messages"].items():
            for kind in ("request", "reply"):
                if kind not in entry:
                    continue
                title = name if "reply" not in entry else f"{name} {kind}"
                code = entry["type"] | (0x80 if kind == "reply" else 0)
                note = entry[kind].get("note")
                lead = f"{note[0].upper()}{note[1:]}.\n\n" if note else ""
                parts.append(f"#### {title} (type {code:02X})\n\n{lead}{self.body(entry[kind])}")
        return "\n".join(parts)
