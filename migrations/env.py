"""Runs the migrations on the connection that the schema module, or the settings, give."""

from alembic import context
from sqlalchemy import Connection

from hemline.settings import get_settings
from hemline.store.database.columns import Base
from hemline.store.database.engine import Store
from hemline.store.tables import channels as channel_tables
from hemline.store.tables import clicks as click_tables
from hemline.store.tables import hosts as host_tables
from hemline.store.tables import loop as tables
from hemline.store.tables import review as review_tables
from hemline.store.tables import second_looks as second_look_tables
from hemline.store.tables import shadows as shadow_tables

FILLED_BY = (
    tables,
    review_tables,
    channel_tables,
    click_tables,
    host_tables,
    second_look_tables,
    shadow_tables,
)  # importing them puts their tables into Base.metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # `alembic revision --autogenerate` and `alembic check` in a checkout
    store = Store(get_settings().database)
    with store.session() as session:
        run(session.connection())
    store.dispose()
