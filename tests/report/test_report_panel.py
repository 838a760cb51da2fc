from smallset.report.panel import Panel, to_latex, to_markdown

ODD = Panel(
    title="a_b & 10 %",
    header=("method", "top-1 % [95 %]"),
    cells=(("x|y*z", "[1, 2]"), ("back\\slash <b> {c} #1 $2 ^3 ~4", "a\nb")),
    notes=("one_note.", "50 % of it."),
)


def test_markdown_is_a_heading_a_table_and_notes_with_every_name_as_it_is():
    assert to_markdown(ODD) == (
        "## a\\_b & 10 %\n\n"
        "| method | top-1 % [95 %] |\n|---|---:|\n"
        "| x\\|y\\*z | [1, 2] |\n"
        "| back\\\\slash \\<b> {c} #1 $2 ^3 ~4 | a b |\n\n"
        "- one\\_note.\n- 50 % of it.\n"
    )


def test_every_markdown_row_has_as_many_cells_as_its_header():
    rows = [line for line in to_markdown(ODD).splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}


def test_latex_is_a_booktabs_table_with_escaped_names():
    lines = to_latex(ODD).splitlines()
    assert lines[0] == r"\begin{table}"
    assert r"\caption{a\_b \& 10 \%. one\_note. 50 \% of it.}" in lines
    assert r"\begin{tabular}{lr}" in lines
    assert [x for x in lines if x.endswith("rule")] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert r"x\textbar{}y*z & {[}1, 2] \\" in lines
    assert (
        r"back\textbackslash{}slash \textless{}b\textgreater{} \{c\} \#1 \$2 \textasciicircum{}3 "
        r"\textasciitilde{}4 & a b \\"
    ) in lines


def test_a_row_never_begins_like_an_option_of_the_line_before():
    panel = Panel("t", ("a",), (("[5pt]",),), ())
    assert r"{[}5pt] \\" in to_latex(panel).splitlines()
