"""Runs an operation in the transaction that it declares, with the answer of its idempotency key."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.api.kernel.answers import Answer, RawAnswer, answer_of_problem, raw_answer
from billingportal.api.kernel.operation import Operation
from billingportal.api.kernel.problems import Problem
from billingportal.db import Database, bare_transaction, db, glance, transaction
from billingportal.domain.api import stored_answers
from billingportal.domain.api.stored_answers import LONGEST_RUN, AnswerKey, Stored
from billingportal.portal import current_portal
from billingportal.vault import CannotOpen

# Seconds after which the first request with an idempotency key will have its answer, usually.
SOON = "1"
REPLAYED = {"Idempotent-Replayed": "true"}


@dataclass(frozen=True)
class Run:
    """One run of an operation with its input. `instance` is the path, for problems."""

    operation: Operation
    arguments: dict[str, object]
    instance: str
    answer_key: AnswerKey | None

    def with_database(self, database: Database | None) -> Answer:
        if database is None:
            return self.operation.handler(**self.arguments)
        return self.operation.handler(**self.arguments, **{self.operation.database: database})


def run_operation(run: Run) -> RawAnswer:
    """The answer of the operation, or the one stored for its idempotency key. Raises Problem."""
    if run.operation.idempotency == "none":
        return raw_answer(read(run))
    if run.answer_key is None:
        return raw_answer(write(run))
    if run.operation.database == "own":
        return run_in_steps(run, run.answer_key)
    return run_at_once(run, run.answer_key)


def read(run: Run) -> Answer:
    if run.operation.database == "session":
        return run.with_database(db.session())
    if run.operation.database == "connection":
        with glance() as connection:
            return run.with_database(connection)
    return run.with_database(None)


def write(run: Run) -> Answer:
    if run.operation.database == "own":
        return run.with_database(None)
    with opened(run.operation) as database:
        return run.with_database(database)


def opened(operation: Operation) -> AbstractContextManager[Session] | AbstractContextManager[Connection]:
    """The transaction of a write."""
    return bare_transaction() if operation.database == "connection" else transaction()


def run_at_once(run: Run, key: AnswerKey) -> RawAnswer:
    """Run in one transaction, which stores the answer as well. A refusal rolls it back, and is stored after it."""
    try:
        with opened(run.operation) as database:
            stored = stored_or_free(database, key)
            if stored is not None:
                return stored
            answer = raw_answer(run.with_database(database))
            store(database, key, answer)
            return answer
    except Problem as problem:
        if is_passing(problem):
            raise
        refusal = answer_of_problem(problem, run.instance)
    with bare_transaction() as connection:
        stored = stored_or_free(connection, key)
        if stored is None:
            store(connection, key, refusal)
        return stored or refusal


def run_in_steps(run: Run, key: AnswerKey) -> RawAnswer:
    """Store that the request is running, run it in its own transactions, store the answer."""
    with bare_transaction() as connection:
        stored = stored_or_free(connection, key)
        if stored is not None:
            return stored
        moment = clock.now()
        mark = Stored(key.request_hash, None, {}, "", False, moment + LONGEST_RUN)
        stored_answers.store_answer(connection, key, mark, moment)
    try:
        answer = answer_of(run)
    except BaseException:
        with bare_transaction() as connection:
            stored_answers.drop_running(connection, key)
        raise
    with bare_transaction() as connection:
        store(connection, key, answer)
    return answer


def answer_of(run: Run) -> RawAnswer:
    """The answer, or the refusal as one. Raises a Problem that passes."""
    try:
        return raw_answer(run.with_database(None))
    except Problem as problem:
        if is_passing(problem):
            raise
        return answer_of_problem(problem, run.instance)


def is_passing(problem: Problem) -> bool:
    """Whether the same request may succeed later, so that the refusal is not stored."""
    return problem.type.status >= 500 or problem.name.startswith("idempotency_key")


def stored_or_free(database: Database, key: AnswerKey) -> RawAnswer | None:
    """The answer stored under the key; None when this transaction may run the request. Raises Problem."""
    if not stored_answers.take_turn(database, key):
        raise in_use()
    moment = clock.now()
    found = stored_answers.find_answer(database, key, moment)
    if found is None:
        return None
    if found.request_hash != key.request_hash:
        raise Problem("idempotency_key_reused", "Another request used this Idempotency-Key within the last 24 hours.")
    if found.status is None:
        if found.running_until is not None and found.running_until > moment:
            raise in_use()
        return None
    return replayed(found, found.status)


def replayed(found: Stored, status: int) -> RawAnswer | None:
    """The answer as it was; None when the key is lost that sealed it, so that the request runs again."""
    try:
        body = current_portal().vault.open_(found.body) if found.has_secret else found.body
    except CannotOpen:
        return None
    headers = {name: str(value) for name, value in found.headers.items()}
    return RawAnswer(status, body.encode(), headers | REPLAYED)


def in_use() -> Problem:
    words = "The first request with this Idempotency-Key has no answer yet."
    return Problem("idempotency_key_in_use", words, headers={"Retry-After": SOON})


def store(database: Database, key: AnswerKey, answer: RawAnswer) -> None:
    text = answer.body.decode()
    body = current_portal().vault.seal(text) if answer.is_secret else text
    stored = Stored(key.request_hash, answer.status, {**answer.headers}, body, answer.is_secret, None)
    stored_answers.store_answer(database, key, stored, clock.now())
