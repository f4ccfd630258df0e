"""The tables of the paper, each with its trainings and its values."""

from collections.abc import Sequence

from ..table import Table
from .baselines import BASELINES
from .figure05_06 import FIGURE05, FIGURE06
from .method import METHOD
from .table01 import TABLE01
from .table02 import TABLE02
from .table03_04 import TABLE03, TABLE04
from .table05_13 import TABLE05, TABLE13
from .table06_09_10 import TABLE06, TABLE09, TABLE10
from .table07_08 import TABLE07, TABLE08
from .table11 import TABLE11
from .table12 import TABLE12

_ALL = (
    TABLE01,
    TABLE02,
    TABLE03,
    TABLE04,
    TABLE05,
    TABLE06,
    TABLE07,
    TABLE08,
    TABLE09,
    TABLE10,
    TABLE11,
    TABLE12,
    TABLE13,
    FIGURE05,
    FIGURE06,
    BASELINES,
    METHOD,
)
#: By name: the paper's tables, its figures, and what it has no table of.
TABLES: dict[str, Table] = {table.name: table for table in _ALL}


def find_tables(names: Sequence[str]) -> list[Table]:
    """Find tables by name or number.

    Args:
        names (Sequence[str]): Such as '12' or 'table12'.

    Returns:
        list[Table]: In the order of the names.

    Raises:
        ValueError: If there is no such table.

    Examples:
        >>> [table.name for table in find_tables(['2', 'table12'])]
        ['table02', 'table12']
    """
    found = []
    for name in names:
        full = f'table{int(name):02d}' if name.isdigit() else name
        if full not in TABLES:
            raise ValueError(
                f'there is no table {name!r}: expected one of '
                f'{", ".join(TABLES)}'
            )
        found.append(TABLES[full])
    return found
