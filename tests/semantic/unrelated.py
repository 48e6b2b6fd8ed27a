"""Prompts of which no two ask the same: a hundred things to ask, of a hundred subjects."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASKED = """
What is the history of {}?|Who discovered {}?|Where is {} most common?|When did people first hear of {}?
Why is {} important?|How does {} work?|How much does {} cost?|Is {} dangerous?|Can children understand {}?
Should schools teach {}?|Write a poem about {}|Write a short story about {}|Give me five facts about {}
Recommend a book about {}|Recommend a film about {}|List the advantages of {}|List the disadvantages of {}
What are common myths about {}?|What is the future of {}?|What are the risks of {}?|How do I get started with {}?
How long does it take to learn about {}?|Who is the leading expert on {}?|Which countries are known for {}?
What questions about {} are still open?|How has {} changed since 1900?|How will {} change by 2050?
What is the best museum for {}?|What is the worst thing about {}?|Name a famous painting of {}
Draw a diagram of {}|Explain {} to a child|Explain {} to an engineer|Explain {} in French|Explain {} in German
Compare {} with music|Compare {} with football|Is {} a science?|Is {} an art?|Is {} legal in Japan?
Was {} known in ancient Rome?|Was {} known in ancient China?|Does {} need electricity?|Does {} need water?
What tools are used for {}?|What clothes are worn for {}?|What food goes with {}?|What does {} smell like?
What sound is linked with {}?|What color is linked with {}?|How many people work on {}?|How many books cover {}?
Where can I study {}?|Where can I buy things for {}?|Who pays for {}?|Who opposes {}?|Which law covers {}?
Which company is known for {}?|Which animal is linked with {}?|Which plant is linked with {}?
Write a song about {}|Write a joke about {}|Write an email about {}|Write a speech against {}|Write a quiz on {}
Make a timeline of {}|Make a budget for {}|Make a checklist for {}|Translate {} into Spanish|Translate {} into Polish
Spell {} backwards|Find a rhyme for {}|What is the opposite of {}?|What is a synonym for {}?|Define {}
How is {} measured?|How is {} taught?|How is {} taxed?|How is {} stored?|How is {} repaired?|How is {} advertised?
When is the world day of {}?|When is {} cheapest?|Why do critics dislike {}?|Why do tourists like {}?
Summarize the news about {}|Summarize the statistics on {}|Plan a trip around {}|Plan a lesson on {}
Plan a party around {}|Suggest a name for a club of {}|Suggest a logo for {}|Suggest a gift for fans of {}
Which award is given for {}?|Which website covers {}?|Which game is based on {}?|Does {} cause stress?
Does {} help with sleep?|Can robots do {}?|Can cats notice {}?
"""
_SUBJECTS = """
volcanoes|beekeeping|chess|origami|jazz|glaciers|inflation|vaccines|poetry|sailing|coral reefs|knitting|ballet
blacksmithing|cheese making|tides|eclipses|meteorites|fermentation|pottery|calligraphy|falconry|gardening|archery
juggling|surfing|skiing|fencing|rowing|boxing|judo|yoga|opera|puppetry|photography|typography|cartography|astronomy
geology|botany|zoology|genetics|optics|acoustics|magnetism|gravity|electricity|combustion|erosion|photosynthesis
migration|hibernation|camouflage|echolocation|language|grammar|rhetoric|logic|algebra|geometry|statistics|probability
cryptography|compilers|databases|networks|robotics|drones|satellites|rockets|submarines|bridges|tunnels|skyscrapers
castles|cathedrals|pyramids|aqueducts|windmills|lighthouses|railways|trams|bicycles|airships|balloons|parachutes
bread|tea|coffee|chocolate|honey|salt|pepper|saffron|olives|grapes|rice|maize|potatoes|mushrooms|seaweed
"""


def prompts(most: int) -> Iterator[str]:
    """The first so many of them."""
    asked = [one for line in _ASKED.split("\n") for one in line.split("|") if one]
    subjects = [one for line in _SUBJECTS.split("\n") for one in line.split("|") if one]
    return islice((one.format(subject) for one, subject in product(asked, subjects)), most)
