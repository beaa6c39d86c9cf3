"""Reports failures of the start in one line for the operator, with an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from billingportal.domain.health import database_errors
from billingportal.errors import PortalError, WrongSetting


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Ends the process with one line instead of a traceback: exit code 2 for a wrong setting, 1 for the others."""
    try:
        yield
    except WrongSetting as error:
        sys.stderr.write(f"billingportal: {error}\n")
        sys.exit(2)
    except PortalError as error:
        sys.stderr.write(f"billingportal: {error}\n")
        sys.exit(1)
    except DBAPIError as error:
        words = database_errors.words_of(error)
        sys.stderr.write(f"billingportal: the database says: {words}. See `billingportal doctor`.\n")
        sys.exit(1)
