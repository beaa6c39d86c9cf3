"""Every table, imported here so that migrations and relationships see all of them."""

from billingportal.models.api.api_settings import ApiSettings
from billingportal.models.api.stored_answer import StoredAnswer
from billingportal.models.audit_entry import AuditEntry
from billingportal.models.auth.api_key import ApiKey
from billingportal.models.auth.billing_link_request import BillingLinkRequest
from billingportal.models.auth.browser_session import BrowserSession
from billingportal.models.auth.setup_link import SetupLink
from billingportal.models.auth.sign_in_attempt import SignInAttempt
from billingportal.models.auth.staff import Staff
from billingportal.models.branding import Branding, BrandPicture
from billingportal.models.checkout.checkout import Checkout
from billingportal.models.checkout.checkout_settings import SellingSettings
from billingportal.models.checkout.sign_up_request import SignUpRequest
from billingportal.models.clients.adoption_request import AdoptionRequest
from billingportal.models.clients.client import Client
from billingportal.models.clients.client_customer import ClientCustomer
from billingportal.models.clients.ignored_customer import IgnoredCustomer
from billingportal.models.clients.workspace import Workspace
from billingportal.models.connection.catch_up import CatchUp
from billingportal.models.connection.event_destination import EventDestination
from billingportal.models.connection.failed_read import FailedRead
from billingportal.models.connection.portal_configuration import PortalConfiguration
from billingportal.models.connection.processor_account import ProcessorAccount
from billingportal.models.connection.stripe_event import StripeEvent
from billingportal.models.connection.webhook_endpoint import WebhookEndpoint
from billingportal.models.dunning_settings import LadderSettings
from billingportal.models.entitlements.comp import Comp
from billingportal.models.entitlements.entitled_quota import EntitledQuota
from billingportal.models.entitlements.entitlement import Entitlement
from billingportal.models.entitlements.quota_override import QuotaOverride
from billingportal.models.go_live.checklist_waiver import ChecklistWaiver
from billingportal.models.go_live.live_fact import LiveFact
from billingportal.models.go_live.promotion import Promotion
from billingportal.models.go_live.promotion_step import PromotionStep
from billingportal.models.go_live.selling_mode import SellingMode
from billingportal.models.go_live.twin_choice import TwinChoice
from billingportal.models.health.health_check import HealthCheck
from billingportal.models.health.health_finding import HealthFinding
from billingportal.models.health.job_run import JobRun
from billingportal.models.health.request_count import RequestCount
from billingportal.models.health.stripe_audit import StripeAudit
from billingportal.models.health.stripe_audit_entry import StripeAuditEntry
from billingportal.models.invoices.invoice_line import InvoiceLine
from billingportal.models.invoices.invoice_lines_read import InvoiceLinesRead
from billingportal.models.invoices.payment_attempt import PaymentAttempt
from billingportal.models.mail.mail_settings import MailSettings
from billingportal.models.mail.outgoing_mail import OutgoingMail
from billingportal.models.metering.client_meter import ClientMeter
from billingportal.models.metering.meter_day import MeterDay
from billingportal.models.metering.meter_error_report import MeterErrorReport
from billingportal.models.metering.meter_event import MeterEvent
from billingportal.models.metering.meter_sum import MeterSum
from billingportal.models.outgoing_webhooks.outgoing_attempt import OutgoingAttempt
from billingportal.models.outgoing_webhooks.outgoing_delivery import OutgoingDelivery
from billingportal.models.outgoing_webhooks.outgoing_endpoint import OutgoingEndpoint
from billingportal.models.outgoing_webhooks.outgoing_message import OutgoingMessage
from billingportal.models.plan_changes.cancellation import Cancellation
from billingportal.models.plan_changes.plan_change import PlanChange
from billingportal.models.plans.plan import Plan
from billingportal.models.plans.plan_price import PlanPrice
from billingportal.models.plans.plan_quota import PlanQuota
from billingportal.models.plans.quota_change import QuotaChange
from billingportal.models.plans.resource import Resource
from billingportal.models.price_moves.price_exception import PriceException
from billingportal.models.price_moves.price_move import PriceMove
from billingportal.models.price_moves.price_move_client import PriceMoveClient
from billingportal.models.rehearsal.rehearsal import Rehearsal
from billingportal.models.rehearsal.rehearsal_client import RehearsalClient
from billingportal.models.rehearsal.rehearsal_life import RehearsalLife
from billingportal.models.rehearsal.rehearsal_step import RehearsalStep
from billingportal.models.rehearsal.report_key import ReportKey
from billingportal.models.rehearsal.visibility import full_transaction
from billingportal.models.stripe_objects.checkout_session import CheckoutSession
from billingportal.models.stripe_objects.customer import Customer
from billingportal.models.stripe_objects.dispute import Dispute
from billingportal.models.stripe_objects.invoice import Invoice
from billingportal.models.stripe_objects.invoice_payment import InvoicePayment
from billingportal.models.stripe_objects.meter import Meter
from billingportal.models.stripe_objects.payment_method import PaymentMethod
from billingportal.models.stripe_objects.price import Price
from billingportal.models.stripe_objects.product import Product
from billingportal.models.stripe_objects.refund import Refund
from billingportal.models.stripe_objects.subscription import Subscription
from billingportal.models.stripe_objects.subscription_item import SubscriptionItem
from billingportal.models.stripe_objects.subscription_schedule import SubscriptionSchedule
from billingportal.models.stripe_objects.test_clock import TestClock
from billingportal.models.usage.client_level import ClientLevel
from billingportal.models.usage.client_usage import ClientUsage
from billingportal.models.usage.limit_notice import LimitNotice
from billingportal.models.usage.mode_usage_day import ModeUsageDay
from billingportal.models.usage.reservation import Reservation
from billingportal.models.usage.usage_correction import UsageCorrection
from billingportal.models.usage.usage_day import UsageDay
from billingportal.models.usage.usage_period import UsagePeriod
from billingportal.models.usage.usage_pool import UsagePool
from billingportal.models.usage.usage_record import UsageRecord
from billingportal.models.usage.usage_total import UsageTotal
from billingportal.models.usage.workspace_usage import WorkspaceUsage

