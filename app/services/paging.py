"""Lists, newest first, a page at a time."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row]):
    """Rows of a page and the id to pass as `before` for the next one."""

    rows: list[Row]
    next: int | None


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which part of a list is wanted."""

    limit: int
    before: int | None

    def select(self, query: Select[Any], key: InstrumentedAttribute[int]) -> Select[Any]:
        """Return `query` for this part and for one row more, which tells whether it goes on."""
        if self.before is not None:
            query = query.where(key < self.before)
        return query.order_by(key.desc()).limit(self.limit + 1)

    def page(self, rows: list[Row], ids: list[int]) -> Page[Row]:
        """Return the page made of what `select` found."""
        more = len(rows) > self.limit
        return Page(rows=rows[: self.limit], next=ids[self.limit - 1] if more else None)
