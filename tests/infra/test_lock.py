"""The lock names the public index only, so that everybody can install from it."""

import re
from urllib.parse import urlsplit

from infra.native.state import CHECKOUT


def test_the_lock_names_pypi_and_nothing_else() -> None:
    text = (CHECKOUT / "uv.lock").read_text()
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^\s\"']+", text)}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert set(re.findall(r"source = \{ (\w+) =", text)) == {"registry", "editable", "virtual"}
