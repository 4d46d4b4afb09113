"""The verbs of the stock ledger; the only writer of its tables."""

from retail.inventory.services.adjusting import (
    REASONS,
    SCRAP_REASONS,
    adjust,
    count,
    scrap_held,
    set_level_reorder_point,
    set_reorder_point,
    set_safety_stock,
)
from retail.inventory.services.coming_back import SoldLine, picks_returned
from retail.inventory.services.counting import (
    Counted,
    cancel_count,
    count_again,
    enter_counts,
    find_none,
    finish_count,
    post_count,
    start_count,
)
from retail.inventory.services.expecting import expect
from retail.inventory.services.history import PastMove, book_past_moves
from retail.inventory.services.holding import (
    SET_ASIDE,
    Owner,
    Want,
    fulfil,
    put_back,
    release,
    release_expired,
    reserve,
    set_aside,
)
from retail.inventory.services.ledger import Document, Moved, Movement, move, post_stock, shift_levels, write_moves
from retail.inventory.services.limiting import Reach
from retail.inventory.services.lots import Named, Pick, named_in, numbers_in, picks_named, tracking_of
from retail.inventory.services.papers import new_key
from retail.inventory.services.receiving import receive, transfer
from retail.inventory.services.reckoning import (
    first_of_next,
    forget_months_from,
    keep_revenue,
    make_month,
    month_to_begin_with,
)
from retail.inventory.services.recounting import Difference, recount
from retail.inventory.services.repairing import Repair, repair
from retail.inventory.services.standing import make_standings
from retail.inventory.services.supplied import Supplied, change_costs, send_back
from retail.inventory.services.tracking import name_goods, set_policy, set_tracking, watch_expiry
from retail.inventory.services.transferring import (
    Arrival,
    call_back,
    cancel_transfer,
    receive_transfer,
    request_transfer,
    send,
    ship,
)

__all__ = [
    "REASONS",
    "SCRAP_REASONS",
    "SET_ASIDE",
    "Arrival",
    "Counted",
    "Difference",
    "Document",
    "Moved",
    "Movement",
    "Named",
    "Owner",
    "PastMove",
    "Pick",
    "Reach",
    "Repair",
    "SoldLine",
    "Supplied",
    "Want",
    "adjust",
    "book_past_moves",
    "call_back",
    "cancel_count",
    "cancel_transfer",
    "change_costs",
    "count",
    "count_again",
    "enter_counts",
    "expect",
    "find_none",
    "finish_count",
    "first_of_next",
    "forget_months_from",
    "fulfil",
    "keep_revenue",
    "make_month",
    "make_standings",
    "month_to_begin_with",
    "move",
    "name_goods",
    "named_in",
    "new_key",
    "numbers_in",
    "picks_named",
    "picks_returned",
    "post_count",
    "post_stock",
    "put_back",
    "receive",
    "receive_transfer",
    "recount",
    "release",
    "release_expired",
    "repair",
    "request_transfer",
    "reserve",
    "scrap_held",
    "send",
    "send_back",
    "set_aside",
    "set_level_reorder_point",
    "set_policy",
    "set_reorder_point",
    "set_safety_stock",
    "set_tracking",
    "shift_levels",
    "ship",
    "start_count",
    "tracking_of",
    "transfer",
    "watch_expiry",
    "write_moves",
]
