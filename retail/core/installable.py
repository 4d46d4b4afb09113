"""The program on the start screen of a phone: manifest, service worker, and the page shown without a network.

The worker keeps static files, which carry their fingerprint, and nothing else. Pages hold what people sold and earned;
they come from the network or not at all, so a shared device never shows what somebody else looked at.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from flask import Flask, current_app, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retail.core.module import registry_of
from retail.core.shell import asset
from retail.permissions import PUBLIC

KEPT = ("*.svg", "css/*.css", "js/*.js", "vendor/*.js")
"""What the worker fetches when it is installed: enough to draw any page, were there data."""
OFFLINE_PAGE = "core/offline.html"
SHORTCUTS = ("till.sell", "orders.order_list", "catalog.product_list", "inventory.levels")
"""Pages one reaches by holding the icon."""


def _kept_files() -> list[str]:
    folder = Path(str(current_app.static_folder))
    names = sorted({path.relative_to(folder).as_posix() for pattern in KEPT for path in folder.glob(pattern)})
    return [asset(name) for name in names]


def _manifest() -> Response:
    """What a phone asks before it puts the program on its screen, in the reader's language."""
    labels = {item.endpoint: str(item.label) for item in registry_of(current_app).menu}
    icons: list[dict[str, Any]] = [
        {"src": asset("favicon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": asset("icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": asset("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": asset("icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    shortcuts = [
        {
            "name": labels[endpoint],
            "url": url_for(endpoint),
            "icons": [{"src": asset("icon-192.png"), "sizes": "192x192", "type": "image/png"}],
        }
        for endpoint in SHORTCUTS
        if endpoint in labels
    ]
    told = {
        "id": "/",
        "name": "Counterfoil",
        "short_name": "Counterfoil",
        "description": str(_("Till, stock, books and reports of your shop.")),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f6f4",
        "theme_color": "#0b6b5d",
        "categories": ["business", "shopping"],
        "icons": icons,
        "shortcuts": shortcuts,
    }
    body = json.dumps(told, ensure_ascii=False)
    return Response(body, mimetype="application/manifest+json", headers={"Cache-Control": "no-cache"})


def _worker() -> Response:
    """The service worker; its text changes with any static file, which is how browsers notice a new version."""
    files = [*_kept_files(), url_for("core_offline")]
    page = Path(str(current_app.root_path), str(current_app.template_folder), OFFLINE_PAGE).read_bytes()
    version = hashlib.sha256("\n".join(files).encode() + page).hexdigest()[:12]
    source = (Path(str(current_app.static_folder)) / "js" / "service-worker.js").read_text(encoding="utf-8")
    body = source.replace('"VERSION"', json.dumps(version)).replace('["FILES"]', json.dumps(files))
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return Response(body, mimetype="text/javascript", headers=headers)


def _offline() -> Response:
    return Response(render_template(OFFLINE_PAGE), mimetype="text/html", headers={"Cache-Control": "no-cache"})


def init_app(app: Flask) -> None:
    """Put the manifest, the worker and its one page at the root, whose scope is the whole program."""
    registry_of(app).needs.update({"core_manifest": PUBLIC, "core_worker": PUBLIC, "core_offline": PUBLIC})
    app.add_url_rule("/manifest.json", "core_manifest", _manifest)
    app.add_url_rule("/service-worker.js", "core_worker", _worker)
    app.add_url_rule("/offline", "core_offline", _offline)