__all__ = [
    "AdoptionRequest",
    "ApiKey",
    "ApiSettings",
    "AuditEntry",
    "BillingLinkRequest",
    "BrandPicture",
    "Branding",
    "BrowserSession",
    "Cancellation",
    "CatchUp",
    "ChecklistWaiver",
    "Checkout",
    "CheckoutSession",
    "Client",
    "ClientCustomer",
    "ClientLevel",
    "ClientMeter",
    "ClientUsage",
    "Comp",
    "Customer",
    "Dispute",
    "EntitledQuota",
    "Entitlement",
    "EventDestination",
    "FailedRead",
    "HealthCheck",
    "HealthFinding",
    "IgnoredCustomer",
    "Invoice",
    "InvoiceLine",
    "InvoiceLinesRead",
    "InvoicePayment",
    "JobRun",
    "LadderSettings",
    "LimitNotice",
    "LiveFact",
    "MailSettings",
    "Meter",
    "MeterDay",
    "MeterErrorReport",
    "MeterEvent",
    "MeterSum",
    "ModeUsageDay",
    "OutgoingAttempt",
    "OutgoingDelivery",
    "OutgoingEndpoint",
    "OutgoingMail",
    "OutgoingMessage",
    "PaymentAttempt",
    "PaymentMethod",
    "Plan",
    "PlanChange",
    "PlanPrice",
    "PlanQuota",
    "PortalConfiguration",
    "Price",
    "PriceException",
    "PriceMove",
    "PriceMoveClient",
    "ProcessorAccount",
    "Product",
    "Promotion",
    "PromotionStep",
    "QuotaChange",
    "QuotaOverride",
    "Refund",
    "Rehearsal",
    "RehearsalClient",
    "RehearsalLife",
    "RehearsalStep",
    "ReportKey",
    "RequestCount",
    "Reservation",
    "Resource",
    "SellingMode",
    "SellingSettings",
    "SetupLink",
    "SignInAttempt",
    "SignUpRequest",
    "Staff",
    "StoredAnswer",
    "StripeAudit",
    "StripeAuditEntry",
    "StripeEvent",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionSchedule",
    "TestClock",
    "TwinChoice",
    "UsageCorrection",
    "UsageDay",
    "UsagePeriod",
    "UsagePool",
    "UsageRecord",
    "UsageTotal",
    "WebhookEndpoint",
    "Workspace",
    "WorkspaceUsage",
    "full_transaction",
]
