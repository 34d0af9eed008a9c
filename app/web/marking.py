"""Stored words stay Chinese on English pages; here they are marked as Chinese, for screen readers and fonts."""

from __future__ import annotations

import re

_TAG = re.compile(r"(<[^>]+>)")
_NAME = re.compile(r"</?([a-zA-Z][\w-]*)")
_CHINESE = re.compile(
    r"[\u3400-\u9fff](?:[\u3400-\u9fff\u3000-\u303f\uff00-\uffef\d]*[\u3400-\u9fff\u3000-\u303f\uff09])?"
)
#: Elements that hold no other elements, or are drawn.
_LEFT_ALONE = frozenset({"title", "option", "textarea", "script", "style", "svg"})


def marked(page: str) -> str:
    """A page's HTML with ``lang`` around each run of Chinese in its text, where nothing says so yet."""
    inside: list[str] = []
    parts = _TAG.split(page)
    for at, part in enumerate(parts):
        if at % 2:
            _follow(inside, part)
        elif not inside:
            parts[at] = _CHINESE.sub(r'<span lang="zh-CN">\g<0></span>', part)
    return "".join(parts)


def _follow(inside: list[str], tag: str) -> None:
    """Keep the open elements whose text is left as it is, innermost last."""
    found = _NAME.match(tag)
    name = found[1] if found else ""
    if tag.startswith("</"):
        if inside[-1:] == [name]:
            inside.pop()
    elif name in {*_LEFT_ALONE, *inside[-1:]} or 'lang="zh' in tag:
        inside.append(name)
