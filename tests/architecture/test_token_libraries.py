"""Tokens are decoded in two modules, ours in one and those of providers in another, with the algorithms written out."""

import ast
from pathlib import Path

import pytest

from infra.readme_tables import ROOT

DECODERS = {"shared/identity.py", "services/auth/external_sign_in/id_tokens.py"}
DECODING = {"decode", "decode_complete", "PyJWT", "PyJWS"}


def faults(name: str, source: str) -> list[str]:
    """What breaks the rule in a module: a decode elsewhere, or one without a literal list of algorithms."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jwt":
            found.append(f"{name}: takes names out of jwt")
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if not isinstance(owner, ast.Name) or owner.id != "jwt" or node.func.attr not in DECODING:
            continue
        listed = next((keyword.value for keyword in node.keywords if keyword.arg == "algorithms"), None)
        literal = isinstance(listed, ast.List) and listed.elts and all(isinstance(e, ast.Constant) for e in listed.elts)
        if name not in DECODERS:
            found.append(f"{name}: decodes a token")
        elif not literal:
            found.append(f"{name}: decodes without a literal list of algorithms")
    return found


def test_X22_tokens_are_decoded_in_two_modules_with_the_algorithms_written_out() -> None:
    found = []
    for folder in ("shared", "gateway", "services", "infra"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found += faults(str(path.relative_to(ROOT)), path.read_text())
    assert found == []
    assert all("jwt.decode(" in Path(ROOT / name).read_text() for name in DECODERS)


@pytest.mark.parametrize(
    ("name", "source", "wrong"),
    [
        ("shared/identity.py", "jwt.decode(token, key, algorithms=['EdDSA'])", False),
        ("shared/identity.py", "jwt.decode(token, key)", True),
        ("shared/identity.py", "jwt.decode(token, key, algorithms=None)", True),
        ("shared/identity.py", "jwt.decode(token, key, algorithms=[])", True),
        ("shared/identity.py", "jwt.decode(token, key, algorithms=header['alg'])", True),
        ("shared/identity.py", "jwt.decode(token, key, algorithms=[header['alg']])", True),
        ("gateway/app.py", "jwt.decode(token, key, algorithms=['EdDSA'])", True),
        ("gateway/app.py", "from jwt import decode", True),
        ("gateway/app.py", "orjson.decode(text)", False),
    ],
)
def test_X22_the_rule_sees_what_it_is_there_for(name: str, source: str, wrong: bool) -> None:
    assert bool(faults(name, source)) == wrong
