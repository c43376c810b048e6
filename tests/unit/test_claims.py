"""The claims file is complete, and its loader names every mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from advdim.errors import AdvdimError
from advdim.ledger.claims import Claims, load_claims

CLAIMS_FILE = Path(__file__).parents[2] / "config" / "claims.yaml"
ALL_IDS = [f"{initial}{i:02d}" for initial, count in (("S", 18), ("D", 17), ("T", 7)) for i in range(1, count + 1)]


@pytest.fixture(scope="module")
def claims() -> Claims:
    return load_claims(CLAIMS_FILE)


@pytest.fixture
def raw() -> dict[str, Any]:
    """A small, correct claims file to spoil."""
    source = {"key": "spheres", "authors": "A. Author", "year": 2018, "title": "A title", "arxiv": "1801.02774"}
    claim = {
        "id": "S03",
        "study": "spheres",
        "kind": "number",
        "where": "sec. 3",
        "statement": "Something holds.",
        "estimate": "share of it",
        "rule": "Reproduced if it does.",
        "margin": 0.005,
        "needs": "Seconds.",
    }
    return {"sources": [source], "claims": [claim]}


def write(folder: Path, content: object) -> Path:
    path = folder / "claims.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def message_of(path: Path) -> str:
    with pytest.raises(AdvdimError) as caught:
        load_claims(path)
    return str(caught.value)


def test_every_claim_is_there_exactly_once(claims: Claims) -> None:
    assert len(ALL_IDS) == 42
    assert [claim.id for claim in claims.claims] == ALL_IDS


def test_every_claim_has_a_rule_and_says_what_it_needs(claims: Claims) -> None:
    for claim in claims.claims:
        assert len(claim.rule.split()) > 20, claim.id
        assert "eproduced if" in claim.rule, claim.id
        assert "deviates" in claim.rule or "`erratum`" in claim.rule, claim.id
        assert len(claim.needs.split()) > 4, claim.id
        assert claim.margin is not None, claim.id


def test_rules_quote_the_thresholds_of_their_margin_by_name(claims: Claims) -> None:
    for claim in claims.claims:
        quoted = {word for text in (claim.rule, claim.needs) for word in text.split("`")[1::2]}
        named = set(claim.margin) if isinstance(claim.margin, dict) else set()
        assert quoted - {"erratum"} == named, claim.id


@pytest.mark.parametrize("claim_id", ["S11", "S14", "S15", "S16", "D11", "T06"])
def test_known_errata_are_told(claims: Claims, claim_id: str) -> None:
    assert claims.by_id(claim_id).erratum


def test_each_study_has_its_source(claims: Claims) -> None:
    assert {source.key: source.arxiv for source in claims.sources} == {
        "spheres": "1801.02774",
        "dimension": "1802.01421",
        "tilting": "1806.11186",
    }


def test_limits_are_read_by_name_or_alone(claims: Claims) -> None:
    assert claims.by_id("S03").limit() == 0.005
    assert claims.by_id("S17").limit("factor") == 2.0
    with pytest.raises(AdvdimError, match=r"S17.*needs a single margin"):
        claims.by_id("S17").limit()
    with pytest.raises(AdvdimError, match=r"S03.*needs a margin named 'factor'"):
        claims.by_id("S03").limit("factor")


def test_an_unknown_id_names_the_known_ones(claims: Claims) -> None:
    with pytest.raises(AdvdimError, match=r"'X99'.*S01, S02"):
        claims.by_id("X99")


def test_the_small_file_is_correct(tmp_path: Path, raw: dict[str, Any]) -> None:
    assert load_claims(write(tmp_path, raw)).by_id("S03").margin == 0.005


def test_all_mistakes_are_listed_with_place_found_and_expected(tmp_path: Path, raw: dict[str, Any]) -> None:
    good = raw["claims"][0]
    raw["claims"] += [
        {key: value for key, value in good.items() if key != "rule"} | {"id": "S04", "colour": "red"},
        good | {"id": "S05", "kind": "guess", "margin": "1e-6", "needs": " "},
        good | {"id": "D01"},
        good,
    ]
    path = write(tmp_path, raw)
    message = message_of(path)
    assert str(path) in message
    assert "7 mistakes" in message
    assert "claims[1] (S04).rule: missing; expected estimate, test or margin" in message
    assert "claims[1] (S04).colour: unknown key; expected one of id, study" in message
    assert "claims[2] (S05).kind: found 'guess'; expected: input should be 'number', 'trend' or 'theorem'" in message
    assert "claims[2] (S05).margin: found '1e-6'; expected: a finite number" in message
    assert "claims[2] (S05).needs: found ' '; expected: " in message
    assert "claims[3] (D01).study: found 'spheres'; expected: 'dimension'" in message
    assert "found the id 'S03' 2 times, expected it once" in message


@pytest.mark.parametrize("margin", [True, float("nan"), float("inf"), [0.1], {}, {"a": "b"}, {1: 0.5}])
def test_margins_must_be_finite_numbers(tmp_path: Path, raw: dict[str, Any], margin: object) -> None:
    raw["claims"][0]["margin"] = margin
    assert "claims[0] (S03).margin: found" in message_of(write(tmp_path, raw))


def test_sources_are_checked_too(tmp_path: Path, raw: dict[str, Any]) -> None:
    raw["sources"] *= 2
    raw["claims"].append(raw["claims"][0] | {"id": "T01", "study": "tilting"})
    raw["remarks"] = []
    message = message_of(write(tmp_path, raw))
    assert "found the key 'spheres' 2 times" in message
    assert "found none with the key 'tilting'" in message
    assert "remarks: unknown key; expected one of sources, claims" in message


@pytest.mark.parametrize(
    ("content", "place"),
    [("", "top level"), ("- a\n- b\n", "top level"), ("claims: 3\nsources: x\n", "claims: found 3"), ("{}", "sources")],
)
def test_files_of_another_shape_are_told_plainly(tmp_path: Path, content: str, place: str) -> None:
    assert place in message_of(write(tmp_path, content))


def test_entries_that_are_no_mappings_are_told_plainly(tmp_path: Path, raw: dict[str, Any]) -> None:
    raw["claims"].append("S04")
    assert "claims[1]: found 'S04'; expected: " in message_of(write(tmp_path, raw))


def test_a_key_written_twice_is_a_mistake(tmp_path: Path, raw: dict[str, Any]) -> None:
    path = write(tmp_path, yaml.safe_dump(raw) + "sources: []\n")
    message = message_of(path)
    assert "the key 'sources' stands twice" in message
    assert f"line {len(path.read_text(encoding='utf-8').splitlines())}," in message


@pytest.mark.parametrize("content", ["claims: [\n", "claims: a: b\n", "? [1]\n: 2\n? {}\n: 3\n"])
def test_malformed_yaml_names_file_and_line(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    message = message_of(path)
    assert str(path) in message
    assert "not valid YAML" in message
    assert "line " in message


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert str(missing) in message_of(missing)
    other = tmp_path / "latin1.yaml"
    other.write_bytes("title: L\u00e9on\n".encode("latin-1"))
    assert "UTF-8" in message_of(other)
