"""Catalogs that compute instead of storing."""

import json
import os
import sqlite3
import time

from bench.siege_attacks.attacks.attack import Attack
from bench.siege_attacks.repository import replace
from bench.siege_attacks.verdicts import shown
from bench.support.client import kindred
from bench.support.crc32c import crc32c

GOOD_SCHEMA = "CREATE TABLE items (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO items VALUES (1, 'a');"
SCHEMAS = {
    # An endless query in place of a table.
    "view": """
        CREATE TABLE users (id INTEGER PRIMARY KEY, title TEXT);
        CREATE VIEW items AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)
            SELECT id, 'title ' || id AS title FROM n;
        """,
    # Rows of some bytes whose computed values are gigabytes.
    "generated": """
        CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT);
        WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100)
            INSERT INTO items (id, a) SELECT id, 'title' FROM n;
        """ + "".join(
            f"ALTER TABLE items ADD COLUMN {name} TEXT GENERATED ALWAYS AS (printf('%.*c', 900000000, 'x'));"
            for name in "bcdef"),
}
REFUSED_SECONDS_MAX = 10.0


class CatalogAttack(Attack):
    """Versions with right checksums whose catalogs of 8 KiB are queries instead of tables."""

    name = "catalog"

    def models(self):
        self.round = 0
        self.served = self.repository.new_models("catalog-models")
        self.staging = self.repository.folder / "catalog-staging"
        return self.served

    def begin(self, server):
        """Publishes a version of each kind, as a user with write access to the repository could."""
        self.round += 1
        self.names = []
        for kind in SCHEMAS:
            name = f"trap-{kind}-{self.round}"
            version = self.trap(name, kind)
            (self.served / name).mkdir()
            os.rename(version, self.served / name / "1")
            self.names.append(name)

    def trap(self, name, kind):
        """A packed version with another catalog and a manifest that fits it. Returns its folder."""
        good, bad = self.repository.inputs / f"{name}.good.sqlite", self.repository.inputs / f"{name}.sqlite"
        make_database(good, GOOD_SCHEMA)
        make_database(bad, SCHEMAS[kind])
        version = self.repository.pack(self.staging, name, 4, items=100, catalog=good)
        content = bad.read_bytes()
        replace(version / "catalog.sqlite", content)
        manifest = json.loads((version / "manifest.json").read_text())
        manifest["files"]["catalog.sqlite"] = {"bytes": len(content), "crc32c": f"{crc32c(content):08x}"}
        if kind == "generated":
            manifest["items"]["columns"] = list("abcdef")
        replace(version / "manifest.json", json.dumps(manifest).encode())
        return version

    def hold(self, verdicts, counts, server, during):
        """The server must refuse all of them and report it."""
        deadline = time.monotonic() + REFUSED_SECONDS_MAX
        states = {}
        while time.monotonic() < deadline and server.alive:
            try:
                with kindred.connect(server.address) as client:
                    states = {model["name"]: model["refused"] for model in client.models()}
            except kindred.Error:
                break
            if all(states.get(name) for name in self.names):
                break
            time.sleep(0.1)
        refused = [name for name in self.names if states.get(name)]
        verdicts.hold("catalogs that were refused", len(refused) == len(self.names), shown(len(refused)),
                      shown(len(self.names)))


def make_database(path, script):
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()
