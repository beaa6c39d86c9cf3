"""Lists of API v2: their pages name the next one."""

import stripe

from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.errors import UnreadableObject
from billingportal.stripe_gateway.objects.fields import first_rows, optional_text
from billingportal.stripe_gateway.objects.readings import Reading
from billingportal.stripe_gateway.requests.calls import ask_list


def ask_all_pages(client: stripe.StripeClient, path: str, params: JsonObject) -> tuple[list[JsonObject], Reading]:
    """All rows of a list of API v2, whose pages name the next one; and the time of its first page.

    Raises a StripeProblem, also for a list that would never end.
    """
    source, first = ask_list(client, path, params)
    found = first_rows(source)
    seen: set[str] = set()
    while (following := optional_text(source, "next_page_url")) is not None:
        if following in seen or not following.startswith(path):
            raise UnreadableObject("the list does not go on")
        seen.add(following)
        source, _ = ask_list(client, following, {})
        found.extend(first_rows(source))
    return found, first
