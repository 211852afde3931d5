"""`rollbook`: what an operator does to a running product. Each group loads its module when it is used."""

import logging
import os
import sys
from importlib import import_module

from cyclopts import App

app = App(name="rollbook", help=__doc__)
app.command("infra.operator.status:status", help="How services stand: log, relay, consumers, leaders.")
app.command("infra.operator.migrations:migrate", help="Run migrations.")
app.command("infra.operator.views:app", name="views", help="Builds of read models.")
app.command("infra.operator.parked:app", name="parked", help="Events that could not be handled.")
app.command("infra.operator.generations:app", name="generation", help="Which history a service writes.")
app.command("infra.operator.reactions:app", name="reactions", help="Where reactions start.")
app.command("infra.operator.audit:app", name="audit", help="What operators did.")
app.command("infra.operator.tokens:app", name="operator", help="Who may use the operator API.")
app.command("infra.operator.tenants:app", name="tenants", help="Schools as customers: suspend, reinstate.")
app.command("infra.operator.keys:app", name="keys", help="What access tokens are signed with.")
app.command("infra.operator.users:app", name="users", help="Users of another system.")
app.command("infra.operator.relay:app", name="relay", help="What was published.")
app.command("infra.operator.events:app", name="events", help="What services remember.")
app.command("infra.operator.doctor:doctor", help="Whether what services stand on is safe.")
app.command("infra.operator.hash_chain:app", name="chain", help="Tamper-evident history.")

STOPPED = 130
"""As of a program that Ctrl-C ended."""


def main() -> None:
    """Ends with 0, or with a sentence and another status."""
    for noisy in ("aiokafka", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)
    try:
        app(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except Exception as error:  # an operator hears a sentence, whatever a command met
        if os.environ.get("ROLLBOOK_TRACEBACK"):
            raise
        import_module("infra.operator.access").refuse(import_module("infra.operator.failing").sentence_of(error))


if __name__ == "__main__":
    main()
