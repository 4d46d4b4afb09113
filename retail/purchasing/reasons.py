"""Why so many are ordered: every figure of a proposal in words, in the language of whoever reads it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from retail.core import shown
from retail.purchasing.models import OrderProposal


def reasons(proposal: OrderProposal) -> list[tuple[str, str]]:
    """Pairs of what a figure is and how it came to be, in the order in which it is reckoned."""
    figures = proposal.figures
    found: list[tuple[object, object]] = [(_("There and coming"), _position(proposal))]
    if figures["kind"] == "min_max":
        found.append((_("Rule"), _("Somebody set a smallest and a largest quantity; the forecast does not decide.")))
    elif not figures["forecast"]:
        found.append((_("Forecast"), _("It has not sold lately, so there is none; only what somebody set counts.")))
    else:
        found += [
            (_("Forecast"), _demand(figures)),
            (_("Delivery"), _lead(figures)),
            (_("Safety stock"), _safety(figures)),
        ]
    found.append((_("Reorder at"), _point(proposal)))
    found.append((_("Order up to"), _up_to(proposal)))
    found.append((_("Order"), _quantity(proposal)))
    return [(str(label), str(text)) for label, text in found]


def _number(value: Any) -> str:
    return shown.quantity(Decimal(str(value)))


def _position(one: OrderProposal) -> object:
    text = _("%(n)s are on hand", n=_number(one.on_hand))
    if one.incoming:
        text = _(
            "%(n)s are on hand and %(m)s are ordered already: %(sum)s in all",
            n=_number(one.on_hand),
            m=_number(one.incoming),
            sum=_number(one.on_hand + one.incoming),
        )
    if one.cover_days is None:
        return text + "."
    return text + ngettext("; they last %(num)s day.", "; they last %(num)s days.", one.cover_days)


def _demand(figures: dict[str, Any]) -> object:
    text = _("About %(n)s a day are expected to sell", n=_number(figures["a_day"]))
    if figures["error"] is None:
        return text + _("; how far that is off is not known yet, so chance alone is allowed for.")
    return text + _("; over four weeks that is usually off by %(share)s.", share=shown.percent(figures["error"], 0))


def _lead(figures: dict[str, Any]) -> object:
    if figures["measured"]:
        return ngettext(
            "It takes %(days)s days, give or take %(spread)s, measured on %(num)s delivery.",
            "It takes %(days)s days, give or take %(spread)s, measured on the last %(num)s deliveries.",
            figures["measured"],
            days=_number(figures["lead_days"]),
            spread=_number(figures["lead_spread"]),
        )
    return _(
        "The supplier says %(days)s days, give or take %(spread)s; too few deliveries have come to measure it.",
        days=_number(figures["lead_days"]),
        spread=_number(figures["lead_spread"]),
    )


def _safety(figures: dict[str, Any]) -> object:
    return _(
        "%(n)s more, so that %(share)s of deliveries come in time, though forecast and delivery are not exact.",
        n=_number(figures["safety"]),
        share=shown.percent(figures["service_level"]),
    )


def _point(one: OrderProposal) -> object:
    figures = one.figures
    if figures["kind"] == "min_max" or not figures["forecast"]:
        return _("%(n)s, as somebody set it.", n=_number(one.reorder_point))
    if figures["floor"] is not None and Decimal(figures["floor"]) == one.reorder_point:
        return _("%(n)s: somebody set it higher than the forecast asks for.", n=_number(one.reorder_point))
    return _(
        "%(point)s: %(sells)s sell until a delivery ordered tomorrow is here, and %(safety)s are kept for safety.",
        point=_number(one.reorder_point),
        sells=_number(figures["sells_meanwhile"]),
        safety=_number(figures["safety"]),
    )


def _up_to(one: OrderProposal) -> object:
    figures = one.figures
    if figures["ceiling"] is not None and Decimal(figures["ceiling"]) == one.order_up_to:
        return _("%(n)s, the most that somebody allows.", n=_number(one.order_up_to))
    if not figures["forecast"]:
        return _("%(n)s.", n=_number(one.order_up_to))
    return _(
        "%(top)s: enough until the delivery after the next, %(days)s days later, in which %(sells)s sell in all.",
        top=_number(one.order_up_to),
        days=_number(figures["review_days"]),
        sells=_number(figures["sells_until_next"]),
    )


def _quantity(one: OrderProposal) -> object:
    missing = one.order_up_to - one.on_hand - one.incoming
    figures = one.figures
    if one.quantity == missing:
        return _("%(n)s are missing.", n=_number(missing))
    pack, least = Decimal(figures["pack"]), Decimal(figures["minimum"])
    if least > missing:
        return _(
            "%(n)s: %(missing)s are missing, the supplier sells at least %(least)s in packs of %(pack)s.",
            n=_number(one.quantity),
            missing=_number(missing),
            least=_number(least),
            pack=_number(pack),
        )
    return _(
        "%(n)s: %(missing)s are missing, in packs of %(pack)s.",
        n=_number(one.quantity),
        missing=_number(missing),
        pack=_number(pack),
    )
