"""The links that findings rest on, wired: the runs that the published bases were made from explain them."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

import pyarrow as pa

from matching.explaining.weakest import weakest_links
from mismatches.store.linking import Explain
from registry.policy import ENTITIES, Entity
from sitong.reconciling import finished_runs
from storage.errors import BadSpecification
from storage.manifest import Manifest
from storage.zones import Zones

_LOG = logging.getLogger(__name__)


def explainer(zones: Zones, published: Mapping[str, Manifest]) -> Explain:
    """What tells the links of findings over published bases (product → manifest)."""
    runs = [_run(zones, entity, published[entity]) for entity in ENTITIES if entity in published]
    return partial(_links, zones, [run for run in runs if run])


def _run(zones: Zones, entity: Entity, product: Manifest) -> Manifest | None:
    """The newest run of the records that a base was made from."""
    runs = finished_runs(zones, entity)
    return next((one for one in runs if product.inputs.items() <= one.inputs.items()), None)


def _links(zones: Zones, runs: Sequence[Manifest], cited: pa.Table) -> pa.Table:
    parts = []
    for run in runs:
        try:
            parts.append(weakest_links(zones.matching(run.name, run.version), cited))
        except BadSpecification as error:  # a state of another release: findings are found all the same
            _LOG.warning("no links for findings", extra={"entity": run.name, "why": error.what})
    return pa.concat_tables(parts) if parts else pa.table({})
