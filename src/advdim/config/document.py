"""The files that are generated from the configuration's code: its JSON schema and its page in the docs."""

import json
from pathlib import Path
from typing import Any

from advdim.config.experiments import Config


def generated_files() -> dict[Path, str]:
    """Text by path of every generated file."""
    schema = Config.model_json_schema()
    return {
        Path("config/schema.json"): json.dumps(schema, indent=1, sort_keys=True) + "\n",
        Path("docs/configuration.md"): _page(schema),
    }


def _page(schema: dict[str, Any]) -> str:
    head = [
        "# Configuration",
        "",
        "Generated from `src/advdim/config` by `advdim generate`; `config/schema.json` says the same to an editor.",
        "Unknown keys are refused, and all mistakes of a file are told at once: first those of single settings, then",
        "those between sections. Each section maps names of your choice to settings; the section `experiments` crosses",
        "them by name.",
        "",
        "## Top level",
        "",
        *_rows(schema, schema),
    ]
    sections = [line for name in schema["$defs"] for line in _section(name, schema["$defs"][name], schema)]
    return "\n".join([*head, *sections]) + "\n"


def _section(name: str, definition: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    return [
        "",
        f"## {_called(name, definition)}",
        "",
        " ".join(definition.get("description", "").split()),
        "",
        *_rows(definition, schema),
    ]


def _called(name: str, definition: dict[str, Any]) -> str:
    """How a form of settings is called: by its kind, as users write it, if it has one."""
    kind = definition["properties"].get("kind", {}).get("const")
    return f"`kind: {kind}`" if kind else name


def _rows(definition: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    rows = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    required = definition.get("required", [])
    for key, field in definition["properties"].items():
        if key == "kind":
            continue
        default = "required" if key in required else f"`{json.dumps(field.get('default'))}`"
        rows.append(f"| `{key}` | {_type(field, schema)} | {default} | {field.get('description', '')} |")
    return rows if len(rows) > 2 else ["No settings of its own."]


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        definition = schema["$defs"][name]
        return _called(name, definition) if "properties" in definition else _type(definition, schema)
    for key in ("anyOf", "oneOf"):
        if key in field:
            return " or ".join(dict.fromkeys(_type(option, schema) for option in field[key]))
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "prefixItems" in field:
        return f"[{', '.join(_type(item, schema) for item in field['prefixItems'])}]"
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), schema)}"
    if field.get("type") == "object":
        options: dict[str, Any] = field.get("patternProperties", {"": field.get("additionalProperties", {})})
        return f"map to {_type(next(iter(options.values())), schema)}"
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {field[key]:g}" for key, sign in bounds.items() if key in field]
    return " ".join([str(field.get("type", "any")), *([f"({', '.join(limits)})"] if limits else [])])
