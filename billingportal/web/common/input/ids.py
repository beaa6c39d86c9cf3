"""Ids of rows in addresses: `<id:client_id>` for most tables, `<big_id:event_id>` where the column is a BIGINT."""

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from billingportal.limits import LARGEST_BIG_ID, LARGEST_ID, whole_number


class IdConverter(BaseConverter):
    """An id that its column can store, without leading zeros; any other URL is a 404."""

    regex = "[1-9][0-9]{0,18}"
    largest = LARGEST_ID

    def to_python(self, value: str) -> int:
        number = whole_number(value, self.largest)
        if number is None:
            # Not a ValidationError: that would answer 405 where the URL takes another method too.
            raise NotFound
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class BigIdConverter(IdConverter):
    largest = LARGEST_BIG_ID


def init_app(app: Flask) -> None:
    app.url_map.converters |= {"id": IdConverter, "big_id": BigIdConverter}
