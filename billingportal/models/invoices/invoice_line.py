"""A line of an invoice, as Stripe told it when the invoice was made and when it was final."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billingportal.db import Base, LargeKey


class InvoiceLine(Base):
    """Amounts in minor units of the invoice's currency. `amount_minor` is before discounts and exclusive tax.

    `credit_minor` is paid from credit grants. `tax_minor` is added to the amount, `included_tax_minor` is part of it.
    `quantity` is exact; `unit_amount` in minor units is None where tiers charge. `stripe_price_id` None: an amount
    without a price. The lines keep Stripe's order, by `position`.
    """

    __tablename__ = "invoice_line"
    __table_args__ = (UniqueConstraint("invoice_id", "stripe_line_id"),)

    id: Mapped[LargeKey]
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    stripe_line_id: Mapped[str]
    position: Mapped[int]
    description: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    credit_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    included_tax_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    quantity: Mapped[Decimal | None]
    unit_amount: Mapped[Decimal | None]
    stripe_price_id: Mapped[str | None]
    stripe_product_id: Mapped[str | None]
    stripe_subscription_item_id: Mapped[str | None]
    stripe_invoice_item_id: Mapped[str | None]
    is_proration: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
