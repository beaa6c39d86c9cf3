"""The commands. Each opens the portal and calls the domain; none decides anything itself."""

import os
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, ScriptInfo
from flask_migrate.cli import db as migration_commands

from billingportal import private_files
from billingportal.app import create_app
from billingportal.config import Settings, environment_with
from billingportal.errors import PortalError, Refusal
from billingportal.examination import examine
from billingportal.jobs.schedule import JOBS
from billingportal.portal import current_portal
from billingportal.runtime import audit_command, rehearse_command, report_check, supervisor, web_server, worker
from billingportal.runtime.failures import failures_in_words
from billingportal.runtime.setup_address import new_setup_address
from billingportal.runtime.startup import forget_secrets, open_app
from billingportal.vault import CannotOpen

USUAL_ADDRESS = "http://127.0.0.1:8000"
PORT = click.IntRange(1, 65535)
FORGET_SECRETS = click.option(
    "--forget-secrets", "forgets_secrets", is_flag=True, help="Drop the stored secrets that no secret key opens."
)


def main() -> None:
    """The `billingportal` command. A wrong setting ends it with one line and exit code 2."""
    umask = os.umask(private_files.OTHERS)
    try:
        with failures_in_words():
            commands()
    finally:
        os.umask(umask)


@click.group(cls=AppGroup)
@click.pass_context
def commands(context: click.Context) -> None:
    """The billing portal: a partner's own Stripe account, plans and clients."""
    # The doctor also examines installations that the other commands refuse to start.
    opened = create_app if context.invoked_subcommand == "doctor" else open_app
    context.obj = ScriptInfo(create_app=lambda: opened(Settings.from_env(), work="job"), set_debug_flag=False)


commands.add_command(migration_commands)


@commands.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="The data folder, instead of PORTAL_DATA_DIR.")
@click.option("--sandbox", "with_sandbox", is_flag=True, help="Also start a stand-in for Stripe, to try the portal.")
@FORGET_SECRETS
def run(host: str, port: int, data: Path | None, *, with_sandbox: bool, forgets_secrets: bool) -> None:
    """Run everything in this terminal: migrations, web server and worker."""
    environment = environment_with(PORTAL_DATA_DIR=str(data) if data else None)
    if with_sandbox and data is None:
        # Keys and rows of the sandbox never mix with those of a real account.
        environment["PORTAL_DATA_DIR"] = f"{environment.get('PORTAL_DATA_DIR') or 'instance'}/sandbox"
    settings = Settings.from_env(environment)
    sys.exit(supervisor.run(settings, host, port, with_sandbox=with_sandbox, forgets_secrets=forgets_secrets))


@commands.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=web_server.WORKERS, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1), default=web_server.THREADS, show_default=True, help="For each process."
)
@FORGET_SECRETS
def serve(host: str, port: int, workers: int, threads: int, *, forgets_secrets: bool) -> None:
    """Run the web server."""
    settings = Settings.from_env()
    app = open_app(settings, forgets_secrets=forgets_secrets)
    if forgets_secrets:
        click.echo(forget_secrets(app), err=True)
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web_server.serve(app, bind, settings.log_format, workers=workers, threads=threads)


@commands.command("worker", with_appcontext=False)
def run_worker() -> None:
    """Run the background worker. Any number of them may run."""
    worker.work(supervisor.worker_app(Settings.from_env()))


@commands.command()
def tick() -> None:
    """Run every background job once, then end."""
    for job in JOBS:
        worker.run_job(current_app, job)
        click.echo(f"{job.name}: done")


@commands.command("setup-link")
@click.option("--address", help="Where people reach the portal, such as https://billing.example.com.")
def setup_link(address: str | None) -> None:
    """Print a one-time link for the first owner. It ends the links before it."""
    try:
        click.echo(new_setup_address(address or current_portal().settings.public_url or USUAL_ADDRESS))
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None


@commands.command()
def doctor() -> None:
    """Examine the installation: settings, files, database, Stripe, webhook. Exit code 1 when something is broken."""
    is_broken = False
    for finding in examine(current_portal()):
        is_broken = is_broken or finding.state == "fail"
        click.echo(f"{finding.state:4}  {finding.what}" + (f"  ->  {finding.advice}" if finding.advice else ""))
    sys.exit(1 if is_broken else 0)


@commands.command()
@click.option("--plan", "plans", multiple=True, metavar="NAME", help="A plan to rehearse; all for sale unless named.")
@click.option("--quick", "is_quick", is_flag=True, help="First invoice, use and renewal only.")
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the whole result here.")
def rehearse(plans: tuple[str, ...], file: Path | None, *, is_quick: bool) -> None:
    """Play clients' lives at Stripe in test mode and compare every figure.

    Exit code 0: passed. 1: something differs. 2: it could not run, or not everything could be proven.
    """
    try:
        sys.exit(rehearse_command.rehearse(current_portal(), plans, is_quick=is_quick, file=file, say=click.echo))
    except (PortalError, CannotOpen) as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)


@commands.command("verify-report", with_appcontext=False)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--public-key", help="The key of the portal that is said to have signed it, from its Settings.")
def verify_report(file: Path, public_key: str | None) -> None:
    """Check the report of a rehearsal: whether it is as it was signed. Needs no database.

    Exit code 0: unchanged. 1: changed, or signed by another portal. 2: it is no report.
    """
    code, lines = report_check.check_file(file, public_key)
    click.echo("\n".join(lines), err=code == report_check.NO_REPORT)
    sys.exit(code)


@commands.command()
@click.option("--client", "client_id", type=int, help="Only this client, by its number.")
@click.option("--repair/--dry-run", "is_repair", default=True, help="Store what is newer at Stripe, or change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(client_id: int | None, *, is_repair: bool, as_json: bool) -> None:
    """Compare every stored row with Stripe. Exit code 1 while something is left to do."""
    portal = current_portal()
    try:
        reports = audit_command.run_audits(portal, client_id, is_dry_run=not is_repair)
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(audit_command.as_json(reports) if as_json else audit_command.as_text(reports))
    sys.exit(0 if all(report.is_done for report in reports) else 1)


@commands.command(with_appcontext=False, context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Run the stand-in for Stripe alone; `billingportal sandbox --help` lists its options."""
    supervisor.become_sandbox(list(arguments))
