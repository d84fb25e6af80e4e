"""Repository, Binder and Colab buttons, where the book's own repository is known.

Its address is BOOK_REPOSITORY_URL, else the git remote `origin`. Without one there are no buttons: Jupyter
Book's default would link to somebody else's repository. Binder and Colab need an address on GitHub.
"""

import os
import re
import subprocess

from sphinx.application import Sphinx
from sphinx.config import Config

HOSTS = ("github.com", "gitlab.com", "bitbucket.org")


def repository_url(source: str) -> str | None:
    """https address of the repository on a known host, or None.

    `source` is the book's folder, whose git remote is asked where BOOK_REPOSITORY_URL is not set. An empty
    variable means: no buttons.
    """
    address = os.environ.get("BOOK_REPOSITORY_URL")
    if address is None:
        asked = subprocess.run(
            ["git", "-C", source, "remote", "get-url", "origin"], capture_output=True, text=True, check=False
        )
        address = asked.stdout.strip()
    # git@host:owner/name.git, ssh://git@host/owner/name, https://user:secret@host/owner/name/
    match = re.fullmatch(
        r"(?:(?:https?|ssh|git)://)?(?:[^@/]+@)?([\w.-]+)[:/]([\w./-]+?)(?:\.git)?/?", address
    )
    if match is None or match[1] not in HOSTS or match[2].count("/") != 1:
        return None
    return f"https://{match[1]}/{match[2]}"


def set_buttons(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    url = repository_url(str(app.srcdir))
    on_github = url is not None and url.startswith("https://github.com/")
    for name in ("repository_url", "repository_branch", "launch_buttons"):
        options.pop(name, None)
    options.update(use_repository_button=url is not None, use_issues_button=on_github)
    if url is not None:
        options.update(repository_url=url, repository_branch="main")
    if on_github:
        options["launch_buttons"] = {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", set_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
