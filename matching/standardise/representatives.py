"""Names of representatives, among them those that a business goes by in place of a name of its own.

Owns only what is left out: a text that is a company's name is null, so that names of businesses can be read beside the
representatives' without making every company a person.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from matching.standardise.company_names import fold, parse
from matching.standardise.names import chinese_name
from matching.standardise.values import Standardised, distinct, through

COMPANY: Final = (
    r"^(?:中国|山东|青岛)|.{2}(?:公司|企业|[店部厂所社院校馆站铺]|.{2}(?:中心|超市|[行园会局坊]))$|有限|公司|个体工商户"
)
SHORT: Final = 4
LONG: Final = 7
"""Characters from which a Chinese text without a dot is looked at for parts of a company's name, and from which it is
no person's name whatever it holds."""


def representative_name(texts: pa.StringArray) -> Standardised:
    """Persons' names as `chinese_name` has them."""
    company = pc.match_substring_regex(texts, COMPANY)
    chinese = pc.match_substring_regex(texts, r"^[\p{Han}()（）]+$")
    long = pc.greater_equal(pc.utf8_length(texts), LONG)
    unclear = pc.and_(pc.and_(chinese, pc.invert(company)), pc.greater_equal(pc.utf8_length(texts), SHORT))
    rows = pc.indices_nonzero(pc.and_(unclear, pc.invert(long))).to_numpy()
    left_out = pc.or_(company, pc.and_(chinese, long)).to_numpy(zero_copy_only=False)
    left_out[rows] = [not parse(fold(text)).bare for text in texts.take(pa.array(rows)).to_pylist()]
    codes, values = distinct(pc.if_else(pa.array(left_out), pa.scalar(None, pa.string()), texts))
    found = chinese_name(values)
    return Standardised(through(found.codes, codes), found.table)
