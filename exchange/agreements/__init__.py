"""The agreements of this installation: one YAML file for each recipient, and how they are read."""

from exchange.agreement import Agreement
from exchange.agreement_files import read_agreement, read_agreements

__all__ = ["Agreement", "read_agreement", "read_agreements"]
