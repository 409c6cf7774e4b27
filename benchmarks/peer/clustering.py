"""From Splink's predictions to crosswalks, one for each threshold, and what the first of them cost."""

# mypy: disable-error-code="import-not-found"
import json
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import splink
from splink import Linker
from splink.internals.splink_dataframe import SplinkDataFrame


@dataclass(frozen=True)
class Predicted:
    """Weighed pairs, the linker that weighed them, and the connection that holds `keys`."""

    con: duckdb.DuckDBPyConnection
    linker: Linker
    pairs: SplinkDataFrame


def cost() -> dict[str, float]:
    """Seconds since the process was started, and seconds of CPU."""
    begun = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
    up = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    used = os.times()
    return {
        "wall": up - begun / os.sysconf("SC_CLK_TCK"),
        "cpu": used.user + used.system + used.children_user + used.children_system,
    }


def write_crosswalks(predicted: Predicted, thresholds: list[float], out: Path) -> None:
    """Cluster at every threshold; `done.json` marks the end of the first, the others cost nothing that is counted."""
    for place, threshold in enumerate(thresholds):
        clusters = predicted.linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted.pairs, threshold_match_probability=threshold
        )
        predicted.con.execute(
            f"copy (select r.source, r.dataset, r.record_id, c.cluster_id::varchar as master_id "
            f"from {clusters.physical_name} c join keys r using (unique_id)) to '{out}/splink_{threshold}.parquet'"
        )
        if place == 0:
            (out / "done.json").write_text(json.dumps(cost() | {"version": splink.__version__}), encoding="utf-8")
