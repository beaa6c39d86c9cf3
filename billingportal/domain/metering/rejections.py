"""Why Stripe rejected a meter event after it took it, and what to do, in words for staff."""

# By Stripe's code. The list is open: Stripe adds codes at any time.
WORDS: dict[str, str] = {
    "archived_meter": "The meter is archived in Stripe. Reactivate it there, then send the use again.",
    "meter_event_customer_not_found": (
        "Stripe does not know the customer, or it was deleted there. "
        "Link the client to its Stripe customer again, then send the use again."
    ),
    "meter_event_dimension_count_too_high": (
        "The meter got more different extra keys than Stripe takes. The portal sends none: "
        "find who else reports to this meter, then send the use again."
    ),
    "meter_event_invalid_value": (
        "Stripe could not read the value. Compare the meter's value key in Stripe, then send the use again."
    ),
    "meter_event_no_customer_defined": (
        "The event has no customer under the key that the meter wants. "
        "Compare the meter's customer key in Stripe, then send the use again."
    ),
    "meter_event_value_not_found": (
        "The event has no value under the key that the meter wants. "
        "Compare the meter's value key in Stripe, then send the use again."
    ),
    "meter_event_value_too_many_digits": (
        "The value has more than 15 digits, which Stripe does not take. Correct the usage record that is wrong."
    ),
    "missing_dimension_payload_keys": (
        "The meter wants extra keys, which the portal does not send. Remove them from the meter in Stripe, "
        "then send the use again."
    ),
    "no_meter": "Stripe has no active meter for this use. Create or reactivate it in Stripe, then send the use again.",
    "timestamp_in_future": (
        "By Stripe's clock the use lies in the future. Set the clock of the portal's server right, "
        "then send the use again."
    ),
    "timestamp_too_far_in_past": (
        "The use is more than 35 days old, which Stripe does not take. Bill it as an invoice item, or let it go."
    ),
}
AFTER_THE_INVOICE = "The invoice of its period is final: bill it as an invoice item, or let it go."
IN_DOUBT = (
    "Stripe rejected some of the events that it took at this time, and did not name them all. "
    "The portal compares its totals with Stripe's."
)


def words_of(code: str, message: str) -> str:
    """The reason, and what to do. `message` is Stripe's own, for a code that is not known here."""
    known = WORDS.get(code)
    if known is not None:
        return known
    said = f" It says: {message}" if message else ""
    return f"Stripe rejected it, with the code {code}.{said} Look at the meter in Stripe, then send the use again."
