"""`rollbook`: what an operator does to a running product. Each group loads its module when it is used."""

from cyclopts import App

app = App(name="rollbook", help=__doc__)
app.command("infra.operator.migrations:migrate", help="Run migrations.")
app.command("infra.operator.views:app", name="views", help="Builds of read models.")
app.command("infra.operator.parked:app", name="parked", help="Events that could not be handled.")
app.command("infra.operator.generations:app", name="generation", help="Which history a service writes.")
app.command("infra.operator.reactions:app", name="reactions", help="Where reactions start.")
app.command("infra.operator.hash_chain:app", name="chain", help="Tamper-evident history.")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
