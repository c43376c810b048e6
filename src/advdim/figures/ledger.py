"""Claims and verdicts as tables: for a study, for all of them, and at a glance."""

from collections.abc import Hashable, Iterable, Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd
from IPython.display import HTML, Markdown, display
from markupsafe import Markup

from advdim.figures.display import number, table, verdict
from advdim.ledger.claims import Claim, Claims, Study
from advdim.reports.page import PROVENANCE_MARK
from advdim.reports.prose import inline

OUTCOMES = ("reproduced", "deviates", "erratum", "needs")
LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "pandas", "snakemake", "dvc")


def verdict_table(claims: Claims, verdicts: pd.DataFrame, *, anchor: str) -> None:
    """Show verdict, scale and finding of each claim that this run can judge, with a link to its row of the ledger.

    Args:
        claims: the sources' claims.
        verdicts: one row a claim, see `advdim.ledger.verdict.Verdict`.
        anchor: id of the table.
    """
    rows = verdicts[verdicts["verdict"] != "needs"]
    shown = pd.DataFrame(
        {
            "claim": rows["claim"],
            "the source claims": [claims.by_id(claim).statement for claim in rows["claim"]],
            "verdict": rows["verdict"],
            "scale, and what was found": pd.Series(map(_at_scale, rows.to_dict("records")), rows.index, object),
        }
    )
    table(
        shown,
        anchor=anchor,
        caption=f"{len(rows)} of {len(verdicts)} claims can be judged at this scale. The others are in the ledger, "
        "with what they need. A verdict holds for the scale named beside it: one reached at laptop scale can change at "
        "the source's own.",
        formats={"claim": Markup('<a href="ledger.html#{0}">{0}</a>').format, "verdict": verdict},
    )


def count_table(claims: Claims, verdicts: pd.DataFrame) -> None:
    """Show how many claims of each study have which verdict."""
    study = verdicts["claim"].map(lambda claim: claims.by_id(claim).study)
    counts = pd.crosstab(study, verdicts["verdict"]).reindex(columns=list(OUTCOMES), fill_value=0)
    counts = counts.reindex([source.key for source in claims.sources])
    shown = counts.reset_index().rename(columns={"claim": "study"})
    link = {"study": Markup('<a href="{0}.html">{0}</a>').format}
    table(shown, anchor="counts", caption="Claims by study and verdict, at the scale of this run.", formats=link)


def claims_of_study(claims: Claims, verdicts: pd.DataFrame, study: Study) -> None:
    """Show every claim of a study: the source's value, ours with its interval, the verdict and the figure."""
    source = next(source for source in claims.sources if source.key == study)
    rows = {str(row["claim"]): row for row in verdicts.to_dict("records")}
    cited = f"{source.authors} ({source.year}), *{source.title}*, arXiv {source.arxiv}."
    cards = [_card(claim, rows[claim.id]) for claim in claims.claims if claim.study == study]
    display(Markdown(cited), HTML(Markup("\n").join(cards)))  # type: ignore[no-untyped-call]


def not_run(parts: Iterable[Mapping[str, str]]) -> None:
    """Tell what was left out, because something is not at hand; nothing where all ran."""
    _list(f"Not run: experiment `{part['experiment']}` ({part['what']}) needs {part['needs']}." for part in parts)


def recorded(origins: Iterable[Mapping[str, str | int]]) -> None:
    """Tell which results were recorded by another commit or machine; nothing where this run made all."""
    _list(
        f"{origin['results']} results were read from records: commit {origin['commit']}; {origin['machine']}."
        for origin in origins
    )


def errata(claims: Claims) -> None:
    """Tell each erratum: what the source says, and what is right."""
    told = [f"**{claim.id}** ({claim.where}). {claim.erratum}" for claim in claims.claims if claim.erratum]
    display(Markdown("\n\n".join(told)))  # type: ignore[no-untyped-call]


def provenance(scale: str) -> None:
    """Show scale and library versions; the publication fills in commit and machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(*row)
        for row in (("Configuration", scale), ("Libraries", versions))
    )
    display(  # type: ignore[no-untyped-call]
        HTML(f'<div class="scroll"><table id="provenance"><tbody>{rows}{PROVENANCE_MARK}</tbody></table></div>')  # type: ignore[no-untyped-call]
    )


def _list(sentences: Iterable[str]) -> None:
    """Show sentences as a list; nothing where there are none."""
    told = "\n".join(f"- {sentence}" for sentence in sentences)
    if told:
        display(Markdown(told))  # type: ignore[no-untyped-call]


def _at_scale(found: dict[Hashable, Any]) -> Markup:
    """What was found, below the scale at which it was."""
    return Markup('<span class="scale">Scale: {}</span>{}').format(found["scale"], found["found"])


def _card(claim: Claim, found: dict[Hashable, Any]) -> Markup:
    """One claim as an article whose id is that of the claim."""
    needs = found["verdict"] == "needs"
    facts = {
        "The source's value": claim.source_value,
        "Ours": _ours(claim, found),
        "It takes" if needs else "Found": found["found"],
        "Scale": found["scale"],
        "Erratum": Markup(inline(claim.erratum or "")),  # noqa: S704
        "Rule": Markup(inline(claim.rule)),  # noqa: S704
        "Margin": _margin(claim.margin),
        "Figure": _link(str(found["figure"])),
    }
    listed = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(name, fact) for name, fact in facts.items() if fact
    )
    return Markup(
        '<article class="claim" id="{id}">\n<h3>{id} {verdict}</h3>\n<p>{statement} '
        '<span class="where">({where})</span></p>\n<dl>{listed}</dl>\n</article>'
    ).format(
        id=claim.id, verdict=verdict(str(found["verdict"])), statement=claim.statement, where=claim.where, listed=listed
    )


def _margin(margin: float | Mapping[str, float] | None) -> Markup | str:
    """The number that the rule calls the margin, or those that it calls by names."""
    if not isinstance(margin, Mapping):
        return "" if margin is None else number(margin)
    told = (Markup("<code>{}</code> {}").format(name, number(value)) for name, value in margin.items())
    return Markup(", ").join(told)


def _ours(claim: Claim, found: dict[Hashable, Any]) -> Markup | str:
    """Our value with its interval, and the name of what was estimated."""
    interval = _interval(found)
    return Markup('{} <span class="where">({})</span>').format(interval, claim.estimate) if interval else interval


def _interval(found: dict[Hashable, Any]) -> Markup | str:
    if found["value"] != found["value"]:
        return ""
    if found["low"] != found["low"]:
        return number(found["value"])
    return Markup("{} [{}, {}]").format(*(number(found[name]) for name in ("value", "low", "high")))


def _link(figure: str) -> Markup | str:
    return Markup('<a href="{}">{}</a>').format(figure, figure.partition("#")[2]) if figure else ""
