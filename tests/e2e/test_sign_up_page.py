"""The page of sign-up: its commands are run, in order, on a running product."""

import os
import re
import subprocess
from pathlib import Path

from infra.native.running import Running

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "sign-up.md"


def test_C4_every_command_of_the_page_of_sign_up_works(product: Running) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    ended = subprocess.run(
        ("bash", "-euo", "pipefail", "-c", "\n".join(blocks)),
        env=os.environ | {"API": f"{product.base_url}/api", "INBOX": product.inbox_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = [line for line in ended.stdout.splitlines() if line.startswith('"')]
    assert said[:3] == [
        '"School registered"',
        '"Address verified"',
        '"If there is such an account, a mail is on its way"',
    ]
    assert said[-1] == '"Account linked"'
    assert '"state": "open"' in ended.stdout
