"""A matched town in the home of a portal: accepted tables, a match of them, and its queue."""

import pyarrow.parquet as pq

from matching.run import match
from storage.commit import commit, staging
from storage.manifest import Manifest
from tests.matching import city
from tests.portal.city_hall import MORNING

STATE, RUN = "state-1", "run-1"


def town(persons=600):
    """Tables by dataset, with many errors, so that some links are uncertain."""
    return city.drops(persons, 11, city.Rates().harsher(4))[0]


def keep_match(zones, tables, run=RUN, at=MORNING):
    """Accept tables and match their persons; the manifest of the match."""
    for name, table in tables.items():
        target = zones.accepted(*name.split("."), STATE)
        if not target.exists():
            with staging(zones) as folder:
                pq.write_table(table, folder / "data.parquet")
                facts = {"received_at": at.isoformat()}
                commit(folder, target, Manifest("accepted", name, STATE, at, len(table), facts=facts))
    with staging(zones) as folder:
        match("person", tables, folder)
        rows = sum(map(len, tables.values()))
        made = Manifest("matching", "person", run, at, rows, inputs=dict.fromkeys(tables, STATE))
        return commit(folder, zones.matching("person", run), made)


def waiting(zones, run=RUN):
    """The rows of a match's queue."""
    return pq.read_table(zones.matching("person", run) / "review.parquet").to_pylist()
