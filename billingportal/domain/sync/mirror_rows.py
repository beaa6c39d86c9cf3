"""Reads and writes the row that mirrors one Stripe object, locked until the transaction ends.

Plain SQL expressions instead of mapped objects: this runs for every event, and the columns are the copy's fields.
"""

from datetime import datetime
from typing import cast

from sqlalchemy import RowMapping, Table, bindparam, insert, select, update

from billingportal.db import Database
from billingportal.domain.common.email_addresses import canonical_address, is_possible
from billingportal.domain.sync import row_sql
from billingportal.domain.sync.object_types import CUSTOMER, ITEMS, SUBSCRIPTION, ObjectType
from billingportal.domain.sync.ordering import StoredState
from billingportal.models import SubscriptionItem
from billingportal.stripe_gateway.objects.copies import Copy, SubscriptionCopy, SubscriptionItemCopy

ITEM_TABLE = cast(Table, SubscriptionItem.__table__)
ITEM_COLUMNS = tuple(SubscriptionItemCopy.__dataclass_fields__)
FIND_ITEMS = select(*(ITEM_TABLE.c[name] for name in ITEM_COLUMNS)).where(
    ITEM_TABLE.c.subscription_id == bindparam("owner_id")
)
CHANGE_ITEM = update(ITEM_TABLE).where(
    ITEM_TABLE.c.subscription_id == bindparam("owner_id"),
    ITEM_TABLE.c.stripe_subscription_item_id == bindparam("item_id"),
)
OWN_COLUMNS = ("as_of", "uncertainty_seconds", "is_chained", "has_settled_tie", "revision")


def read_row(
    database: Database, kind: ObjectType, processor_account_id: int, object_id: str
) -> tuple[int, StoredState] | None:
    """The row's id and stored state, or None. Other transactions wait for this one to end."""
    wanted = {"account_id": processor_account_id, "object_id": object_id}
    row = database.execute(row_sql.find_row(kind), wanted).mappings().one_or_none()
    return None if row is None else (row["id"], state_of(database, kind, row))


def state_of(database: Database, kind: ObjectType, row: RowMapping) -> StoredState:
    values = {name: row[name] for name in kind.columns}
    if kind is SUBSCRIPTION:
        values[ITEMS] = read_items(database, row["id"])
    own = {name: row[name] for name in OWN_COLUMNS}
    return StoredState(copy=kind.copy_type(**values), is_deleted=row["deleted_at"] is not None, **own)


def insert_row(database: Database, kind: ObjectType, processor_account_id: int, new: StoredState) -> bool:
    """Insert the first snapshot of an object. False when another transaction was faster: then read again."""
    values = {**row_values(kind, new), "processor_account_id": processor_account_id}
    row_id = database.execute(row_sql.add_row(database, kind.table), values).scalar_one_or_none()
    if row_id is None:
        return False
    if isinstance(new.copy, SubscriptionCopy):
        # The simulated time of a test clock may be ahead of ours.
        priced_at = None if new.copy.created_at <= new.as_of else new.as_of
        write_items(database, row_id, (), new.copy.items, priced_at)
    return True


def update_row(database: Database, kind: ObjectType, row_id: int, old: StoredState, new: StoredState) -> None:
    """Replace the old stored state with the new one: writes only the columns that differ."""
    before = row_values(kind, old)
    changed = {name: value for name, value in row_values(kind, new).items() if value != before[name]}
    database.execute(row_sql.change_row(kind), {**changed, "row_id": row_id})
    if isinstance(new.copy, SubscriptionCopy) and isinstance(old.copy, SubscriptionCopy):
        write_items(database, row_id, old.copy.items, new.copy.items, new.as_of)


def update_knowledge(database: Database, kind: ObjectType, row: tuple[int, StoredState], new: StoredState) -> None:
    """Write the OWN_COLUMNS (how exactly its time is known) of an unchanged copy, if they differ."""
    row_id, old = row
    if new != old:
        own = {name: getattr(new, name) for name in OWN_COLUMNS}
        database.execute(update(kind.table).where(kind.table.c.id == row_id), own)


def known_only_before(database: Database, kind: ObjectType, processor_account_id: int, moment: datetime) -> list[str]:
    """The ids of undeleted objects whose stored state is older than a moment."""
    table = kind.table
    return list(
        database.scalars(
            select(table.c[kind.id_column]).where(
                table.c.processor_account_id == processor_account_id,
                table.c.as_of < moment,
                table.c.deleted_at.is_(None),
            )
        )
    )


def row_values(kind: ObjectType, new: StoredState) -> dict[str, object]:
    own: dict[str, object] = {name: getattr(new, name) for name in OWN_COLUMNS}
    deleted_at: datetime | None = new.as_of if new.is_deleted else None
    values = {name: getattr(new.copy, name) for name in kind.columns} | own | {"deleted_at": deleted_at}
    if kind is CUSTOMER:
        values["canonical_email"] = comparable_email(values["email"])
    return values


def comparable_email(email: object) -> str | None:
    """The form in which a customer's address is compared, None without a possible one."""
    return canonical_address(email) if isinstance(email, str) and is_possible(email) else None


def read_items(database: Database, subscription_id: int) -> tuple[SubscriptionItemCopy, ...]:
    found = [SubscriptionItemCopy(*row) for row in database.execute(FIND_ITEMS, {"owner_id": subscription_id})]
    # The database may sort text by the rules of a language; the copies are sorted by code point.
    return tuple(sorted(found, key=lambda item: item.stripe_subscription_item_id))


def write_items(
    database: Database,
    subscription_id: int,
    old: tuple[SubscriptionItemCopy, ...],
    new: tuple[SubscriptionItemCopy, ...],
    priced_at: datetime | None,
) -> None:
    """Change only the items that differ, so that an item's row stays the same row as long as Stripe has it.

    `priced_at` is when the new and repriced ones got their price (see models.stripe_objects.subscription_item).
    """
    before = {item.stripe_subscription_item_id: item for item in old}
    after = {item.stripe_subscription_item_id: item for item in new}
    mine = ITEM_TABLE.c.subscription_id == subscription_id
    for gone in before.keys() - after.keys():
        database.execute(ITEM_TABLE.delete().where(mine, ITEM_TABLE.c.stripe_subscription_item_id == gone))
    for item_id, item in after.items():
        values: dict[str, object] = {name: getattr(item, name) for name in ITEM_COLUMNS}
        was = before.get(item_id)
        if was is None or was.stripe_price_id != item.stripe_price_id:
            values["priced_at"] = priced_at
        if was is None:
            database.execute(insert(ITEM_TABLE), {**values, "subscription_id": subscription_id})
        elif item != was:
            database.execute(CHANGE_ITEM, {**values, "owner_id": subscription_id, "item_id": item_id})


def differences(kind: ObjectType, old: Copy | None, new: Copy) -> dict[str, tuple[object, object]]:
    """The changed fields, each with its old and new value. Items count as one field."""
    names = (*kind.columns, ITEMS) if kind is SUBSCRIPTION else kind.columns
    pairs = ((name, getattr(old, name, None), getattr(new, name)) for name in names)
    return {name: (was, is_now) for name, was, is_now in pairs if was != is_now}
