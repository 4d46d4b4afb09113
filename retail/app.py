"""The application: which modules there are, bottom layer first, and how they are put together."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any, cast

import jinja2
from flask import Flask, request
from flask_compress import Compress
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import configure_mappers
from werkzeug.middleware.proxy_fix import ProxyFix

import config as settings
import retail.events  # noqa: F401  declares every event before any module listens
from retail import (
    catalog,
    customers,
    finance,
    identity,
    integrations,
    intelligence,
    inventory,
    labels,
    lists,
    notifications,
    operations,
    orders,
    payments,
    pricing,
    purchasing,
    reports,
    tenancy,
    till,
)
from retail.core import (
    audit,
    blocks,
    chain,
    db,
    files,
    history,
    html,
    installable,
    language,
    logs,
    mail,
    module,
    numbers,
    observing,
    queue,
    rate_limits,
    saved_lists,
    schedules,
    screens,
    search,
    secrets,
    shell,
    shown,
    tasks,
    troubles,
    wall,
)
from retail.core import tenancy as fence
from retail.core.search import models as search_models
from retail.identity.identification import identify
from retail.identity.sessions import person_numbered

MODULES: list[ModuleType] = [
    tenancy,
    identity,
    finance,
    catalog,
    customers,
    pricing,
    inventory,
    payments,
    intelligence,
    orders,
    purchasing,
    labels,
    till,
    integrations,
    notifications,
    operations,
    reports,
    lists,
]
CORE_MODELS = (
    audit,
    blocks,
    chain,
    rate_limits,
    files,
    mail,
    numbers,
    saved_lists,
    search_models,
    tasks,
    schedules,
    troubles,
)
"""Parts of the core that have tables of their own; loaded whether or not a module uses them."""
csrf = CSRFProtect()
COMPRESSED = {
    "COMPRESS_ALGORITHM": ["br", "gzip"],
    "COMPRESS_ALGORITHM_STREAMING": ["br", "deflate"],
}
"""Ways to make pages and files small that browsers know, best first; streams are compressed piece by piece."""
SIGNED_BY_OTHERS = ("notifications.sms_status",)
"""What other programs send: no page of ours gave them a token; each view checks their signature instead."""


class Counterfoil(Flask):
    """The application. A view that collides with another request's unique key is run once more, when it can see the
    other's rows: of two presses of Pay in one instant, the second then finds the sale."""

    def dispatch_request(self) -> Any:
        try:
            return super().dispatch_request()
        except IntegrityError:
            if request.method not in module.WRITES:
                raise
            db.session.rollback()
            return super().dispatch_request()


def create_app(config: settings.Config | None = None, *, serves_sockets: bool = False, **overrides: Any) -> Flask:
    """Make the application from checked settings; nothing is connected to until it is needed."""
    config = config or settings.load_or_exit()
    app = Counterfoil("retail", root_path=str(settings.ROOT), template_folder="templates", static_folder="static")
    app.config.update(config.flask_settings())
    app.config["SERVES_SOCKETS"] = serves_sockets
    app.config.update(COMPRESSED)
    app.config.update(overrides)
    # What is asked first is done last: when everybody else is through with an answer.
    Compress(app)
    logs.set_up(config.log_level, config.log_format)
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    secrets.load_keys(app.config["SECRET_KEY"], *app.config["SECRET_KEY_FALLBACKS"])
    key_file = app.config["SECRET_KEY_FILE"]
    secrets.watch(Path(key_file) if key_file else None, *app.config["SECRET_KEY_FALLBACKS"])
    db.init_app(app)
    Migrate(app, db.db, directory=str(settings.ROOT / "migrations"), render_as_batch=True, metadata=db.Model.metadata)
    fence.init_app(app)
    wall.init_app(app)
    audit.init_app(app)
    language.init_app(app)
    html.htmx.init_app(app)
    observing.init_app(app)
    module.init_app(app, identify, person_numbered)
    rate_limits.init_app(app)
    module.init_guard(app)
    csrf.init_app(app)
    queue.init_app(app)
    screens.init_app(app)
    blocks.init_app(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    shown.init_app(app)
    shell.init_app(app)
    installable.init_app(app)
    history.init_app(app)
    for one in MODULES:
        cast(module.Module, one.module).open(app)
    for name in SIGNED_BY_OTHERS:
        csrf.exempt(app.view_functions[name])
    search.init_app(app)
    configure_mappers()
    fence.pair_tenant_keys(db.Model.metadata)
    return app
