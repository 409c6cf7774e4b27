"""Names of representatives, among them those that a business goes by in place of a name of its own.

Owns only what is left out: a text that is like a company's name is null, so that names of businesses can be read beside
the representatives' without making every company a person. A name of four characters or more without a dot is a
person's only where it begins with a surname of two: of those that this leaves out (Japanese ones, some of minorities)
nothing is said, which costs less than taking 老赵茶庄 for a person.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from matching.characters.table import compound_surnames
from matching.standardise.names import chinese_name
from matching.standardise.values import Standardised, distinct, through

COMPANY: Final = r"公司|企业|^.{2,}[店部厂所社院校馆站铺吧屋]$"
LONG: Final = r"^\p{Han}{4,}$"
BRACKETS: Final = r"[(（].*?[)）]"


def representative_name(texts: pa.StringArray) -> Standardised:
    """Persons' names as `chinese_name` has them."""
    bare = pc.replace_substring_regex(texts, BRACKETS, "")
    two = pc.match_substring_regex(bare, f"^(?:{'|'.join(sorted(compound_surnames()))}).{{1,2}}$")
    long = pc.and_(pc.match_substring_regex(bare, LONG), pc.invert(two))
    left_out = pc.or_(long, pc.match_substring_regex(bare, COMPANY))
    codes, values = distinct(pc.if_else(left_out, pa.scalar(None, pa.string()), texts))
    found = chinese_name(values)
    return Standardised(through(found.codes, codes), found.table)
