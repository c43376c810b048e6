"""How the ledger shows a claim, and how the pages list verdicts."""

from pathlib import Path

import pandas as pd
import pytest
from markupsafe import Markup

from advdim.figures import display, ledger
from advdim.ledger.claims import Claims, Study, load_claims

CLAIMS = load_claims(Path(__file__).parents[2] / "config" / "claims.yaml")


UNJUDGED = {"verdict": "needs", "found": "a longer run", "scale": "", "figure": "", "value": float("nan")}


def cards(
    claims: Claims, monkeypatch: pytest.MonkeyPatch, study: Study = "spheres", **changes: object
) -> dict[str, str]:
    """The article of each claim of a study, all with one verdict: none unless it is changed."""
    seen: list[str] = []
    monkeypatch.setattr(ledger, "display", lambda _, articles: seen.append(articles.data))
    verdicts = pd.DataFrame([{"claim": claim.id} | UNJUDGED | changes for claim in claims.claims])
    ledger.claims_of_study(claims, verdicts, study)
    articles = seen[0].split("<article")[1:]
    of_study = [claim.id for claim in claims.claims if claim.study == study]
    return dict(zip(of_study, articles, strict=True))


def test_margins_are_shown_with_the_names_that_the_rule_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    card = cards(CLAIMS, monkeypatch)["S04"]
    assert "within <code>distance</code> of 0.0796" in card
    assert "<dt>Margin</dt><dd><code>distance</code> 0.02, <code>norm</code> 0.02</dd>" in card


def test_a_single_margin_has_no_name_and_a_claim_without_one_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = CLAIMS.model_copy(
        update={
            "claims": [
                claim.model_copy(update={"margin": None, "rule": "a < b"}) if claim.id == "S01" else claim
                for claim in CLAIMS.claims
            ]
        }
    )
    shown = cards(claims, monkeypatch)
    assert "<dt>Margin</dt><dd>0.04</dd>" in shown["S02"]
    assert "Margin" not in shown["S01"]
    assert "<dd>a &lt; b</dd>" in shown["S01"]


def test_our_value_stands_beside_the_name_of_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = {"verdict": "reproduced", "found": "It holds.", "scale": "small", "value": 0.96, "low": 0.91, "high": 0.99}
    shown = cards(CLAIMS, monkeypatch, "tilting", **judged)
    of_share = shown["T01"].partition("<dt>Ours</dt>")[2].partition("</dd>")[0]
    assert of_share.startswith('<dd>0.96 [0.91, 0.99] <span class="where">(share of the pictures that reach')
    assert "two-sided one of 90 %, so that its lower end is the one-sided 95 % bound" in of_share
    for claim in CLAIMS.claims:
        if claim.study == "tilting":
            assert str(Markup.escape(claim.estimate)) in shown[claim.id]
    assert "<dt>Ours</dt>" not in cards(CLAIMS, monkeypatch, "tilting")["T01"]


@pytest.fixture
def verdict_rows(monkeypatch: pytest.MonkeyPatch) -> str:
    """The table of a claim that was judged and of one that was not."""
    seen: list[str] = []
    monkeypatch.setattr(display, "display", lambda html: seen.append(html.data))
    verdicts = pd.DataFrame(
        [
            {"claim": "T02", "verdict": "deviates", "scale": "digits <8 x 8>", "found": "a < b"},
            {"claim": "T05", "verdict": "needs", "scale": "", "found": "Seconds & MNIST."},
        ]
    )
    ledger.verdict_table(CLAIMS, verdicts, anchor="verdicts")
    return seen[0]


def test_a_verdict_is_told_with_the_scale_at_which_it_was_reached(verdict_rows: str) -> None:
    assert '<span class="scale">Scale: digits &lt;8 x 8&gt;</span>a &lt; b</td>' in verdict_rows
    assert "Seconds" not in verdict_rows
    assert "1 of 2 claims can be judged at this scale." in verdict_rows
    assert "one reached at laptop scale can change" in verdict_rows
