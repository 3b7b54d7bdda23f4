"""What a model thinks, what it says, and what its chat format leaves around that.

Reasoning models write what they think before what they say, each family between marks of its own. The tables below have the marks
as regular expressions. A new family is a line there.
"""

import json
import re

# Names of tags, which some makers put something before (`seed:think`, `longcat_think`).
TAG = r"(?:\w+[:_-])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|deliberation|inner_monologue)(?:[:_-]\w+)?"
ASIDE = r"reflection|scratchpad|analysis|chain_of_thought|cot"  # such tags stand within thoughts, too
TURN = r"(?:<\|(?:im_start|start|begin|turn|start_header_id|START_OF_TURN_TOKEN)\|?>|<start_of_turn>)"  # a turn in a chat

STUCK = r"[A-Z<\"'*\d(]|[^\x00-\u024f]"  # what begins a text, and follows a word only where a token between them was removed

# What opens a thought, and what closes it. What closes one that was not opened does so, too: many chat templates open the thought
# in the prompt. None opens nothing, and what closes it says where the answer begins.
THOUGHTS: tuple[tuple[str | None, str], ...] = (
    (rf"(?i:<(?:{TAG})(?:\s[^<>]*)?>)", rf"(?i:</(?:{TAG})\s*>)"),  # Qwen, DeepSeek, GLM, EXAONE, Seed, LongCat, Phi, Granite 3.3
    (rf"(?i:<(?:{ASIDE})>)", rf"(?i:</(?:{ASIDE})>)"),
    (r"\[(?:THINK(?:ING)?|REASONING)\]", r"\[/(?:THINK(?:ING)?|REASONING)\]"),  # Magistral
    (r"◁think▷", r"◁/think▷"),  # Kimi-VL
    (  # Cohere, Sky-T1, Solar
        rf"(?i:<[|｜](?!end_){TAG}(?<!_end)[|｜]>)",
        rf"(?i:<[|｜](?:/{TAG}|(?=end_){TAG}|{TAG}(?<=_end))[|｜]>)|<\|content\|>|(?=<\|START_(?:RESPONSE|TEXT)\|>)",
    ),
    (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),  # Apertus
    (r"\[unused16\]", r"\[unused17\]"),  # Pangu
    (r"<\|channel>(?:\s*(?:thought|thinking|analysis)\b)?", r"<channel\|>"),  # Gemma 4
    (  # gpt-oss, and what is left of its channels where special tokens were removed
        rf"<\|channel\|>\s*(?:analysis|commentary)\b|\A\s*(?:assistant)?(?:analysis|commentary)(?=\n|{STUCK})",
        rf"<\|channel\|>\s*final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>|assistantfinal|\A\s*final(?={STUCK})",
    ),
    (r"\A\s*/think\n", rf"<\|im_end\|>\s*{TURN}assistant\b"),  # HyperCLOVA X
    (r"\A\s*(?:Here is|Here's) my thought process:", r"(?:Here is|Here's) my response:"),  # Granite 3.2
    (r"\A\s*Here are my reasoning steps:", r"\[BEGIN FINAL RESPONSE\]"),  # Apriel
    (r"\A\s*Thinking\.\.\.\n", r"\.\.\.done thinking\."),  # Ollama
    (None, r"(?i:<(?:response|output|final_answer|solution)>)"),  # Granite 3.3, ERNIE, Marco-o1
    (None, r"(?i:<\|(?:begin_of_solution|start_response|start_text)\|>)"),  # Sky-T1, Cohere
)
MARKS = re.compile(
    "|".join(
        f"(?P<{name}_{kind}>{pattern})"
        for kind, marks in enumerate(THOUGHTS)
        for name, pattern in zip(("opens", "closes"), marks, strict=True)
        if pattern is not None
    )
)

# What chat formats have around what is said: the turn of somebody else, before which the answer has ended; and tokens.
OTHERS = re.compile(rf"{TURN}\s*(?:user|system|human|tool)\b|<[|｜](?:user|human|system|prompter|User)[|｜]>|\[INST\]")
FORMAT = re.compile(
    rf"{TURN}\s*(?:assistant|model)\b"
    r"|<[|｜][^<>|｜\n]{1,60}[|｜]>|<turn\|>|<\|turn>|</?s>|<(?:start|end)_of_(?:turn|utterance|text)>"
    r"|<(?:bos|eos|pad|unk|mask)>|<(?:unused|extra_id_)\d+>|\[/INST\]|\[(?:PAD|UNK|CLS|SEP|MASK|BOS|EOS)\]"
    r"|\[END FINAL RESPONSE\]|(?i:</(?:response|output|final_answer|solution)>)"
)
AROUND = re.compile(rf"\A(?:[\s\ufeff]|{FORMAT.pattern})+|(?:\s|{FORMAT.pattern})+\Z")
FENCED = re.compile(r"(`{3,}|~{3,}|`)\w*\s*(?:\n|(?=[{\[]))(.*?)\s*\1", re.DOTALL)


def split(raw: str) -> tuple[str, str]:
    """What was said outside of thoughts, and the thought that was not closed, from what opens it on (blank if there is none)."""
    said, start, kind, opened = "", 0, None, 0
    for mark in MARKS.finditer(raw):
        what, own = mark.lastgroup.split("_")
        if kind is None and what == "opens":
            said, kind, opened = said + raw[start : mark.start()], own, mark.start()
        elif what == "closes" and kind in (None, own):
            said, start, kind = said if kind == own else "", mark.end(), None
    return (said, raw[opened:]) if kind is not None else (said + raw[start:], "")


def spoken(raw: str) -> str | None:
    """What was said outside of thoughts, stripped; None where a thought was not closed."""
    said, thought = split(raw)
    return None if thought else said.strip()


def without_format(said: str) -> str:
    """What was said without the tokens of chat formats that were left in it, stripped."""
    return FORMAT.sub("", OTHERS.split(said, maxsplit=1)[0]).strip()


def json_of(raw: str) -> str | None:
    """The JSON in a reply that shall have nothing else, without thoughts, tokens of chat formats and a code fence around it; None
    where there is none. What stands within it stays."""
    if _is_json(raw):
        return raw
    said = AROUND.sub("", spoken(raw) or "")
    fenced = FENCED.fullmatch(said)
    text = fenced[2] if fenced else said
    return text if _is_json(text) else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
