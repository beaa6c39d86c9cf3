"""Links live prices to the plans that sell their test twins. A plan's other live prices stay as they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import cast

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common import audit
from billingportal.domain.common.evaluation_queue import mark_plan
from billingportal.domain.common.locks import PLANS, take_turns
from billingportal.domain.go_live.pairs.catalog import Sale
from billingportal.domain.go_live.pairs.pairs import Pair, Pairs
from billingportal.domain.go_live.promotion.planned_step import PlannedStep
from billingportal.domain.plans.plans import lock_plan
from billingportal.domain.plans.price_links import Link, links_of, replace_links, use_of
from billingportal.models import PromotionStep
from billingportal.models.plans.plan_price import PriceRole
from billingportal.plain_json import Json, JsonObject


def link_steps(pairs: Pairs, created: set[str]) -> Iterator[PlannedStep]:
    """One step for each plan that does not sell a matching live price yet. `created`: test prices whose twin will be
    there by then."""
    by_plan: dict[int, list[tuple[Sale, Pair]]] = defaultdict(list)
    for pair in pairs.pairs:
        if pair.state == "match" or pair.test.price.stripe_price_id in created:
            for sale in pair.unlinked:
                by_plan[sale.plan.id].append((sale, pair))
    for plan_id, found in by_plan.items():
        rows = sorted(found, key=lambda one: (one[0].link.position, one[0].link.id))
        count = f"{len(rows)} live price{'' if len(rows) == 1 else 's'}"
        request: JsonObject = {"links": [link_request(sale, pair) for sale, pair in rows]}
        name = rows[0][0].plan.name
        yield PlannedStep("link", str(plan_id), f"Plan {name}", f"Sells {count} from then on", request)


def link_request(sale: Sale, pair: Pair) -> JsonObject:
    return {
        "live_price": pair.live.price.stripe_price_id if pair.live else None,
        "test_price": pair.test.price.stripe_price_id,
        "role": sale.link.role,
        "resource_id": sale.link.resource_id,
    }


def link_plan(session: Session, step: PromotionStep, account_id: int, made: dict[str, str], staff_id: int) -> None:
    """Link the live prices to the plan of the step. `made` are the created prices by test price. Raises Refusal.

    A price whose creation failed is left out.
    """
    take_turns(session, PLANS)
    plan = lock_plan(session, int(step.subject))
    there = links_of(plan, account_id)
    known = {use_of(link) for link in there}
    new = [link for link in wanted_links(step, made) if use_of(link) not in known]
    if not new:
        return
    replace_links(session, plan, account_id, [*there, *new])
    plan.revision += 1
    plan.updated_at = now()
    session.flush()
    mark_plan(session, plan.id)
    details: list[Json] = [link.stripe_price_id for link in new]
    act = audit.Act(
        "plan.linked_live",
        f"Linked {len(new)} live {'price' if len(new) == 1 else 'prices'} to the plan {plan.name}",
        staff_id=staff_id,
        subject=("plan", plan.id),
        processor_account_id=account_id,
        details={"prices": details},
    )
    audit.record_act(session, act)


def wanted_links(step: PromotionStep, made: dict[str, str]) -> Iterable[Link]:
    for one in cast(list[JsonObject], step.request["links"]):
        live_id = one["live_price"] or made.get(str(one["test_price"]))
        if live_id:
            yield Link(str(live_id), cast(PriceRole, one["role"]), cast(int | None, one["resource_id"]))
