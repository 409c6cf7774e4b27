"""The statements that record a run; `found` and `lost` are temporary tables of its transaction."""

KNOWN = "COPY (SELECT finding_id, rule, digest, gone_on IS NULL FROM mismatches.finding) TO STDOUT (FORMAT csv)"

_SEEN = (
    "rule_version, period, outcome, reason, subject_kind, master_id, severity, estimate_low, estimate_likely,"
    " estimate_high, link_probability, figures, division"
)
_FROM_FOUND = ", ".join(f"s.{name}" for name in _SEEN.split(", ")).replace(
    "s.figures", "CAST(coalesce(s.figures, '{}') AS jsonb)"
)

FOUND_TABLE = """CREATE TEMPORARY TABLE found (
    finding_id text COLLATE "C", rule text, rule_version text, period text, outcome text, reason text,
    subject_kind text, master_id text, severity text, estimate_low numeric(18, 2), estimate_likely numeric(18, 2),
    estimate_high numeric(18, 2), link_probability double precision, figures text, division text, evidence text,
    digest text, kept text, link text) ON COMMIT DROP"""

LOST_TABLE = 'CREATE TEMPORARY TABLE lost (finding_id text COLLATE "C") ON COMMIT DROP'

STATE_KNOWN = """SELECT EXISTS (SELECT FROM mismatches.rule_state
    WHERE rule = :rule AND version = :version AND as_of = :as_of AND shadow = :shadow)"""

NEW_RUN = """INSERT INTO mismatches.run (as_of, recorded_at, city, rules, inputs, made_by)
    VALUES (:as_of, :recorded_at, :city, CAST(:rules AS jsonb), CAST(:inputs AS jsonb), :made_by) RETURNING run"""

NEW_STATE = """INSERT INTO mismatches.rule_state (rule, version, run, as_of, shadow)
    VALUES (:rule, :version, :run, :as_of, :shadow)
    ON CONFLICT (rule) DO UPDATE SET version = excluded.version, run = excluded.run, as_of = excluded.as_of,
        shadow = excluded.shadow"""

SHADOW = "UPDATE mismatches.finding SET shadow = :shadow WHERE rule = :rule AND shadow <> :shadow"

# The finding's row comes first, as observations point to it; whether it was there tells what changed.
OBSERVE = f"""
WITH told AS (
    SELECT s.finding_id, CASE WHEN f.finding_id IS NULL THEN 'found' WHEN f.gone_on IS NOT NULL THEN 'returned'
        ELSE 'changed' END AS change
    FROM found s LEFT JOIN mismatches.finding f USING (finding_id)),
made AS (
    INSERT INTO mismatches.finding (finding_id, rule, {_SEEN}, subject_id, shadow, first_seen, month, run, digest)
    SELECT s.finding_id, s.rule, {_FROM_FOUND}, s.master_id, false, :as_of, :month, :run, s.digest
    FROM found s JOIN told t USING (finding_id) WHERE t.change = 'found'),
observed AS (
    INSERT INTO mismatches.observation (finding_id, run, as_of, change, {_SEEN}, evidence, kept, link)
    SELECT s.finding_id, :run, :as_of, t.change, {_FROM_FOUND}, jsonb_strip_nulls(CAST(s.evidence AS jsonb)),
        CAST(s.kept AS jsonb), CAST(s.link AS jsonb)
    FROM found s JOIN told t USING (finding_id))
SELECT change, count(*) AS findings FROM told GROUP BY change
"""

UPSERT = f"""
UPDATE mismatches.finding f SET
    ({_SEEN}) = (SELECT {_FROM_FOUND}), subject_id = s.master_id, run = :run, digest = s.digest,
    gone_on = NULL, last_seen = NULL
FROM found s WHERE f.finding_id = s.finding_id AND f.run <> :run
"""

OBSERVE_GONE = """INSERT INTO mismatches.observation (finding_id, run, as_of, change)
    SELECT finding_id, :run, :as_of, 'gone' FROM lost"""

END = """UPDATE mismatches.finding f SET gone_on = :as_of, last_seen = r.as_of
    FROM lost, mismatches.rule_state r WHERE f.finding_id = lost.finding_id AND r.rule = f.rule"""

RESOLVE = """UPDATE mismatches.finding f SET subject_id = coalesce(r.target, f.master_id)
    FROM mismatches.finding g LEFT JOIN {redirect} r ON r.master_id = g.master_id
    WHERE g.finding_id = f.finding_id AND g.subject_kind = :kind
        AND f.subject_id IS DISTINCT FROM coalesce(r.target, f.master_id)"""
