"""Words that may stand for each other in a question. A group belongs here only if swapping never changes the answer."""

from __future__ import annotations

from functools import lru_cache

from ipfs_accel_async.policy.agreement.stems import stem

_GROUPS = """
fix repair mend, remove eliminate erase, begin start commence, finish complete, buy purchase,
choose select pick, get obtain receive acquire, help assist, show display, use utilize, make create produce,
change modify alter, need require necessary, reduce lower decrease, increase raise boost, improve enhance,
ask inquire, answer respond reply, permit allow, invent inventor, treat treatment,
ship shipping shipment deliver delivery, big large, bigger larger, biggest largest, small little,
smallest littlest, quick fast rapid, quickly faster quicker, fastest quickest, right correct proper,
wrong incorrect, simple easy, simpler easier, simplest easiest, hard difficult, often frequently, film movie,
picture photo photograph image pic, car automobile, phone telephone, smartphone cellphone, computer pc,
television tv, bicycle bike, airplane plane aeroplane aircraft, luggage baggage, package parcel, faucet tap,
skillet pan, trash garbage rubbish, autumn fall, doctor physician, child kid, mother mom mum, father dad,
salary wage, trip journey, apartment flat, clothes clothing outfit, illness sickness, medicine medication,
substitute replacement, information info detail, folder directory, summary summarize, email mail, login signin,
logout signout, dictionary dict, repository repo, application app, configuration config, documentation docs,
database db, parameter param, argument arg, variable var, environment env, library lib, percent percentage,
kilometer km kilometre, meter metre, centimeter cm centimetre, millimeter mm millimetre, kilogram kg kilo,
milligram mg, gram gramme, pound lb, ounce oz, liter litre, milliliter ml millilitre, second sec, minute min,
hour hr, celsius centigrade, dollar usd, euro eur, kilobyte kb, megabyte mb, gigabyte gb, terabyte tb,
uk britain, usa america, javascript js, typescript ts, postgresql postgres
"""


def _table() -> dict[str, str]:
    groups = ([stem(word) for word in group.split()] for group in _GROUPS.split(","))
    return {word: group[0] for group in groups for word in group}


_TABLE = _table()


@lru_cache(4_096)
def meaning(word: str, *, verb: bool = True) -> str:
    """The one word that stands for a word and its synonyms, stemmed.

    Args:
        word: In lower case.
        verb: As of :func:`~ipfs_accel_async.policy.agreement.stems.stem`.
    """
    root = stem(word, verb=verb)
    return _TABLE.get(root, root)
