"""What the host platform is told about one resource of a client."""

from dataclasses import dataclass

from billingportal.plain_json import JsonObject


@dataclass(frozen=True, slots=True)
class ResourceAnswer:
    """The columns as they are stored, None where there is no row. A plan that does not name a resource does not
    limit it. `pool_left` may be below 0.
    """

    position: int
    id: int
    key: str
    kind: str
    quota: int | None
    reaction: str | None
    source: str | None
    used: int | None
    reserved: int | None
    spending_cap: int | None
    pool_left: int | None

    def has_room(self) -> bool:
        """Whether the limit, or the spending cap, and the pool have one more."""
        most = {"block": self.quota, "warn": None, "bill": self.spending_cap}[self.reaction or "block"]
        is_free = most is None or (self.used or 0) + (self.reserved or 0) < most
        return is_free and (self.pool_left is None or self.pool_left > 0)

    def to_json(self, *, is_open: bool) -> JsonObject:
        """`is_open`: the client's access is full."""
        used, reserved = self.used or 0, self.reserved or 0
        return {
            "resource": self.key,
            "kind": self.kind,
            "limit": self.quota,
            "used": used,
            "reserved": reserved,
            "remaining": None if self.quota is None else max(0, self.quota - used - reserved),
            "at_limit": self.reaction or "block",
            "source": self.source or "plan",
            "spending_cap": self.spending_cap,
            "may_add_one": is_open and self.has_room(),
            "pool_remaining": None if self.pool_left is None else max(0, self.pool_left),
        }
