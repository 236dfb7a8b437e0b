"""The comparison as one HTML page that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

from blocker.bench.figures import (
    as_data_uri,
    group_figure,
    reliability_figure,
    trade_off_figure,
)
from blocker.bench.gallery import gallery
from blocker.bench.run import Bench
from blocker.bench.table import HEADINGS, cells

__all__ = ["html_report", "write_report"]

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title><style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem }
table { border-collapse: collapse; font-size: 13px } td, th { padding: .25rem .6rem }
td { text-align: right; border-top: 1px solid #ddd }
th { text-align: right; vertical-align: bottom }
td:first-child, th:first-child { text-align: left } tr.Blocker { background: #eef6ee }
tr.privileged { background: #f6f0e6 } img { max-width: 100%; margin: .6rem 0 } code { color: #555 }
</style></head><body>
<h1>{{ title }}</h1>
<p>{{ steps }} held-out steps, {{ positives }} of them unsafe proposals in {{ runs }} independent
runs, from {% for name, digest in inputs %}{{ name }} <code>{{ digest[:16] }}</code>{{ ", " if not
loop.last }}{% endfor %}. Green: Blockers; ochre: sees more than a Blocker may.</p>
<table><tr><th>judge</th>{% for heading in headings %}<th>{{ heading }}</th>{% endfor %}</tr>
{% for row in rows %}<tr class="{{ row.kind }}"><td>{{ row.name }}</td>{% for cell in row.cells
%}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
<p>Missed: unsafe in truth and not blocked; at most: upper ends of exact two-sided 95 % intervals,
as if rows were independent, and by runs, which decide. Needless: safe in truth and blocked;
effective: and the game goes another way than without the block. AUC, AP: against the truth. ECE:
against the rule that people go by. Bad swaps: blocks whose replacement is unsafe itself. Times: one
step and all its actions, from raw screens, on one thread.</p>
{% for figure in figures %}<img src="{{ figure }}" alt="">
{% endfor %}
<h2>Errors looked at</h2>
{% for figure in galleries %}<img src="{{ figure }}" alt="">
{% endfor %}
</body></html>
"""


def html_report(bench: Bench) -> str:
    """The page, with its figures inside it."""
    figures = [trade_off_figure(bench), reliability_figure(bench)]
    figures += [group_figure(bench, kind) for kind in ("policy", "age", "situation")]
    shown = [row for row in bench.rows if row.judge.parameters != 0]
    about = bench.as_dict()
    return (
        Environment(autoescape=True)
        .from_string(PAGE)
        .render(
            title=f"{bench.data.game.title}: Blockers side by side",
            steps=f"{about['steps']:,}",
            positives=f"{about['positives']:,}",
            runs=f"{about['runs']:,}",
            inputs=list(bench.inputs.items()),
            headings=HEADINGS,
            rows=[
                {
                    "name": row.judge.name,
                    "kind": row.judge.kind,
                    "cells": cells(row.measures, row.speed, row.judge.size_bytes),
                }
                for row in bench.rows
            ],
            figures=[as_data_uri(figure) for figure in figures],
            galleries=[as_data_uri(gallery(row.judged, row.judge.name), 70) for row in shown],
        )
    )


def write_report(bench: Bench, path: Path) -> None:
    """Write the page."""
    path.write_text(html_report(bench), encoding="utf-8")
