"""An account that sells messages by use."""

from tests.domain.metering.conftest import messages, staff_id

__all__ = ["messages", "staff_id"]
