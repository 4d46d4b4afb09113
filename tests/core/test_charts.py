import io
import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from retail.core.charts import NARROW, Chart, Series, as_table, figure, parts, png, render
from retail.core.charts.scales import labels_shown, smooth_path, value_axis

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ["line", "bar", "grouped_bar", "horizontal_bar", "donut", "spark"]
HOURS = ["09:00", "10:00", "11:00"]


def pounds(value):
    return f"£{value:,.2f}"


def chart(kind="line", **changes):
    series = [Series("Today", [Decimal(10), Decimal("25.50"), None]), Series("Last week", [8, 12, 9], muted=True)]
    return Chart(
        **{"kind": kind, "title": "Sales by hour", "series": series, "labels": HOURS, "format": pounds} | changes
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", ["css", "light"])
def test_every_kind_is_well_formed_and_needs_no_inline_style(kind, theme):
    text = str(render(chart(kind), theme))
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Sales by hour"
    assert root.get("viewBox")
    assert not [each for each in root.iter() if {"style", "onclick"} & set(each.keys())]
    assert "<style" not in text
    assert "<script" not in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_colors_follow_the_page_or_are_written_out(kind):
    assert "var(--chart-1" in render(chart(kind), "css")
    assert "var(" not in render(chart(kind), "light")


def test_every_mark_says_its_values_to_pointer_and_plain_browser():
    root = ET.fromstring(str(render(chart("bar"))))
    marks = [each for each in root.iter(f"{SVG}g") if each.get("data-tip")]
    assert [mark.get("data-tip") for mark in marks] == [
        "09:00\nToday: £10.00\nLast week: £8.00",
        "10:00\nToday: £25.50\nLast week: £12.00",
        "11:00\nToday: –\nLast week: £9.00",
    ]
    assert [mark.find(f"{SVG}title").text for mark in marks] == [mark.get("data-tip") for mark in marks]


def test_what_people_typed_cannot_become_markup():
    evil = '"><script>alert(1)</script>'
    drawn = str(figure(chart(title=evil, series=[Series(evil, [1, 2, 3])], labels=[evil, "b", "c"])))
    assert "<script" not in drawn
    ET.fromstring(drawn)


def test_the_table_has_the_same_numbers():
    table = as_table(chart())
    assert table.headers == ("", "Today", "Last week")
    assert table.rows == (("09:00", "£10.00", "£8.00"), ("10:00", "£25.50", "£12.00"), ("11:00", "–", "£9.00"))
    page = str(figure(chart()))
    assert all(cell in page for row in table.rows for cell in row)


def test_a_page_gets_a_drawing_for_the_phone_whose_words_are_legible_there():
    root = ET.fromstring(str(figure(chart())))
    svg = root.find(f"./div[@class='chart-narrow']/{SVG}svg")
    assert svg.get("viewBox").split()[2] == str(NARROW)
    assert min(float(each.get("font-size")) for each in svg.iter(f"{SVG}text")) >= 11


def bars(kind, values, labels):
    root = ET.fromstring(str(render(chart(kind, series=[Series("Net", values)], labels=labels))))
    return [each.get("d") for each in root.iter(f"{SVG}path") if each.get("class") == "chart-bar"]


def extent(path):
    numbers = re.findall(r"[MVHQ]?(-?[\d.]+)(?: (-?[\d.]+))?", path)
    start = float(re.match(r"M[\d.]+ ([\d.]+)", path)[1])
    ys = [float(y) for _x, y in numbers if y] + [float(y) for y in re.findall(r"V(-?[\d.]+)", path)]
    return start, min(ys), max(ys)


def test_bars_are_as_high_as_their_values_and_losses_hang_below():
    up, twice, down = (extent(path) for path in bars("bar", [10, 20, -10], HOURS))
    zero = up[0]
    assert twice[0] == down[0] == zero
    assert zero - twice[1] == pytest.approx(2 * (zero - up[1]), abs=0.3)
    assert down[2] - zero == pytest.approx(zero - up[1], abs=0.3)
    assert down[1] == zero


def test_a_gap_in_the_values_is_a_gap_in_the_line():
    root = ET.fromstring(str(render(chart(series=[Series("S", [1, 2, None, 4, 5])], labels=list("abcde")))))
    assert len([each for each in root.iter(f"{SVG}path") if each.get("class") == "chart-stroke"]) == 2


def test_many_slices_end_in_a_rest_and_the_middle_has_the_sum():
    many = chart("donut", series=[Series("S", [Decimal(each) for each in range(1, 11)])], labels=list("abcdefghij"))
    text = str(render(many))
    assert "Other: £15.00 (27%)" in text
    assert ">£55.00<" in text
    assert text.count("data-tip") == 6


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_zeros_and_one_value_are_drawn_too(kind):
    for values in ([], [0, 0], [5], [None, None]):
        drawn = chart(kind, series=[Series("S", values)], labels=[str(each) for each in range(len(values))])
        ET.fromstring(str(render(drawn)))
    assert "Nothing to show yet" in render(chart(kind, series=[Series("S", [])], labels=[])) or kind == "spark"


def test_what_cannot_be_drawn_is_refused_by_name():
    with pytest.raises(ValueError, match="Today has 2 values for 3 labels"):
        chart(series=[Series("Today", [1, 2])])
    with pytest.raises(ValueError, match="negative"):
        chart("donut", series=[Series("S", [1, -2, 3])])


@settings(deadline=None)
@given(st.lists(st.decimals(-(10**9), 10**9, places=4).map(float), max_size=30))
def test_an_axis_holds_all_values_with_few_round_ticks(values):
    axis = value_axis(values)
    assert 2 <= len(axis.ticks) <= 8
    assert all(-1e-8 <= axis.share(value) <= 1 + 1e-8 for value in values)
    assert 0 in axis.ticks
    steps = {
        round((b - a) / (axis.ticks[1] - axis.ticks[0]), 6) for a, b in zip(axis.ticks, axis.ticks[1:], strict=False)
    }
    assert steps == {1.0}


@settings(deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=3, max_size=20))
def test_a_smooth_line_never_goes_beyond_its_values(heights):
    path = smooth_path([(index * 10.0, height) for index, height in enumerate(heights)])
    ys = [float(y) for y in re.findall(r"-?[\d.]+ (-?[\d.]+)", path)]
    assert min(heights) - 0.1 <= min(ys)
    assert max(ys) <= max(heights) + 0.1


def test_labels_are_thinned_until_they_fit():
    labels = [f"{day} November" for day in range(1, 31)]
    assert labels_shown(labels, 12, 10_000) == list(range(30))
    few = labels_shown(labels, 12, 400)
    assert 2 <= len(few) <= 6


def test_a_chart_can_be_a_picture_for_a_mail():
    image = Image.open(io.BytesIO(png(chart(), ppi=96)))
    assert image.format == "PNG"
    assert 640 <= image.width <= 670
    colors = {color for _count, color in image.convert("RGB").getcolors(1_000_000)}
    assert (0x0E, 0x7C, 0x6B) in colors


def test_words_are_taken_out_for_typst_which_shapes_every_script():
    taken = parts(chart(labels=["चाय", "شاي", "<b> & tea"]))
    assert "<text" not in taken["svg"]
    assert {"चाय", "شاي", "<b> & tea"} <= {word["text"] for word in taken["words"]}
    ET.fromstring(taken["svg"])
