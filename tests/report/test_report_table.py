import math

from smallset.evidence import Interval, Rank
from smallset.report.table import (
    Heading,
    Named,
    Table,
    table_of,
    write_csv,
    write_html,
    write_latex,
    write_markdown,
)  # fmt: skip

ODD = Table(
    title="a_b & 10 %",
    columns=(Heading("method"), Heading("top-1 % [95 %]")),
    rows=(("x|y*z", "[1, 2]"), ("back\\slash <b> {c} #1 $2 ^3 ~4", "a\nb")),
    notes=("one_note.", "50 % of it."),
)


def test_markdown_is_a_heading_a_table_and_notes_with_every_name_as_it_is():
    assert write_markdown(ODD) == (
        "## a\\_b & 10 %\n\n"
        "| method | top-1 % [95 %] |\n|---|---:|\n"
        "| x\\|y\\*z | [1, 2] |\n"
        "| back\\\\slash \\<b> {c} #1 $2 ^3 ~4 | a b |\n\n"
        "- one\\_note.\n- 50 % of it.\n"
    )


def test_latex_is_a_booktabs_table_with_escaped_names():
    lines = write_latex(ODD).splitlines()
    assert lines[0] == r"\begin{table}"
    assert r"\caption{a\_b \& 10 \%. one\_note. 50 \% of it.}" in lines
    assert r"\begin{tabular}{lr}" in lines
    assert [x for x in lines if x.endswith("rule")] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert r"x\textbar{}y*z & {[}1, 2] \\" in lines
    assert (
        r"back\textbackslash{}slash \textless{}b\textgreater{} \{c\} \#1 \$2 \textasciicircum{}3 "
        r"\textasciitilde{}4 & a b \\"
    ) in lines
    # a row that begins with a bracket would be an option of the line break before it
    assert r"{[}5pt] \\" in write_latex(Table("", (Heading("a"),), (("[5pt]",),))).splitlines()


def interval(mean, half, n=3):
    return Interval(mean, half, mean - half, mean + half, n, half / 2)


KINDS = Table(
    "kinds",
    (Heading("name"), Heading("top1", "interval"), Heading("gain", "points", ""),
     Heading("bits", "measure"), Heading("share", "share"), Heading("worst", "named share"),
     Heading("lrs", "score"),
     Heading("bytes", "bytes"), Heading("n", "count"), Heading("ratio", "ratio"), Heading("p", "p"),
     Heading("rank", "rank")),
    (
        ("a", interval(0.5, 0.125), interval(0.25, 0.125), interval(1.5, 0.25), 0.125,
         Named(0.25, "bee"), 0.2689, 1234.5, 1234, 20.0, 0.0021, Rank(1, 2)),
        ("b", interval(0.5, math.nan, 1), None, interval(12345.678, math.nan), None, None, None,
         None, None, 0.0199, None, Rank(3, 3)),
    ),
)  # fmt: skip


def test_each_kind_has_its_way_to_be_read_by_people():
    assert KINDS.cells == (
        ("a", "50.0 [37.5, 62.5]", "+25.0 [12.5, 37.5]", "1.5 [1.25, 1.75]", "12.5", "25.0 (bee)",
         "0.269", "1,234", "1,234", "20.0", "0.0021", "1-2"),
        ("b", "50.0 (one run)", "", "1.235e+04", "-", "-", "-", "-", "-", "0.02", "-", "3"),
    )  # fmt: skip


def test_a_csv_holds_every_part_in_full_and_nothing_for_what_is_unknown():
    head, first, second = write_csv(KINDS).splitlines()
    assert head == (
        "name,top1,top1_low,top1_high,top1_std,gain,gain_low,gain_high,bits,bits_low,bits_high,share,"
        "worst,worst_top1,lrs,bytes,n,ratio,p,rank_best,rank_worst"
    )
    assert first == (
        "a,0.5,0.375,0.625,0.0625,0.25,0.125,0.375,1.5,1.25,1.75,0.125,bee,0.25,0.2689,1234.5,1234,"
        "20.0,0.0021,1,2"
    )
    assert second == "b,0.5,,,,,,,12345.678,,,,,,,,,0.0199,,3,3"


def test_html_is_a_table_with_escaped_names():
    assert write_html(ODD) == (
        "<h2>a_b &amp; 10 %</h2>\n<table>\n"
        "<thead><tr><th>method</th><th>top-1 % [95 %]</th></tr></thead>\n<tbody>\n"
        "<tr><td>x|y*z</td><td>[1, 2]</td></tr>\n"
        "<tr><td>back\\slash &lt;b&gt; {c} #1 $2 ^3 ~4</td><td>a\nb</td></tr>\n"
        "</tbody>\n</table>\n<ul><li>one_note.</li><li>50 % of it.</li></ul>\n"
    )


def test_a_column_comes_with_what_reads_its_values():
    made = table_of("t", ["ape", "bee"], [(Heading("length", "count"), len)], ["three each"])
    assert (made.header, made.cells, made.notes) == (("length",), (("3",), ("3",)), ("three each",))
