"""Ways to say one thing in several words, brought to one: first what surrounds a question, then its frame."""

from __future__ import annotations

import re
from typing import NamedTuple

from ipfs_accel_async.policy.agreement.words import among

_CONTRACTED = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "ain't": "is not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "dont": "do not",
    "doesnt": "does not",
    "cant": "can not",
    "wont": "will not",
    "whats": "what is",
}
_ENDINGS = (("n't", " not"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"), ("'d", " would"), ("'m", " am"))
_IS = among("what who where when why how that there it here she he")
_ASKED_FOR = (
    "(?:tell|explain|give|show|write|help|recommend|list|name|summarize|summarise|describe|translate|define|make|create"
    "|suggest|provide|find|compare|convert|plan|calculate|please)"
)
_BEST = "(?:best |right |correct |proper |good |usual |standard )?"
_WAY = "(?:way|ways|method|methods|step|steps|procedure|process|command|commands)"
_AUXILIARY = "(?:is|are|was|were|do|does|did|will|has|can|should)"
_I = "(?:i|you|we|one|someone|somebody|a person)"

_OPENING = among(
    "hi hello hey ok okay so well quick question please kindly can could would will i do let any tell explain show give"
    " write provide make a the summary list help describe"
)
"""First words of a question that begins with something else than what it asks."""
_AROUND: list[tuple[str, str]] = [
    (r"^(?:hi|hello|hey|ok|okay|so|well|quick question|question)\b ", ""),
    (r"^(?:please |kindly )+", ""),
    (rf"^(?:can|could|would|will) you (?:please |kindly )?(?={_ASKED_FOR}\b)", ""),
    (r"^i (?:would like|want|need) to know\b ", ""),
    (r"^(?:do you know|let me know|i was wondering|i am wondering|i wonder|any idea)\b ", ""),
    (r"^(?:tell|explain to|show) me (?=(?:what|how|why|when|where|who|which|if|whether)\b)", ""),
    (r"^i (?:would like|want|need) to (.+?) how (?:do|can|should) i do (?:that|it|this)$", r"how to \1"),
    (r"^(?:give|show|write|provide|make) (?:me )?(?=(?:a |the )?(?:list|summary)\b)", ""),
    (r"^(?:a |the )?list of\b", "list"),
    (r"^(?:a |the )?summary of\b", "summarize"),
    (r"^help me (?:to )?", ""),
    (r"^make (?:a|the|me a) plan\b", "plan"),
    (r"^(?:give|show|tell) me\b(?: about)?", "what is"),
    (r"^(?:explain|describe) (?=(?:what|how|why|when|where|who|which)\b)", ""),
]
_RULES: list[tuple[str, str]] = [
    # what follows a question
    (r" (?:please|thanks|thank you|thx)$", ""),
    (r" what (?:should|can|do) i do$", ""),
    (r" how (?:do|can) i fix (?:it|this)$", ""),
    # how
    (rf"\bwhat (?:is|are|would be) (?:the |a |some )?{_BEST}{_WAY} (?:to|for|of)\b", "how to"),
    (rf"\b(?:explain |describe )?how (?:do|can|could|should|would|may) {_I}\b", "how to"),
    (r"\bwhat (?:do|should|must|can) (?:i|you|we) (?:need to |have to )?do (?:in order )?to\b", "how to"),
    (rf"^(?:the )?{_BEST}{_WAY} to\b|^(?:tips|directions|instructions) (?:for|to|on)\b", "how to"),
    (r"^how to (?:go about|best)\b", "how to"),
    (r"^how to say\b", "translate"),
    (r"^translate (.+) in (\w+)$", r"translate \1 to \2"),
    (r"^what is the (?:best )?treatment (?:for|of)\b", "how to treat"),
    (r"^(how to )make (.+?) faster$", r"\1speed up \2"),
    # why
    (r"\bwhat (?:is|are|was) the (?:reason|reasons|cause|causes) (?:(?:that|why|for|of|behind)\b)?", "why "),
    (r"\b(?:for what reason|how come|why is it that)\b", "why"),
    (r"^what (?:causes|makes)\b", "why"),
    (r"^why (do|does|did) (?:people get|people have|(.+) (?:happen|occur)$)", r"why \1 \2"),
    (r"\bdo people\b", "do"),
    # what is it
    (r"^what (?:does|do) (.+) mean$", r"what is \1"),
    (r"^what (?:does|do) (.+) do$", r"what is function of \1"),
    (r"^what (.+) (?:does|do)$", r"what is function of \1"),
    (r"^what (?:is|are) the (?:role|purpose|job) of\b", "what is function of"),
    (r"^why (?:is|are) (.+) used\b", r"what is function of \1"),
    (r"^(?:what|which) foods? (?=.+ eat\b)|^(?:what|which) clothes (?=.+ wear\b)", "what "),
    (r"^how much is the (?=.*\b(?:wage|salary|rent|fee|tax|price|rate)\b)", "what is the "),
    (r"^name (?=(?:two|three|four|five|six|seven|eight|nine|ten|some|all|a few|\d+)\b)", "list "),
    (r"^((?:my|the|it|this)\b.*?) will not\b", r"\1 do not"),
    (r"^is it better to\b", "should i"),
    (r"\b(?:the )?(?:meaning|definition|concept|idea) of\b", ""),
    (r"^(?:explain|define)\b", "what is"),
    (r"^what (?:is|are) meant by\b", "what is"),
    (r"^what (?:is|are) some\b", "what are"),
    (r"^(?:what|which) (.+?) (?:does|do) (.+) have$", r"what are \1 of \2"),
    (r"^how many (.+?) (?:does|do) (.+) have$", r"how many \1 are \2"),
    (r"^(?:what|which) (\w+) is used in\b", r"what is \1 in"),
    # difference, in each of its forms
    (r"^(?:explain )?how (?:is|are) (.+?) different from (.+)$", r"what is difference between \1 and \2"),
    (r"^how (?:do|does) (.+) differ$", r"what is difference between \1"),
    (r"^(.+?) vs (.+?)(?: what is the difference)?$", r"what is difference between \1 and \2"),
    (r"^what (?:is|are) the (?:difference|differences)\b", "what is difference"),
    # measures
    (rf"\b(?:at |in |on )?(?:what|which) (?:year|date|day|time) (?={_AUXILIARY}\b)", "when "),
    (r"\b(?:what|when) is the (?:best|right|ideal|good) time to\b", "when should i"),
    (r"\bwhat is the (?:price|cost) of\b", "how much cost"),
    (r"\bwhat is the height of\b", "how tall"),
    (r"\bwhat is the speed of\b", "how fast"),
    (r"\bwhat is the weight of\b", "how heavy"),
    (r"\bwhat is the age of\b", "how old"),
    (r"\bwhat is the distance\b", "how far"),
    (r"\bwhat is the number of\b", "how many"),
    (r"\bwhat is the population of\b", "how many people live in"),
    (r"^(?:convert|what is|how much is) ([$€£]?\d[\d.,]* ?\w*) (?:to|in) (\w+)$", r"how many \2 is \1"),
    (r"\bhow (long|often|much|many) (.*?)do (?:i|you|we) need to\b", r"how \1 \2should i"),
    (r"\bneeds? to be\b", "should be"),
    (r"^how long (?:does|do|will) (.+) take$", r"how long is \1"),
    (r"\bhow (?:frequently|regularly)\b", "how often"),
    (r"\bfor how long\b", "how long"),
    (r"\bhow much time\b", "how long"),
    (r"\bhow many hours of sleep\b", "how much sleep"),
    # who and where
    (r"\bwho (?:is|was) the (?:author|writer) of\b", "who wrote"),
    (r"\bwho (?:is|was) the (?:inventor) of\b", "who invented"),
    (r"\bwho (?:is|was) the (?:singer) of\b", "who sang"),
    (r"^which (?:team|person)\b", "who"),
    (r"^which (?:author|writer) (?=wrote\b)|^which (?:artist|painter) (?=painted\b)|^which singer (?=sang\b)", "who "),
    (r"^which scientist (?=discovered\b)|^which inventor (?=invented\b)|^which architect (?=designed\b)", "who "),
    (r"\bwhere (?:can|do|could) i (?:find|see)\b", "where is"),
    # is there, may I
    (r"^do you (?:have|offer)\b", "is there"),
    (r"^(?:is|are) (.+) available$", r"is there \1"),
    (r"\bis it (?:ok|okay|possible|allowed|fine|alright) (?:for )?(.*?)\bto\b", r"can \1"),
    (r"\b(?:am|are|is) (\w+ )?(?:able|allowed) to\b", r"can \1"),
    (r"\bunable to\b", "can not"),
    (r"\bget (.+?) out of\b", r"remove \1 from"),
    (r"\bout of\b|(?<=\blogout )of\b", "from"),
    (r"\bkeep(?:s)? (?=\w+ing\b)", ""),
    (r"\bmain character\b", "protagonist"),
]  # fmt: skip
_PHRASES = {
    "turn on": "enable", "switch on": "enable", "activate": "enable",
    "turn off": "disable", "switch off": "disable", "deactivate": "disable",
    "log in": "login", "sign in": "login", "log on": "login", "log into": "login to", "sign into": "login to",
    "log out": "logout", "sign out": "logout", "log off": "logout",
    "sign up": "register", "set up": "setup", "back up": "backup", "jump start": "jumpstart", "wi fi": "wifi",
    "get rid of": "remove", "take out": "remove", "get in touch with": "contact", "reach out to": "contact",
    "look for": "search", "search for": "search", "give up": "quit", "resign from": "quit", "find out": "find",
    "into": "to", "e mail": "email", "less than": "below", "fewer than": "below", "smaller than": "below",
    "under": "below", "more than": "above", "greater than": "above", "over": "above", "as well as": "and",
    "in order to": "to", "in front of": "before", "prior to": "before", "because of": "by", "per cent": "percent",
    "united states": "usa", "united kingdom": "uk", "high in": "rich in",
    "have a lot of": "rich in", "contain a lot of": "rich in", "going to": "will", "used to": "did",
    "versus": "vs", "two times": "twice", "three times": "thrice", "each day": "per day", "more quickly": "faster",
    "pull request": "pullrequest",
}  # fmt: skip
_GROUP = re.compile(r"\([^()]*\)[?*+]?|\\[a-zA-Z]")
_LITERAL = re.compile(r"(?<![a-z])[a-z]{2,}+(?![?*+])")


class _Rule(NamedTuple):
    """What is put in the place of a pattern.

    Most are never tried: `needed` is a word without which it cannot match, if there is one, and `first` tells that it
    can match at the beginning alone, where one look is enough.
    """

    needed: str
    first: bool
    pattern: re.Pattern[str]
    put: str


def _rule(pattern: str, put: str) -> _Rule:
    outline = pattern
    while (rest := _GROUP.sub(" ", outline)) != outline:
        outline = rest
    ways = outline.split("|")
    needed = max(_LITERAL.findall(outline), key=len, default="") if len(ways) == 1 else ""
    return _Rule(needed, all(way.startswith("^") for way in ways), re.compile(pattern), put)


_BEFORE, _WITHIN = [_rule(*rule) for rule in _AROUND], [_rule(*rule) for rule in _RULES]
_PHRASE = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _PHRASES), key=len, reverse=True)) + r")\b")


def expand(word: str) -> str:
    """A contraction in full; any other word as it is.

    Args:
        word: In lower case, with a straight apostrophe.
    """
    if "'" not in word and word not in _CONTRACTED:
        return word
    if word in _CONTRACTED:
        return _CONTRACTED[word]
    if word.endswith("'s") and word[:-2] in _IS:
        return word[:-2] + " is"
    for ending, full in _ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + full
    return word.removesuffix("'s").strip("'")


def framed(text: str) -> str:
    """A question in the plainest of the forms it has.

    Args:
        text: Words in lower case without punctuation, contractions in full.
    """
    text = _PHRASE.sub(lambda found: _PHRASES[found.group()], text)
    if text.partition(" ")[0] in _OPENING:
        text = _applied(_BEFORE, text)
    return _applied(_WITHIN, text)


def _applied(rules: list[_Rule], text: str) -> str:
    for needed, first, pattern, put in rules:
        if needed in text and (not first or pattern.match(text)):
            made, count = pattern.subn(put, text)
            if count:
                text = " ".join(made.split())
    return text
