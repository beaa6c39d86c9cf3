"""Items about plans: live prices, meters, rehearsals, and findings about money."""

from collections.abc import Sequence

from sqlalchemy import select

from billingportal.domain.common.plurals import counted
from billingportal.domain.go_live.checklist.findings import money_keys, told
from billingportal.domain.go_live.checklist.item import Definition, Facts, Outcome, done, todo, unknown
from billingportal.domain.go_live.checklist.rehearsals import plans_to_rehearse
from billingportal.domain.go_live.pairs.pairs import Pairs
from billingportal.models import Plan

CONNECT = "Stripe is not connected in both modes."


def prices(facts: Facts) -> Outcome:
    pairs = facts.pairs
    if pairs is None:
        return todo(CONNECT)
    if not pairs.pairs:
        return todo("No plan for sale has a price in test mode.")
    wrong = wrong_words(pairs)
    if wrong:
        return todo(f"{', '.join(wrong)} (of {counted(len(pairs.pairs), 'prices')}).")
    return done(f"{len(pairs.pairs)} of {len(pairs.pairs)} equal to their test twins.")


def wrong_words(pairs: Pairs) -> list[str]:
    counts = (
        (len(pairs.of("missing")), "missing in live mode"),
        (len(pairs.of("differs")), "different"),
        (len(pairs.of("ambiguous")), "ambiguous"),
        (len(pairs.unlinked), "not linked to its plan"),
        (len(pairs.only_live), "sold in live mode without a test twin"),
    )
    return [f"{count} {words}" for count, words in counts if count]


def meters(facts: Facts) -> Outcome:
    pairs = facts.pairs
    if pairs is None:
        return todo(CONNECT)
    metered = [pair for pair in pairs.pairs if pair.test.meter is not None]
    if not metered:
        return done("No plan bills usage.")
    wrong = [
        pair
        for pair in metered
        if pair.live is None or any(field.name in METER_FIELDS and not field.is_equal for field in pair.fields)
    ]
    if wrong:
        return todo("; ".join(pair.title for pair in wrong))
    names = sorted({pair.test.meter.event_name for pair in metered if pair.test.meter})
    return done(f"{', '.join(names)}: same formula and keys.")


METER_FIELDS = ("Meter", "Meter formula", "Customer key", "Value key", "Meter window", "Meter status")


def rehearsal(facts: Facts) -> Outcome:
    if facts.test is None:
        return todo("Stripe is not connected in test mode.")
    found = plans_to_rehearse(facts.session, facts.test)
    if found.to_do:
        return todo("; ".join(f"{name}: {why}" for name, why in found.to_do.items()), found.as_of)
    if found.untold:
        return unknown("; ".join(f"{name}: {why}" for name, why in found.untold.items()), found.as_of)
    return done("Passed for every plan, nothing changed since.", found.as_of)


def default_plan(facts: Facts) -> Outcome:
    name = facts.session.scalar(select(Plan.name).where(Plan.is_default, Plan.state == "active"))
    return todo("New clients have no plan to start on.") if name is None else done(name)


def money(facts: Facts) -> Outcome:
    said = told(facts.session, money_keys())
    if said.state == "found":
        return todo(" ".join(one.title for one in said.found[:3]), said.as_of)
    if said.state == "unknown":
        return unknown(said.problem, said.as_of)
    return done("Every check is finished.", said.as_of)


DEFINITIONS: Sequence[Definition] = (
    Definition(
        "prices",
        "plans",
        "Every plan for sale has live prices",
        "Give every plan its live prices",
        "prices",
        "Compare test and live",
        prices,
    ),
    Definition(
        "meters",
        "plans",
        "Meters are active in live mode",
        "Make the live meters equal to those of test mode",
        "prices",
        "Compare test and live",
        meters,
    ),
    Definition(
        "rehearsal",
        "plans",
        "The last rehearsal passed for every plan",
        "Rehearse your plans",
        "rehearsal",
        "Rehearse",
        rehearsal,
        may_be_waived=True,
    ),
    Definition(
        "default_plan",
        "plans",
        "A default plan is chosen",
        "Choose the plan that new clients start on",
        "plans",
        "Open Plans",
        default_plan,
        may_be_waived=True,
    ),
    Definition(
        "money",
        "plans",
        "Nothing found about money",
        "Look at the findings about money",
        "health",
        "Open Health",
        money,
    ),
)
