"""Every table, imported here so that migrations and relationships see all of them."""

from billingportal.models.audit_entry import AuditEntry
from billingportal.models.branding import Branding, BrandPicture
from billingportal.models.browser_session import BrowserSession
from billingportal.models.cancellation import Cancellation
from billingportal.models.catch_up import CatchUp
from billingportal.models.checkout import Checkout
from billingportal.models.checkout_session import CheckoutSession
from billingportal.models.client import Client
from billingportal.models.client_customer import ClientCustomer
from billingportal.models.comp import Comp
from billingportal.models.customer import Customer
from billingportal.models.dispute import Dispute
from billingportal.models.entitled_quota import EntitledQuota
from billingportal.models.entitlement import Entitlement
from billingportal.models.ignored_customer import IgnoredCustomer
from billingportal.models.invoice import Invoice
from billingportal.models.invoice_payment import InvoicePayment
from billingportal.models.ladder_settings import LadderSettings
from billingportal.models.mail_settings import MailSettings
from billingportal.models.meter import Meter
from billingportal.models.outgoing_mail import OutgoingMail
from billingportal.models.payment_method import PaymentMethod
from billingportal.models.plan import Plan
from billingportal.models.plan_change import PlanChange
from billingportal.models.plan_move import PlanMove
from billingportal.models.plan_price import PlanPrice
from billingportal.models.plan_quota import PlanQuota
from billingportal.models.portal_configuration import PortalConfiguration
from billingportal.models.price import Price
from billingportal.models.processor_account import ProcessorAccount
from billingportal.models.product import Product
from billingportal.models.quota_override import QuotaOverride
from billingportal.models.refund import Refund
from billingportal.models.resource import Resource
from billingportal.models.selling_settings import SellingSettings
from billingportal.models.setup_link import SetupLink
from billingportal.models.sign_in_attempt import SignInAttempt
from billingportal.models.staff import Staff
from billingportal.models.stripe_event import StripeEvent
from billingportal.models.subscription import Subscription
from billingportal.models.subscription_item import SubscriptionItem
from billingportal.models.subscription_schedule import SubscriptionSchedule
from billingportal.models.test_clock import TestClock
from billingportal.models.webhook_endpoint import WebhookEndpoint
from billingportal.models.workspace import Workspace
from billingportal.models.workspace_usage import WorkspaceUsage

__all__ = [
    "AuditEntry",
    "BrandPicture",
    "Branding",
    "BrowserSession",
    "Cancellation",
    "CatchUp",
    "Checkout",
    "CheckoutSession",
    "Client",
    "ClientCustomer",
    "Comp",
    "Customer",
    "Dispute",
    "EntitledQuota",
    "Entitlement",
    "IgnoredCustomer",
    "Invoice",
    "InvoicePayment",
    "LadderSettings",
    "MailSettings",
    "Meter",
    "OutgoingMail",
    "PaymentMethod",
    "Plan",
    "PlanChange",
    "PlanMove",
    "PlanPrice",
    "PlanQuota",
    "PortalConfiguration",
    "Price",
    "ProcessorAccount",
    "Product",
    "QuotaOverride",
    "Refund",
    "Resource",
    "SellingSettings",
    "SetupLink",
    "SignInAttempt",
    "Staff",
    "StripeEvent",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionSchedule",
    "TestClock",
    "WebhookEndpoint",
    "Workspace",
    "WorkspaceUsage",
]
