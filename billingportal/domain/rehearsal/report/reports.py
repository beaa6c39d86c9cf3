"""Writes the signed report of each rehearsal that has ended, once."""

import base64
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.domain.rehearsal.report.document import document_of
from billingportal.domain.rehearsal.report.envelope import Envelope, read_envelope, seal_report
from billingportal.domain.rehearsal.report.signing_key import signing_key
from billingportal.models import Rehearsal
from billingportal.vault import Vault


def unsigned(session: Session) -> Sequence[int]:
    """The rehearsals that have ended and have no report yet."""
    ended = Rehearsal.state.in_(("finished", "canceled", "broken"))
    return session.scalars(select(Rehearsal.id).where(ended, Rehearsal.report.is_(None))).all()


def write_report(session: Session, vault: Vault, rehearsal_id: int) -> None:
    """Sign the report of an ended rehearsal, unless it has one. Any worker may do it after a crash."""
    row = session.get_one(Rehearsal, rehearsal_id, with_for_update=True)
    if row.report is not None:
        return
    made = seal_report(document_of(session, row), signing_key(session, vault))
    row.report, row.public_key_id = made.to_text(), made.public_key
    row.signature = base64.b64encode(bytes.fromhex(made.signature)).decode()


def report_of(rehearsal: Rehearsal) -> Envelope | None:
    """The stored report. None until it is written."""
    return read_envelope(rehearsal.report) if rehearsal.report is not None else None
