"""Why an answer ended, in the words that servers have for it (`finish_reason`), and how they say that a filter stopped it.

The interface knows `stop`, `length` and `content_filter`. Others have names of their own, in capitals, in camel case, or with a
prefix; below are patterns of those names, in lower case and with underscores.
"""

import re
from typing import Any

STOP = re.compile(r"(?:stop|eos)(?:_(?:sequence|token|reason))?|end_(?:of_)?turn|completed?|finished|null|none")
LENGTH = re.compile(
    r"(?:model_|max_|context_)*length(?:_(?:exceeded|reached|limit))*|max(?:imum)?_(?:\w+_)?tokens?(?:_(?:reached|exceeded))?"
    r"|(?:token|output|error)_limit(?:_(?:reached|exceeded))?|(?:model_)?context_(?:window|length)_exceeded|truncated|incomplete"
)
FILTER = re.compile(
    r"filter|safety|unsafe|block_?list|recitation|(?:^|_)spii(?:_|$)|(?<!in)sensitive|guardrail|moderat|flagged|toxic|censor"
    r"|inspection|inappropriate|model_armor|responsible_?ai|invalid_prompt|jailbreak|copyright|refusal|harmful"
    r"|prohibited_(?:content|use|prompt|input|output)"
    r"|(?:content|usage|use|safety)_polic|polic(?:y|ies)_violat|content_(?:risk|violat|blocked|audit)"
    r"|(?:prompt|input|output|response)_blocked|blocked_by"
    r"|^(?:prohibited|blocked|refused?|policy|violation|language|risk|harm)$"
)
# What is said to people where no name says it; by words about what was written, not about who writes or how.
WRITTEN = r"(?:prompt|input|output|content|text|messages?|response|request|completion)s?"
FILTER_SAID = re.compile(
    r"content[ -](?:filter|moderation|safety|inspection|audit|exists? risk|(?:management )?polic)|filtering polic"
    r"|usage (?:polic|guideline)|safety (?:system|filter|polic|guideline|reason|check)|data inspection|responsible ai|guardrail"
    rf"|\b{WRITTEN}\b.{{0,60}}\b(?:flagged|filtered|censored|high risk|harmful|unsafe|inappropriate|(?<!case[ -])sensitive)\b"
    rf"|\b(?:flagged|harmful|unsafe|inappropriate|(?<!case[ -])sensitive|prohibited)\b.{{0,20}}\b{WRITTEN}\b"
    r"|blocked (?:by|due to|for) .{0,30}(?:filter|safety|moderation|polic)|敏感|违规|不安全|不当内容",
    re.IGNORECASE,
)


def meaning(finish: str) -> str:
    """What a finish reason says of an answer: `whole`, `unfinished` (a limit of tokens), `filtered`, or else `failed`.

    A server that gives no reason (blank) means that nothing is wrong.
    """
    name = _plain(finish)
    if not name or STOP.fullmatch(name):
        return "whole"
    if LENGTH.fullmatch(name):
        return "unfinished"
    return "filtered" if FILTER.search(name) else "failed"


def is_filter(names: list[Any], said: str) -> bool:
    """Whether the names that an error has (codes, types; only those that are texts count), or what it says, are a filter's."""
    return any(FILTER.search(_plain(name)) for name in names if isinstance(name, str)) or bool(FILTER_SAID.search(said))


def _plain(name: str) -> str:
    """A name in lower case, its words apart by underscores, without what enumerations have in front."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", apart).strip("_").lower().removeprefix("finish_reason_")
