"""Settings > Failed payments: what the person sees, and what the database holds."""

import pytest
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.db import transaction
from billingportal.domain.dunning import ladder
from billingportal.domain.dunning.ladder import DEFAULT, Ladder
from billingportal.models import MailSettings
from tests.support.pages import Visitor, text_of

PAGE = "/settings/failed-payments"
STEPS = {"warn_after_days": "1", "limit_after_days": "", "suspend_after_days": "9"}


def stored(session: Session) -> Ladder:
    session.rollback()
    return ladder.current(session)


def test_the_usual_ladder_is_shown_step_by_step(signed_in: Visitor) -> None:
    words = text_of(signed_in.get(PAGE))

    assert "Day 0 to 3: everything keeps working Stripe tries again by itself." in words
    assert "Day 3 to 7: warned" in words
    assert "Day 7 to 14: limited Nothing new can be made." in words
    assert "From day 14: suspended" in words
    assert "Paid, on any day Everything is back at once." in words
    assert "No letters: no mail server is set up" in words


def test_saving_leads_back_to_the_ladder_as_it_is_now(signed_in: Visitor, session: Session) -> None:
    answer = signed_in.submit(PAGE, STEPS)

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert stored(session) == Ladder(1, None, 9)
    words = text_of(signed_in.get(PAGE))
    assert "Failed payments saved. It holds at once" in words
    assert "Day 0 to 1: everything keeps working" in words
    assert "Day 1 to 9: warned" in words
    assert "From day 9: suspended" in words
    assert "limited Nothing new" not in words
    signed_in.submit(PAGE, STEPS)
    assert "Nothing has changed." in text_of(signed_in.get(PAGE))


def test_warning_at_once_leaves_no_days_before(signed_in: Visitor) -> None:
    signed_in.submit(PAGE, {**STEPS, "warn_after_days": "0"})

    words = text_of(signed_in.get(PAGE))
    assert "Day 0 to 9: warned" in words
    assert "Day 0 to 0" not in words


def test_a_wrong_order_is_told_in_plain_words_and_kept(signed_in: Visitor, session: Session) -> None:
    answer = signed_in.submit(PAGE, {**STEPS, "limit_after_days": "10"})

    assert answer.status_code == 422
    assert "Limit first: this has to be more than 10 days, or empty." in text_of(answer)
    assert 'value="10"' in answer.text
    assert stored(session) == DEFAULT


@pytest.mark.parametrize("mode", ["test", "live"])
def test_the_way_to_stripes_retries_is_that_of_the_mode(signed_in: Visitor, mode: str) -> None:
    with signed_in.session_transaction() as browser:
        browser["mode"] = mode

    folder = "test/" if mode == "test" else ""
    assert f'href="https://dashboard.stripe.com/{folder}revenue_recovery/retries"' in signed_in.get(PAGE).text


def test_with_a_mail_server_letters_are_promised(signed_in: Visitor, session: Session) -> None:
    with transaction() as writing:
        writing.add(
            MailSettings(
                host="mail.example",
                port=587,
                security="starttls",
                sender="billing@harbor.example",
                updated_at=clock.now(),
            )
        )

    assert "Clients get a letter at each step" in text_of(signed_in.get(PAGE))


def test_a_viewer_looks_and_does_not_touch(viewer: Visitor, session: Session) -> None:
    assert "Save steps" not in text_of(viewer.get(PAGE))
    assert viewer.submit(PAGE, STEPS).status_code == 403
    assert stored(session) == DEFAULT
