"""Every table, imported here so that migrations and relationships see all of them."""

from billingportal.models.audit_entry import AuditEntry
from billingportal.models.branding import Branding, BrandPicture
from billingportal.models.catch_up import CatchUp
from billingportal.models.customer import Customer
from billingportal.models.invoice import Invoice
from billingportal.models.meter import Meter
from billingportal.models.plan import Plan
from billingportal.models.plan_change import PlanChange
from billingportal.models.plan_price import PlanPrice
from billingportal.models.plan_quota import PlanQuota
from billingportal.models.price import Price
from billingportal.models.processor_account import ProcessorAccount
from billingportal.models.product import Product
from billingportal.models.resource import Resource
from billingportal.models.setup_link import SetupLink
from billingportal.models.sign_in_attempt import SignInAttempt
from billingportal.models.staff import Staff
from billingportal.models.stripe_event import StripeEvent
from billingportal.models.subscription import Subscription
from billingportal.models.subscription_item import SubscriptionItem
from billingportal.models.webhook_endpoint import WebhookEndpoint

__all__ = [
    "AuditEntry",
    "BrandPicture",
    "Branding",
    "CatchUp",
    "Customer",
    "Invoice",
    "Meter",
    "Plan",
    "PlanChange",
    "PlanPrice",
    "PlanQuota",
    "Price",
    "ProcessorAccount",
    "Product",
    "Resource",
    "SetupLink",
    "SignInAttempt",
    "Staff",
    "StripeEvent",
    "Subscription",
    "SubscriptionItem",
    "WebhookEndpoint",
]
